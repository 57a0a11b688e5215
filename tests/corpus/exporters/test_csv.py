"""Debunks written as CSV are read back equal, and open in a spreadsheet without running anything."""

import csv as library
import gzip
import io
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.exporters import csv
from corpus.formats.cells import COLUMNS
from corpus.importers import table
from corpus.model import Debunk, Rejected, Wording
from corpus.source import Source, SourceMetadata
from tests.corpus.debunks import debunks


def written(corpus: list[Debunk]) -> str:
    out = io.StringIO(newline="")
    csv.write(corpus, out)
    return out.getvalue()


def read(content: bytes, **metadata: str) -> list[Debunk | Rejected]:
    return list(table.read(Source("corpus.csv", content, SourceMetadata.model_validate(metadata))))


@given(st.lists(debunks(), max_size=5))
def test_what_was_written_is_read_back_equal(corpus: list[Debunk]) -> None:
    assert read(written(corpus).encode()) == corpus


def test_the_debunks_that_ship_are_read_back_equal_also_gzipped(nato_debunks: list[Debunk]) -> None:
    text = written(nato_debunks)
    assert table.recognises(text)
    assert read(text.encode()) == nato_debunks
    assert read(gzip.compress(text.encode())) == nato_debunks


def test_metadata_changes_nothing_of_what_was_written(nato_debunks: list[Debunk]) -> None:
    again = read(written(nato_debunks).encode(), rating="true", lang="fr", id_prefix="x", publisher="Somebody")
    assert again == nato_debunks


def test_a_spreadsheet_that_saves_it_with_other_delimiters_and_a_mark_changes_nothing(
    nato_debunks: list[Debunk],
) -> None:
    rows = list(library.reader(io.StringIO(written(nato_debunks), newline="")))
    for delimiter in (";", "\t"):
        out = io.StringIO(newline="")
        library.writer(out, delimiter=delimiter).writerows(rows)
        assert read(b"\xef\xbb\xbf" + out.getvalue().encode()) == nato_debunks


@given(debunks())
def test_no_cell_begins_a_formula(debunk: Debunk) -> None:
    header, row = library.reader(io.StringIO(written([debunk]), newline=""))
    assert header == list(COLUMNS) == list(Debunk.model_fields)
    assert [cell for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))] == []


def test_nested_fields_are_json_in_their_cells() -> None:
    debunk = Debunk(id="a", myth="=1+1", lang="en", passages=("Ні.",), variants=(Wording(text="v", lang="uk"),))
    (row,) = library.DictReader(io.StringIO(written([debunk]), newline=""))
    assert {name: cell for name, cell in row.items() if cell} == {
        "id": "a",
        "myth": "'=1+1",
        "lang": "en",
        "variants": '[{"text": "v", "lang": "uk"}]',
        "passages": '["Ні."]',
    }


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("not JSON", "column 'tags': met 'not JSON'; expected a JSON list"),
        ("[" * 100_000, "column 'tags': met '[[[["),
        ('{"a": 1}', "debunk 'a', field 'tags'"),
    ],
)
def test_a_cell_that_was_spoilt_by_hand_rejects_its_row_alone(cell: str, why: str) -> None:
    good = Debunk(id="a", myth="m", lang="en", rating="false", tags=("t",))
    out = io.StringIO(newline="")
    rows = library.DictWriter(out, COLUMNS)
    rows.writeheader()
    rows.writerow({"id": "a", "myth": "m", "lang": "en", "rating": "false", "tags": cell})
    rows.writerow({"id": "a", "myth": "m", "lang": "en", "rating": "false", "tags": '["t"]'})
    bad, read_good = read(out.getvalue().encode())
    assert isinstance(bad, Rejected)
    assert bad.where == "corpus.csv, line 2"
    assert bad.why.startswith(why)
    assert read_good == good


def test_each_debunk_is_written_before_the_next_is_asked_for() -> None:
    out = io.StringIO(newline="")

    def corpus() -> Iterator[Debunk]:
        for number in range(3):
            assert out.getvalue().count("\n") == number + 1
            yield Debunk(id=f"d{number}", myth="m", lang="en", rating="false")

    csv.write(corpus(), out)
    assert out.getvalue().count("\n") == 4
