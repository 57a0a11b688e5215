"""The rows of a Parquet file, by batches. The only file that knows pyarrow."""

import gzip
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from corpus.errors import UnreadableSource
from corpus.source import Source

PARQUET_MAGIC = "PAR1"
BATCH_ROWS = 1024
BUFFER_BYTES = 1 << 20  # pages are read by this much, not a column of a whole row group at once


def parquet_rows(source: Source) -> Iterator[dict[str, Any]]:
    """Yield the rows, each a value by column; raises UnreadableSource."""
    with _opened(source) as file:
        for batch in file.iter_batches(batch_size=BATCH_ROWS):
            yield from batch.to_pylist()


def parquet_columns(source: Source) -> list[str]:
    """Return the columns' names; raises UnreadableSource."""
    with _opened(source) as file:
        return list(file.schema_arrow.names)


@contextmanager
def _opened(source: Source) -> Iterator[Any]:
    """Give the file; a gzipped one is unpacked on disk, for Parquet is read from its end."""
    import pyarrow  # 170 MB of a library that nothing else needs: loaded when a Parquet file is met
    from pyarrow.parquet import ParquetFile

    try:
        with source.open() as stream, tempfile.TemporaryFile() as unpacked:
            if isinstance(stream, gzip.GzipFile):
                shutil.copyfileobj(stream, unpacked)
            yield ParquetFile(unpacked if isinstance(stream, gzip.GzipFile) else stream, buffer_size=BUFFER_BYTES)
    except (pyarrow.ArrowException, OSError, EOFError, zlib.error) as error:
        why = str(error).splitlines()[0]
        raise UnreadableSource(f"{source.name}: no whole Parquet file ({why}); fetch it again") from error
