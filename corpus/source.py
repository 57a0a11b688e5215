"""Source: a document to read debunks from, with what its publisher says of it and the text does not."""

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from corpus.checks import DebunkId, LangTag, Text, Url, expectation
from corpus.errors import UnreadableSource
from corpus.model import Rating, Wording

SIDECAR_SUFFIX = ".meta.json"
VARIANTS_SUFFIX = ".variants.jsonl"


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

    `variants` are further wordings of its debunks' myths, by debunk id, which the document itself does not have.
    """

    name: str
    content: bytes
    metadata: SourceMetadata
    variants: Mapping[str, tuple[Wording, ...]] = field(default_factory=dict)

    @property
    def sha256(self) -> str:
        """Return the sha256 of the content, in hex."""
        return hashlib.sha256(self.content).hexdigest()

    def text(self) -> str:
        """Return the content as text, without a byte order mark; raises UnreadableSource unless it is UTF-8."""
        try:
            return self.content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise UnreadableSource(
                f"{self.name}: met byte 0x{self.content[error.start]:02x} at offset {error.start}; expected UTF-8;"
                " save the file as UTF-8 and import it again"
            ) from error

    def lines(self) -> BinaryIO:
        """Return the content as a stream of lines."""
        return io.BytesIO(self.content)


def open_source(path: Path, metadata: Mapping[str, str]) -> Source:
    """Return the file as a source; raises UnreadableSource.

    What `FILE.meta.json` beside `FILE.txt` states of it is taken, and `metadata` overrides that. So are the wordings in
    `FILE.variants.jsonl`, of which each line is {"id": the debunk's, "text", "lang"}.
    """
    sidecar = path.with_suffix(SIDECAR_SUFFIX)
    stated = _read_sidecar(sidecar) if sidecar.is_file() else {}
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UnreadableSource(f"{path}: cannot be read ({error.strerror}); give the path of a file") from error
    wordings = path.with_suffix(VARIANTS_SUFFIX)
    variants = _read_variants(wordings) if wordings.is_file() and wordings != path else {}
    return Source(str(path), content, checked_metadata({**stated, **metadata}, str(path)), variants)


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
