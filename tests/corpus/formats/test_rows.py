"""The rows of tables, in every format: one at a time, the broken ones told with their place."""

import gzip
import tracemalloc
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from corpus.errors import UnreadableSource
from corpus.formats.rows import MAX_FIELD_CHARS, Row, column_names, read_rows
from corpus.model import Rejected
from corpus.source import Source, open_source
from tests.corpus.written_tables import FORMATS, as_parquet, source_of

every_format = pytest.mark.parametrize("suffix", FORMATS)


def cells_in(source: Source) -> list[Mapping[str, Any]]:
    return [row.cells for row in read_rows(source) if isinstance(row, Row)]


@every_format
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_rows_are_read_in_every_format_gzipped_or_not(suffix: str, pack: Callable[[bytes], bytes]) -> None:
    rows = [{"claim": "Міст продано", "n": "1"}, {"claim": "Two\nlines", "n": "2"}]
    source = source_of(pack(FORMATS[suffix](rows)), f"claims{suffix}")
    assert column_names(source) == ["claim", "n"]
    assert cells_in(source) == rows


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "^"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
def test_csv_has_any_delimiter_line_end_and_start(delimiter: str, line_end: str, start: bytes) -> None:
    lines = ("claim", "fact"), ('"The ""bridge"" was,; sold\tand|gone^"', '"One.\n\nTwo, three."')
    source = source_of(start + line_end.join(map(delimiter.join, lines)).encode())
    assert cells_in(source) == [{"claim": 'The "bridge" was,; sold\tand|gone^', "fact": "One.\n\nTwo, three."}]


def test_a_line_that_states_the_delimiter_is_believed() -> None:
    source = source_of("sep=!\r\nclaim!fact\r\nThe bridge, sold!No, it was not.\r\n")
    assert cells_in(source) == [{"claim": "The bridge, sold", "fact": "No, it was not."}]


def test_a_quote_in_tsv_that_quotes_nothing_is_a_sign() -> None:
    source = source_of('claim\tfact\n"Sold the bridge\tNo.\nIt "fell" down\tNo.\nStill here\tYes.\n')
    assert [cells["claim"] for cells in cells_in(source)] == ['"Sold the bridge', 'It "fell" down', "Still here"]


def test_columns_without_a_name_or_with_anothers_get_one() -> None:
    assert column_names(source_of(",claim,claim, the  fact \n0,a,b,c\n")) == [
        "column 1",
        "claim",
        "claim 3",
        "the fact",
    ]


@pytest.mark.parametrize(
    ("row", "where", "why"),
    [
        (b"only one", "line 3", "met 1 fields, the first 'only one'; expected 3, as in the header"),
        (b"a,b,c,d", "line 3", "met 4 fields"),
        (b"1,Le pont br\xfbl\xe9,Non.", "line 3", "met byte 0xfb; expected UTF-8; save the file as UTF-8"),
        (b'1,"' + b"x" * (MAX_FIELD_CHARS + 1) + b'"', "line 3", "no CSV: field larger than field limit"),
        (b'1,"over\ntwo lines","No",too', "lines 3 to 4", "met 4 fields, the first '1'"),
    ],
)
def test_a_broken_row_of_csv_is_rejected_with_its_lines_and_the_others_are_read(
    row: bytes, where: str, why: str
) -> None:
    good = b"9,A good claim,No."
    rows = list(read_rows(source_of(b"\n".join([b"id,claim,fact", good, row, b"", b",,", good]))))
    assert [type(row) for row in rows] == [Row, Rejected, Row]
    assert isinstance(rows[1], Rejected)
    assert rows[1].where == f"claims.csv, {where}"
    assert rows[1].why.startswith(why)


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (b"[5]", "met list; expected a JSON object of columns"),
        (b'{"claim": oops}', "no JSON: Expecting value"),
        (b'{"claim": "Le pont \xfb"}', "met byte 0xfb; expected UTF-8"),
        (b'{"id": ' + b"9" * 6000 + b"}", "Exceeds the limit"),
        (b'{"id": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "no record: it is nested more than"),
    ],
)
def test_a_broken_object_of_an_array_is_rejected_with_its_place_and_the_others_are_read(
    broken: bytes, why: str
) -> None:
    good = b'{"claim": "A claim", "fact": "No."}'
    content = b"\xef\xbb\xbf[\n" + b",\n".join([good, broken, good]) + b"\n]\n"
    rows = list(read_rows(source_of(content, "claims.json")))
    assert [type(row) for row in rows] == [Row, Rejected, Row]
    assert isinstance(rows[1], Rejected)
    assert rows[1].where == "claims.json, line 3, object 2"
    assert rows[1].why.startswith(why)


def test_an_array_that_is_cut_short_gives_what_it_has_and_says_so() -> None:
    one, end = read_rows(source_of('[{"claim": "A claim", "fact": "No."},', "claims.json"))
    assert isinstance(one, Row)
    assert isinstance(end, Rejected)
    assert end.why == "the document ends before its array of records does; is it whole?"


@pytest.mark.parametrize("name", ["claims.csv", "claims.json"])
def test_utf16_is_told_and_how_to_help(name: str) -> None:
    content = '[{"claim": "A claim"}]' if name.endswith("json") else "claim,fact\nA claim,No.\n"
    with pytest.raises(UnreadableSource, match=f"{name}: met UTF-16; expected UTF-8; save it as UTF-8"):
        list(read_rows(source_of(content.encode("utf-16"), name)))


def test_a_header_in_another_encoding_is_told() -> None:
    with pytest.raises(UnreadableSource, match="the header is not UTF-8"):
        list(read_rows(source_of("id,миф,claim\n".encode("cp1251"))))


@every_format
def test_a_gzip_file_that_is_cut_short_is_told(suffix: str) -> None:
    rows = [{"claim": sha256(str(number).encode()).hexdigest()} for number in range(5000)]
    content = gzip.compress(FORMATS[suffix](rows))
    with pytest.raises(UnreadableSource, match=r"cut short|no whole Parquet file"):
        list(read_rows(source_of(content[: len(content) // 2], f"claims{suffix}.gz")))


def test_a_parquet_file_that_is_cut_short_is_told() -> None:
    with pytest.raises(UnreadableSource, match=r"claims.parquet: no whole Parquet file .*fetch it again"):
        list(read_rows(source_of(as_parquet([{"claim": "The bridge"}])[:-20], "claims.parquet")))


@every_format
def test_memory_does_not_grow_with_the_rows(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"claims{suffix}"
    path.write_bytes(FORMATS[suffix]([{"claim": f"Claim number {n}", "fact": f"{n} " * 300} for n in range(8000)]))
    source = open_source(path, {})
    next(read_rows(source))  # what is loaded once is loaded
    tracemalloc.start()
    count = sum(isinstance(row, Row) for row in read_rows(source))
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 8000
    assert peak_bytes < 6e6  # of 12 MB of texts
