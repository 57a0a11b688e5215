"""The JSON values of a source, each with its place: of a document of any size, or of one value a line."""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from corpus.formats.json_records import Record, cut, parse, salvage
from corpus.model import Rejected
from corpus.source import Source, unpacking

LINE_SUFFIXES = (".jsonl", ".ndjson")


@dataclass(frozen=True)
class Placed:
    """A JSON value, what errors call its place, and the key of the array that holds it ("" at the top), if any."""

    where: str
    value: Any
    container: str | None = None


def values_of(source: Source, containers: Container[str]) -> Iterator[Placed | Rejected]:
    """Yield the values as they are read; a broken one is Rejected. Raises UnreadableSource.

    A document's values are the elements of its arrays under the keys `containers`, or of the one at its top.
    """
    if source.suffix in LINE_SUFFIXES:
        yield from _values_of_lines(source)
        return
    with source.open() as stream, unpacking(source.name):
        yield from values_of_records(cut(stream, source.name, containers), source.name)


def values_of_records(records: Iterable[Record], name: str) -> Iterator[Placed | Rejected]:
    """Yield what the records say; a broken one is Rejected, and its neighbours are saved that it ran into."""
    for record in records:
        first = _value(record, f"{name}, item {record.number}, line {record.line}")
        yield first
        if isinstance(first, Rejected):
            for saved in salvage(record):
                yield _value(saved, f"{name}, item {saved.number}, line {saved.line}")


def _values_of_lines(source: Source) -> Iterator[Placed | Rejected]:
    for number, raw in enumerate(source.lines(), start=1):
        if raw.strip():
            yield _value(Record(number, number, raw), f"{source.name}, line {number}")


def _value(record: Record, where: str) -> Placed | Rejected:
    try:
        return Placed(where, parse(record), record.container)
    except ValueError as error:
        return Rejected(where, str(error))
