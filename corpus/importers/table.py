"""Reads tables: CSV, JSON Lines, arrays of flat JSON objects and Parquet, whatever their columns are called.

Which column holds which field is given, or guessed by the columns' usual names in several languages. A CSV that
`corpus/exporters/csv.py` wrote is read back as it was.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import date
from decimal import Decimal
from itertools import islice
from pathlib import PurePath
from typing import Any

from langcodes import find, standardize_tag, tag_is_valid

from corpus.dates import read_date
from corpus.errors import InvalidDebunk, UnreadableSource
from corpus.formats.cells import are_own, debunk_of_cells
from corpus.formats.parquet import PARQUET_MAGIC
from corpus.formats.rows import Row, column_names, csv_header, is_utf16, read_rows
from corpus.formats.table_columns import bare, checked_columns, guess_columns
from corpus.ids import host_of, review_id
from corpus.language import UNDETERMINED, find_language
from corpus.model import Debunk, Rating, Rejected
from corpus.ratings import read_rating
from corpus.source import Source
from corpus.urls import urls_in
from corpus.wording import wording_hash

SUFFIXES = (".csv", ".tsv", ".tab", ".jsonl", ".ndjson", ".json", ".parquet")
FILLED_FROM_METADATA = ("title", "url", "publisher", "rating")
DEFAULT_LANG = "en"
MIN_MYTH_WORDS = 2  # one word claims nothing
MAX_ID_CHARS = 160  # of the 200 that an id may have: a prefix and a digest may join it
DIGEST_DIGITS = 12
BLANK = ("", "nan", "null", "none", "n/a", "#n/a", "<na>")  # how programs write that there is nothing

EXAMPLES = (
    "claim,debunk,verdict,url\nThe bridge was sold.,It was not.,False,https://example.org/bridge\n",
    "утверждение;опровержение;вердикт\nThe bridge was sold.;It was not.;Ложь\n",
    '{"id": 7, "text": "The bridge was sold.", "article": "It was not.", "label": "false"}\n',
    '[{"claimReviewed": "The bridge was sold.", "explanation": "It was not.", "textualRating": "Faux"}]',
)

# A script that parts no words by spaces (Thai, Lao, Burmese, Khmer, Japanese, Chinese) is counted by its letters.
UNSPACED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
WORD = re.compile(rf"[{UNSPACED}]|[^\W{UNSPACED}]+")
NUMBER = re.compile(r"-?\d+(?:[.,]\d+)?")
BLANK_LINE = re.compile(r"\n\s*\n")
BETWEEN_TAGS = re.compile(r"\s*[,;|\n]\s*")


def recognises(head: str) -> bool:
    """Return whether it is Parquet, a flat JSON object, or a header: several columns, or one that names the myth."""
    begun = head.lstrip()
    if head.startswith(PARQUET_MAGIC) or is_utf16(head):
        return True
    if begun[:1] in ("{", "["):
        return _is_flat(begun)
    names = csv_header(head)
    return len(names) > 1 or "myth" in guess_columns(names, {})


def _is_flat(json_text: str) -> bool:
    """Return whether the first object is flat; one that is broken or longer than the text may be, and `read` tells."""
    try:
        first, _ = json.JSONDecoder().raw_decode(json_text.removeprefix("[").lstrip())
    except (ValueError, RecursionError):
        return True
    return isinstance(first, dict) and not any(isinstance(value, dict) for value in first.values())


def columns_of(source: Source) -> dict[str, str]:
    """Return the column of every field that the table has: the source's map, and a guess for the others.

    Raises UnreadableSource where no column is the myth's, or a given one is none.
    """
    names = column_names(source)
    columns = guess_columns(names, checked_columns(source.columns, names, source.name))
    if "myth" not in columns:
        met = ", ".join(names[:30]) or "none"
        raise UnreadableSource(
            f"{source.name}: no column looks like the myth's; it has {met}; name it, such as myth={(names or ['x'])[0]}"
        )
    return columns


def first_rows(source: Source, count: int) -> list[dict[str, str]]:
    """Return the first rows that can be read, each its texts by column; raises UnreadableSource."""
    rows = (row for row in read_rows(source) if isinstance(row, Row))
    return [{name: _text(value) or "" for name, value in row.cells.items()} for row in islice(rows, count)]


def read(source: Source) -> Iterator[Debunk | Rejected]:
    """Yield one debunk a row, in order; a row that cannot be one is Rejected with its line and reason."""
    is_own = not source.columns and are_own(csv_header(source.head()))
    columns = {} if is_own else columns_of(source)
    known = frozenset(columns.values())
    for row in read_rows(source):
        if isinstance(row, Rejected):
            yield row
            continue
        if columns and not known.issuperset(row.cells):  # JSON: a later row may have a column that no earlier had
            columns, known = guess_columns(row.cells, columns), known.union(row.cells)
        try:
            yield _debunk(row.cells, columns, source) if columns else debunk_of_cells(row.cells)
        except InvalidDebunk as error:
            yield Rejected(f"{source.name}, {row.where}", str(error))


def _debunk(cells: Mapping[str, Any], columns: Mapping[str, str], source: Source) -> Debunk:
    """Return the row's debunk, filled from the metadata; raises InvalidDebunk."""
    stated = {field: cells.get(column) for field, column in columns.items()}
    fields = {field: reader(stated[field]) for field, reader in READERS.items() if field in stated}
    myth = fields["myth"] = _checked_myth(fields.get("myth"), columns["myth"])
    verdict, in_words = _line(stated.get("rating")), fields.get("rating_text")
    fields["rating"] = read_rating(in_words) or _rating(verdict, columns.get("rating", ""))
    fields["rating_text"] = in_words or verdict
    for name in DATES & stated.keys():
        fields[name] = read_date(_text(stated[name]) or "", source.metadata.utc_offset)
    for name in FILLED_FROM_METADATA:
        fields[name] = fields.get(name) or getattr(source.metadata, name)
    fields["lang"] = _lang(stated.get("lang")) or source.metadata.lang or _lang_of(myth)
    fields["id"] = _id(_line(stated.get("id")), myth, fields["url"], source)
    return Debunk.model_validate({name: value for name, value in fields.items() if value is not None})


def _checked_myth(myth: str | None, column: str) -> str:
    if myth is None:
        raise InvalidDebunk(f"no myth: column {column!r} holds no text")
    if len(WORD.findall(myth)) < MIN_MYTH_WORDS:
        raise InvalidDebunk(f"column {column!r}: met {myth[:60]!r}; expected a myth of {MIN_MYTH_WORDS} words or more")
    return myth


def _rating(verdict: str | None, column: str) -> Rating | None:
    """Return the rating; a bare number counts where the column says that it is one, for else it is a class's number."""
    if verdict is None or (NUMBER.fullmatch(verdict) and "rating" not in bare(column)):
        return None
    return read_rating(verdict)


def _id(given: str | None, myth: str, url: str | None, source: Source) -> str:
    """Return the row's own id under the source's prefix, else one of its address and wording, else of the latter."""
    prefix = source.metadata.id_prefix
    if given is not None:
        return _fit(f"{prefix}-{given}" if prefix else given)
    if url is not None:
        return review_id(url, myth)
    stem = PurePath(source.name).name.partition(".")[0] or "table"
    return _fit(f"{prefix or stem}-{wording_hash(myth)[:DIGEST_DIGITS]}")


def _fit(debunk_id: str) -> str:
    """Return the id, or where an id may not be so, one that may; ids that differ are never made the same."""
    fit = "".join(c if c.isprintable() and not c.isspace() and c != "/" else "-" for c in debunk_id)[:MAX_ID_CHARS]
    return fit if fit == debunk_id else f"{fit}-{_digest(debunk_id)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:DIGEST_DIGITS]


def _text(value: Any) -> str | None:
    """Return a cell as text, None where it says nothing; of a list, its first."""
    if isinstance(value, list):
        value = next(iter(value), None)
    if isinstance(value, bool):
        value = str(value).lower()
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")  # older programs write a Parquet text as bytes
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # whole numbers beside empty cells become floats in many programs
    text = value.isoformat() if isinstance(value, date) else "" if isinstance(value, dict) else str(value)
    text = text.strip()
    return None if text.casefold() in BLANK else text


def _line(value: Any) -> str | None:
    text = _text(value)
    return " ".join(text.split()) if text else None


def _list(value: Any, between: re.Pattern[str]) -> tuple[str, ...]:
    """Return the parts of a cell, each once: of a list, also one that is written in JSON, or of a text."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        with suppress(ValueError, RecursionError):  # then it is a text that begins with a bracket
            value = json.loads(value)
    parts = value if isinstance(value, list) else between.split(_text(value) or "")
    return tuple(dict.fromkeys(text for part in parts if (text := _text(part))))


def _paragraphs(value: Any) -> tuple[str, ...]:
    return _list(value, BLANK_LINE)


def _tags(value: Any) -> tuple[str, ...]:
    return _list(value, BETWEEN_TAGS)


def _url(value: Any) -> str | None:
    """Return the cell's address; what is none is left for the debunk to refuse."""
    text = _text(value)
    if text is None or text.startswith(("http://", "https://")):
        return text
    bare = urls_in(text)
    return f"https://{bare[0]}" if bare == [text] else text


def _appearances(value: Any) -> tuple[str, ...]:
    """Return the addresses in the cell; where a claim appeared is often said in words, which are no address."""
    texts = "\n".join(_list(value, BLANK_LINE))
    return tuple(url if "://" in url else f"https://{url}" for url in urls_in(texts))


def _publisher(value: Any) -> str | None:
    name = _line(value)
    return host_of(name) or name if name and "://" in name else name


def _lang(value: Any) -> str | None:
    """Return the tag of a language that is given as a tag or by its name; None where it is neither."""
    text = (_line(value) or "").replace("_", "-")
    if tag_is_valid(text):
        return standardize_tag(text)
    try:
        return find(text).to_tag() if text else None
    except LookupError:
        return None


def _lang_of(myth: str) -> str:
    language = find_language(myth)
    return DEFAULT_LANG if language == UNDETERMINED else language


DATES = frozenset(("claimed", "published", "updated"))
READERS: dict[str, Callable[[Any], Any]] = {
    "myth": _line,
    "passages": _paragraphs,
    "rating_text": _line,
    "title": _line,
    "url": _url,
    "publisher": _publisher,
    "claimant": _line,
    "appearances": _appearances,
    "tags": _tags,
}
