"""Writes debunks as CSV (RFC 4180): a header, then one row each, what has parts as JSON in its cell."""

import csv
from collections.abc import Iterable
from typing import TextIO

from corpus.formats.cells import COLUMNS, to_cells
from corpus.model import Debunk


def write(debunks: Iterable[Debunk], out: TextIO) -> None:
    """Write the debunks as they come; the importer of tables reads equal ones. `out` must leave line ends alone."""
    rows = csv.DictWriter(out, COLUMNS)
    rows.writeheader()
    for debunk in debunks:
        rows.writerow(to_cells(debunk))
