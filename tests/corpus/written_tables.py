"""Rows written as a table in every format that is read, and sources that hold one."""

import csv
import io
import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import pyarrow
from pyarrow import parquet

from corpus.source import Source, SourceMetadata

Rows = list[dict[str, Any]]


def as_csv(rows: Rows) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def as_lines(rows: Rows) -> bytes:
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()


def as_array(rows: Rows) -> bytes:
    return json.dumps(rows, indent=1, ensure_ascii=False).encode()


def as_parquet(rows: Rows) -> bytes:
    out = pyarrow.BufferOutputStream()
    parquet.write_table(pyarrow.Table.from_pylist(rows), out)
    return bytes(out.getvalue())


FORMATS: dict[str, Callable[[Rows], bytes]] = {
    ".csv": as_csv,
    ".jsonl": as_lines,
    ".json": as_array,
    ".parquet": as_parquet,
}


def source_of(
    content: str | bytes, name: str = "claims.csv", columns: Mapping[str, str] = MappingProxyType({}), **metadata: str
) -> Source:
    raw = content if isinstance(content, bytes) else content.encode()
    return Source(name, raw, SourceMetadata.model_validate(metadata), columns=columns)
