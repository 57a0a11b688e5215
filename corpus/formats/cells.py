"""A debunk as the cells of a row, and back: texts as they are, what has parts as JSON in its cell.

No cell begins as a spreadsheet's formula does, so that opening such a table runs nothing: a mark is put before it,
and before a text that begins with the mark, and taken away when the cell is read.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from corpus.errors import InvalidDebunk
from corpus.model import Debunk

COLUMNS = tuple(Debunk.model_fields)
OWN_COLUMNS = frozenset(("id", "myth", "passages", "variants", "suppressions", "translations"))  # all in no other table
NESTED = frozenset(name for name, field in Debunk.model_fields.items() if field.default == ())
MARK = "'"
STARTS_FORMULA = re.compile(r"[=+\-@\t\r\n＝＋－＠']")  # OWASP's list, and the mark itself


def to_cells(debunk: Debunk) -> dict[str, str]:
    """Return a cell for every field, in the order of `COLUMNS`; that of a field without a value is empty."""
    stated = debunk.model_dump(mode="json", exclude_defaults=True)
    return {column: _cell(stated[column]) if column in stated else "" for column in COLUMNS}


def debunk_of_cells(cells: Mapping[str, Any]) -> Debunk:
    """Return the debunk that the cells were made of; raises InvalidDebunk."""
    return Debunk.model_validate({column: _value(column, cell) for column, cell in cells.items() if cell})


def are_own(columns: Iterable[str]) -> bool:
    """Return whether a table with these columns is one of debunks as `to_cells` writes them."""
    return OWN_COLUMNS <= set(columns) <= set(COLUMNS)


def _cell(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return MARK + text if STARTS_FORMULA.match(text) else text


def _value(column: str, cell: str) -> Any:
    text = cell.removeprefix(MARK)
    if column not in NESTED:
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidDebunk(f"column {column!r}: met {text[:40]!r}; expected a JSON list ({error})") from error
