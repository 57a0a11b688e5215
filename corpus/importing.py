"""Which importer reads which source, and all sources read as one stream of debunks."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType

from corpus.errors import UnreadableSource
from corpus.importers import claim_review, claim_review_markup, jsonl, myth_fact, table
from corpus.model import Debunk, Rejected
from corpus.source import Source

SHIPPED = (Path(__file__).parent / "data" / "nato-115204.txt",)  # what a corpus starts with

# Every importer has `read(source) -> Iterator[Debunk | Rejected]`, `recognises(head) -> bool` for the first 64 KB of a
# text, `SUFFIXES` and `EXAMPLES`. Where several know a suffix, the first that recognises the content reads it.
IMPORTERS: dict[str, ModuleType] = {
    "claim_review": claim_review,
    "claim_review_markup": claim_review_markup,
    "jsonl": jsonl,
    "myth_fact": myth_fact,
    "table": table,
}


def read_sources(sources: Iterable[Source], format_name: str | None = None) -> Iterator[Debunk | Rejected]:
    """Yield what the sources hold, in order; a second debunk under one id is Rejected, so that none is overwritten.

    Raises UnreadableSource before anything is yielded from a source that no importer knows.
    """
    met: dict[str, tuple[int, str]] = {}
    for source in sources:
        for debunk in read_source(source, format_name):
            if isinstance(debunk, Debunk):
                content, where = met.setdefault(debunk.id, (hash(debunk), source.name))
                if content != hash(debunk):
                    why = f"id {debunk.id!r} already stands for another debunk in {where}; give each an id of its own"
                    yield Rejected(source.name, why)
                    continue
            yield debunk


def read_source(source: Source, format_name: str | None = None) -> Iterator[Debunk | Rejected]:
    """Yield what the source holds, in order, each debunk with the variants that lie beside the source.

    Raises UnreadableSource before anything is yielded from a source that no importer knows.
    """
    return _with_variants(source, importer_of(source, format_name).read(source))


def _with_variants(source: Source, records: Iterable[Debunk | Rejected]) -> Iterator[Debunk | Rejected]:
    """Yield the records, each debunk with the wordings that lie beside its source; those of no debunk are Rejected."""
    unused = dict(source.variants)
    for record in records:
        more = unused.pop(record.id, ()) if isinstance(record, Debunk) else ()
        if isinstance(record, Debunk) and more:
            yield record.model_copy(update={"variants": tuple(dict.fromkeys((*record.variants, *more)))})
        else:
            yield record
    for debunk_id, variants in unused.items():
        why = f"{len(variants)} variants are of debunk {debunk_id!r}, which it does not hold; check the id"
        yield Rejected(source.name, why)


def importer_of(source: Source, format_name: str | None = None) -> ModuleType:
    """Return the importer of that format, else the first of its suffix that recognises it; raises UnreadableSource."""
    if format_name is not None and format_name in IMPORTERS:
        return IMPORTERS[format_name]
    fitting = [importer for importer in IMPORTERS.values() if source.suffix in ("", *importer.SUFFIXES)]
    head = source.head() if fitting else ""
    for importer in fitting:
        if importer.recognises(head):
            return importer
    known = ", ".join(f"{name} ({' '.join(importer.SUFFIXES)})" for name, importer in IMPORTERS.items())
    met = f"suffix {source.suffix!r}" if not fitting else "a content that is of none of its suffix's formats"
    raise UnreadableSource(f"{source.name}: met {met}; expected a format among {known}, or name one")
