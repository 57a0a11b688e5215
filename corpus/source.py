"""Source: a document to read debunks from, with what its publisher says of it and the text does not."""

import gzip
import hashlib
import io
import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePath
from types import MappingProxyType
from typing import Any, BinaryIO, cast

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from corpus.checks import DebunkId, LangTag, Text, Url, expectation
from corpus.errors import UnreadableSource
from corpus.model import Rating, Wording

SIDECAR_SUFFIX = ".meta.json"
VARIANTS_SUFFIX = ".variants.jsonl"
GZIP_SUFFIX, GZIP_MAGIC = ".gz", b"\x1f\x8b"
HEAD_BYTES = 1 << 16


class SourceMetadata(BaseModel):
    """What is known of a source beside its text; fills what its records lack."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: Text | None = None
    url: Url | None = None
    publisher: Text | None = None
    rating: Rating | None = None
    lang: LangTag | None = None
    utc_offset: str | None = Field(None, pattern=r"^[+-]\d\d:\d\d$", description="of the document's times: '+02:00'")
    id_prefix: DebunkId | None = Field(None, description="of the ids of records that have none of their own")


@dataclass(frozen=True)
class Source:
    """A document by name, content and metadata; `name` is what errors call it.

    `content` is the bytes themselves or the file that holds them, gzipped or plain: a feed of any size is read as a
    stream. `variants` are further wordings of its debunks' myths, by debunk id, which the document itself does not
    have. `columns` says which column of a table holds which field; what it leaves out is guessed. `on_read` is told
    how many bytes of the file, as it lies on the disk, were read since it was told last.
    """

    name: str
    content: bytes | Path
    metadata: SourceMetadata
    variants: Mapping[str, tuple[Wording, ...]] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    on_read: Callable[[int], None] | None = None

    @property
    def suffix(self) -> str:
        """Return the suffix of the name, lower case, without that of gzip: ".json" of "feed.JSON.gz"."""
        path = PurePath(self.name.lower())
        return (path.with_suffix("") if path.suffix == GZIP_SUFFIX else path).suffix

    @cached_property
    def sha256(self) -> str:
        """Return the sha256 of the content as it is read, in hex."""
        with self.open() as stream:
            return hashlib.file_digest(cast(Any, stream), "sha256").hexdigest()

    def open(self) -> BinaryIO:
        """Return the content as a stream, unpacked; raises UnreadableSource."""
        try:
            stream = io.BytesIO(self.content) if isinstance(self.content, bytes) else self._opened(self.content)
        except OSError as error:
            why = f"{self.name}: cannot be read ({error.strerror}); give the path of a file"
            raise UnreadableSource(why) from error
        zipped = stream.read(len(GZIP_MAGIC)) == GZIP_MAGIC
        stream.seek(0)
        return cast(BinaryIO, _Unpacked(stream)) if zipped else stream

    def _opened(self, path: Path) -> io.BufferedReader:
        return path.open("rb") if self.on_read is None else io.BufferedReader(_CountedFile(path, self.on_read))

    def head(self) -> str:
        """Return the beginning of the content, as far as it tells formats apart; bytes that are no UTF-8 are marked."""
        with self.open() as stream, unpacking(self.name):
            return stream.read(HEAD_BYTES).decode("utf-8-sig", "replace")

    def text(self) -> str:
        """Return the content as text, without a byte order mark; raises UnreadableSource unless it is UTF-8."""
        with self.open() as stream, unpacking(self.name):
            content = stream.read()
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise UnreadableSource(
                f"{self.name}: met byte 0x{content[error.start]:02x} at offset {error.start}; expected UTF-8;"
                " save the file as UTF-8 and import it again"
            ) from error

    def lines(self) -> Iterator[bytes]:
        """Yield the lines of the content, read as they are asked for; raises UnreadableSource."""
        with self.open() as stream, unpacking(self.name):
            yield from stream


class _CountedFile(io.FileIO):
    """A file that tells how many bytes are read from it."""

    def __init__(self, path: Path, on_read: Callable[[int], None]) -> None:
        super().__init__(path)
        self._on_read = on_read

    def readinto(self, buffer: Any) -> int | None:
        count = super().readinto(buffer)
        self._on_read(count or 0)
        return count

    def readall(self) -> bytes:
        content = super().readall() or b""
        self._on_read(len(content))
        return content


class _Unpacked(gzip.GzipFile):
    """A gzipped stream as it is unpacked; it closes the stream below, which gzip alone would leave open."""

    def __init__(self, packed: BinaryIO) -> None:
        super().__init__(fileobj=packed, mode="rb")
        self._packed = packed

    def close(self) -> None:
        super().close()
        self._packed.close()


@contextmanager
def unpacking(name: str) -> Iterator[None]:
    """Raise UnreadableSource in the place of what gzip raises while a damaged file is read."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UnreadableSource(f"{name}: the gzip file is cut short or damaged ({error}); fetch it again") from error


def open_source(path: Path, metadata: Mapping[str, str], columns: Mapping[str, str] = MappingProxyType({})) -> Source:
    """Return the file as a source; raises UnreadableSource.

    What `FILE.meta.json` beside `FILE.txt` states of it is taken, and `metadata` overrides that. So are the wordings in
    `FILE.variants.jsonl`, of which each line is {"id": the debunk's, "text", "lang"}.
    """
    sidecar = path.with_suffix(SIDECAR_SUFFIX)
    stated = _read_sidecar(sidecar) if sidecar.is_file() else {}
    wordings = path.with_suffix(VARIANTS_SUFFIX)
    variants = _read_variants(wordings) if wordings.is_file() and wordings != path else {}
    source = Source(str(path), path, checked_metadata({**stated, **metadata}, str(path)), variants, columns)
    source.open().close()  # what cannot be read is told before anything is
    return source


def checked_metadata(stated: Mapping[str, Any], where: str) -> SourceMetadata:
    """Return the metadata; raises UnreadableSource that names the field."""
    try:
        return SourceMetadata.model_validate(stated)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(map(str, first["loc"]))
        raise UnreadableSource(
            f"{where}, metadata {field!r}: met {first['input']!r}; {expectation(first)};"
            f" known fields are {', '.join(SourceMetadata.model_fields)}"
        ) from error


def _read_sidecar(path: Path) -> dict[str, Any]:
    try:
        stated = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UnreadableSource(f"{path}: expected one JSON object ({error})") from error
    if not isinstance(stated, dict):
        raise UnreadableSource(f"{path}: met {type(stated).__name__}; expected one JSON object")
    return stated


class _Variant(Wording):
    id: DebunkId


def _read_variants(path: Path) -> dict[str, tuple[Wording, ...]]:
    variants: dict[str, tuple[Wording, ...]] = {}
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        if line.strip():
            try:
                read = TypeAdapter(_Variant).validate_json(line)
            except ValidationError as error:
                first = error.errors(include_url=False, include_input=False)[0]
                where = ".".join(map(str, first["loc"])) or "the variant"
                raise UnreadableSource(f"{path}, line {number}, {where}: {expectation(first)}") from error
            variants[read.id] = (*variants.get(read.id, ()), Wording(text=read.text, lang=read.lang))
    return variants
