"""The rows of a table, one at a time, whatever it is written in: CSV, JSON Lines, a JSON array or Parquet."""

import csv
import io
import json
import re
from _csv import Reader
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO, cast

from corpus.errors import UnreadableSource
from corpus.formats.json_records import cut, parse
from corpus.formats.parquet import PARQUET_MAGIC, parquet_columns, parquet_rows
from corpus.formats.table_columns import guess_columns
from corpus.model import Rejected
from corpus.source import Source, unpacking

DELIMITERS = (",", ";", "\t", "|", "^", "~", "¦", "\x1f")
MAX_FIELD_CHARS = 1 << 20  # a quote that is never closed takes no more than this
SAMPLE_ROWS = 20_000  # JSON has no header: these many rows tell which columns there are
SEPARATOR_LINE = re.compile(r'"?sep=(?P<delimiter>.)"?\r?\n', re.I)  # by which spreadsheets tell each other
BAD_BYTE = re.compile("[\udc80-\udcff]")  # how "surrogateescape" marks a byte that is no UTF-8


@dataclass(frozen=True)
class Row:
    """A row's values by column, and where it stands; those of CSV are texts."""

    where: str
    cells: Mapping[str, Any]


@dataclass(frozen=True)
class _Dialect:
    """How a CSV is written, and whether its first line says so."""

    delimiter: str
    quoting: int = csv.QUOTE_MINIMAL
    is_stated: bool = False


def read_rows(source: Source) -> Iterator[Row | Rejected]:
    """Yield the rows in order, in constant memory; one that is none is Rejected. Raises UnreadableSource."""
    match _kind(source.head(), source.name):
        case "parquet":
            for number, cells in enumerate(parquet_rows(source), start=1):
                yield Row(f"row {number}", cells)
        case "array":
            yield from _array_rows(source)
        case "lines":
            yield from _line_rows(source)
        case _:
            yield from _csv_rows(source)


def column_names(source: Source) -> list[str]:
    """Return the columns: of the header or the schema, in JSON those that the first rows have."""
    match _kind(source.head(), source.name):
        case "parquet":
            return parquet_columns(source)
        case "csv":
            return csv_header(source.head())
        case _:
            sample = islice(read_rows(source), SAMPLE_ROWS)
            return list(dict.fromkeys(name for row in sample if isinstance(row, Row) for name in row.cells))


def csv_header(head: str) -> list[str]:
    """Return the columns' names of a CSV that begins like this; those without a name, or with another's, get one."""
    dialect = _dialect(head)
    rows = _csv_reader(io.StringIO(head, newline=""), dialect)
    try:
        cells = next((row for row in islice(rows, int(dialect.is_stated), None) if any(map(str.strip, row))), [])
    except csv.Error:
        return []
    names: list[str] = []
    for number, cell in enumerate(cells, start=1):
        name = " ".join(cell.split()) or f"column {number}"
        names.append(f"{name} {number}" if name in names else name)
    return names


def _kind(head: str, name: str) -> str:
    """Return "parquet", "array", "lines" (of JSON) or "csv"; raises UnreadableSource for a text that is not UTF-8."""
    if head.startswith(PARQUET_MAGIC):
        return "parquet"
    if is_utf16(head):
        raise UnreadableSource(f"{name}: met UTF-16; expected UTF-8; save it as UTF-8 (in a spreadsheet: CSV UTF-8)")
    return {"[": "array", "{": "lines"}.get(head.lstrip()[:1], "csv")


def is_utf16(head: str) -> bool:
    """Return whether a text that was read as UTF-8 has the marks of UTF-16."""
    return head.startswith("\ufffd\ufffd") and "\0" in head


def _csv_rows(source: Source) -> Iterator[Row | Rejected]:
    head = source.head()
    names = csv_header(head)
    if any("\ufffd" in name for name in names):
        raise UnreadableSource(f"{source.name}: the header is not UTF-8; save the file as UTF-8 and import it again")
    with _reading(source) as stream:
        text = io.TextIOWrapper(stream, "utf-8-sig", "surrogateescape", newline="")
        records = _csv_records(text, _dialect(head))
        next((cells for _, cells in records if isinstance(cells, list)), None)  # the header
        for where, cells in records:
            if isinstance(cells, str):
                yield Rejected(f"{source.name}, {where}", cells)
            elif why := _misfit(cells, names):
                yield Rejected(f"{source.name}, {where}", why)
            else:
                yield Row(where, dict(zip(names, cells, strict=True)))


def _csv_records(text: Iterable[str], dialect: _Dialect) -> Iterator[tuple[str, list[str] | str]]:
    """Yield the lines and the cells of each record that is not blank; in place of the cells, why it has none."""
    reader = _csv_reader(text, dialect)
    if dialect.is_stated:
        next(reader)
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield _lines(number, reader.line_num), f"no CSV: {error}; is a quote left open there?"
            continue
        if any(map(str.strip, cells)):
            yield _lines(number, reader.line_num), cells


def _lines(first: int, last: int) -> str:
    return f"line {first}" if first >= last else f"lines {first} to {last}"


def _misfit(cells: list[str], names: list[str]) -> str | None:
    """Return why the cells are not those of the columns, None when they are."""
    if len(cells) != len(names):
        expected = f"expected {len(names)}, as in the header; quote a field that holds the delimiter"
        return f"met {len(cells)} fields, the first {cells[0][:40]!r}; {expected}"
    if bad := BAD_BYTE.search("".join(cells)):
        return f"met byte 0x{ord(bad[0]) - 0xDC00:02x}; expected UTF-8; save the file as UTF-8 and import it again"
    return None


def _csv_reader(text: Iterable[str], dialect: _Dialect) -> Reader:
    csv.field_size_limit(MAX_FIELD_CHARS)  # the library has one for the whole process; its 128 KB is a long article
    return csv.reader(text, delimiter=dialect.delimiter, quoting=cast(Any, dialect.quoting))


def _dialect(head: str) -> _Dialect:
    """Return the delimiter that the first line states, else that which makes the header name most fields."""
    if stated := SEPARATOR_LINE.match(head):
        return _Dialect(stated["delimiter"], is_stated=True)
    dialect = max(map(_Dialect, DELIMITERS), key=lambda one: _fields_named(head, one))
    unquoted = _Dialect("\t", csv.QUOTE_NONE)  # in TSV a quote is often a sign like any other
    if dialect.delimiter == "\t" and _misfits(head, unquoted) < _misfits(head, dialect):
        return unquoted
    return dialect


def _fields_named(head: str, dialect: _Dialect) -> tuple[int, int]:
    """Return how many fields the header names, and how many columns there are, if this is the dialect."""
    try:
        rows = _csv_reader(io.StringIO(head, newline=""), dialect)
        names = next((row for row in rows if any(map(str.strip, row))), [])
    except csv.Error:
        return 0, 0
    return len(guess_columns(names, {})), len(names)


def _misfits(head: str, dialect: _Dialect) -> int:
    """Return how many lines of the beginning are no whole records with the header's number of cells."""
    records = [cells for _, cells in _csv_records(io.StringIO(head, newline=""), dialect)]
    whole = sum(isinstance(cells, list) and len(cells) == len(records[0]) for cells in records)
    return head.count("\n") - whole


def _line_rows(source: Source) -> Iterator[Row | Rejected]:
    for number, raw in enumerate(source.lines(), start=1):
        if raw.strip():
            try:
                yield _object(json.loads(raw), f"line {number}", source.name)
            except UnicodeDecodeError as error:
                yield Rejected(f"{source.name}, line {number}", f"met byte 0x{raw[error.start]:02x}; expected UTF-8")
            except (ValueError, RecursionError) as error:
                yield Rejected(f"{source.name}, line {number}", f"no JSON: {error}")


def _array_rows(source: Source) -> Iterator[Row | Rejected]:
    with _reading(source) as stream:
        for record in cut(stream, source.name):
            where = f"line {record.line}, object {record.number}"
            try:
                yield _object(parse(record), where, source.name)
            except ValueError as error:
                yield Rejected(f"{source.name}, {where}", str(error))


def _object(value: Any, where: str, name: str) -> Row | Rejected:
    if not isinstance(value, dict):
        return Rejected(f"{name}, {where}", f"met {type(value).__name__}; expected a JSON object of columns")
    return Row(where, value)


@contextmanager
def _reading(source: Source) -> Iterator[BinaryIO]:
    with source.open() as stream, unpacking(source.name):
        yield stream
