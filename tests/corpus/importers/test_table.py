"""Tables: CSV, JSON Lines, arrays of objects and Parquet, whatever their columns are called."""

import gzip
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from corpus.importers import table
from corpus.model import Debunk, Rejected
from corpus.wording import wording_hash
from tests.corpus.written_tables import FORMATS, as_csv, as_lines, as_parquet, source_of

MYTH, FACT = "The bridge was sold.", "It was not.\n\nIt belongs to the city."


def read(content: str | bytes, **given: Any) -> list[Debunk | Rejected]:
    return list(table.read(source_of(content, **given)))


def debunk_in(content: str | bytes, **given: Any) -> Debunk:
    (debunk,) = read(content, **given)
    assert isinstance(debunk, Debunk), debunk
    return debunk


@pytest.mark.parametrize("example", table.EXAMPLES)
def test_every_example_is_recognised_and_reads(example: str) -> None:
    assert table.recognises(example)
    debunk = debunk_in(example)
    assert (debunk.myth, debunk.passages, debunk.rating) == (MYTH, ("It was not.",), "false")


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_row_is_the_same_debunk_in_every_format_gzipped_or_not(suffix: str, pack: Callable[[bytes], bytes]) -> None:
    row = {
        "Claim Reviewed": f"  {MYTH} ",
        "explanation": FACT,
        "Verdict": "Pants on Fire",
        "review_url": "https://example.org/bridge",
        "headline": "Was the bridge sold?",
        "date": "2022-09-21",
        "claimDate": "2022-09",
        "language": "English",
        "publisher": "The city",
        "speaker": "A trader",
        "tags": "bridges, city",
        "claim_url": "https://example.com/post and on the radio",
        "number of shares": "7",
    }
    source = source_of(pack(FORMATS[suffix]([row, {**row, "Claim Reviewed": ""}])), f"claims{suffix}")
    assert table.recognises(source.head())
    debunk, empty = table.read(source)
    assert debunk == Debunk(
        id=debunk.id if isinstance(debunk, Debunk) else "",
        myth=MYTH,
        passages=("It was not.", "It belongs to the city."),
        rating="false",
        rating_text="Pants on Fire",
        url="https://example.org/bridge",
        title="Was the bridge sold?",
        published="2022-09-21",
        claimed="2022-09",
        lang="en",
        publisher="The city",
        claimant="A trader",
        tags=("bridges", "city"),
        appearances=("https://example.com/post",),
    )
    assert debunk.id.startswith("example.org-")
    assert isinstance(empty, Rejected)
    assert empty.why == "no myth: column 'Claim Reviewed' holds no text"


def test_a_given_column_overrides_the_guess_and_the_others_are_still_guessed() -> None:
    source = source_of("id,text,title,fact\n1,long text,A short claim,No.\n", columns={"myth": "title"})
    assert table.columns_of(source) == {"myth": "title", "id": "id", "passages": "fact"}
    (debunk,) = table.read(source)
    assert isinstance(debunk, Debunk)
    assert (debunk.myth, debunk.passages) == ("A short claim", ("No.",))


def test_the_first_rows_are_shown_as_texts_by_column() -> None:
    rows = table.first_rows(source_of("claim,n\nOne two,1\nbroken\nThree four,2\nFive six,3\n"), 2)
    assert rows == [{"claim": "One two", "n": "1"}, {"claim": "Three four", "n": "2"}]
    assert table.first_rows(source_of('[{"claim": "One two", "n": 1.0, "no": null}]'), 5) == [
        {"claim": "One two", "n": "1", "no": ""}
    ]


@pytest.mark.parametrize("myth", ["疫苗致死", "วัคซีน", "Vaccines kill", "Le vaccin tue"])
def test_a_short_myth_is_one_where_its_script_parts_no_words(myth: str) -> None:
    assert debunk_in(f"claim,fact\n{myth},No.\n").myth == myth


def test_a_table_of_one_column_is_read_with_a_rating_from_outside() -> None:
    assert table.recognises("Claim\nThe bridge was sold\n")
    debunk = debunk_in("Claim\nThe bridge was sold\n", rating="false")
    assert (debunk.rating, debunk.rating_text) == ("false", None)


@pytest.mark.parametrize(
    ("row", "where", "why"),
    [
        (b"only one", "line 3", "met 1 fields, the first 'only one'; expected 3, as in the header"),
        (b"1,,No.", "line 3", "no myth: column 'claim' holds no text"),
        (b"1,NaN,No.", "line 3", "no myth"),
        (b"1,Vaccines,No.", "line 3", "column 'claim': met 'Vaccines'; expected a myth of 2 words or more"),
        (b"1,The bridge,", "line 3", "debunk '1': expected at least one of passages (the fact), rating or url"),
    ],
)
def test_a_bad_row_is_rejected_with_its_line_and_the_others_are_read(row: bytes, where: str, why: str) -> None:
    good = b"9,A good claim,No."
    records = read(b"\n".join([b"id,claim,fact", good, row, b"", b",,", good]))
    assert [type(record) for record in records] == [Debunk, Rejected, Debunk]
    assert isinstance(records[1], Rejected)
    assert records[1].where == f"claims.csv, {where}"
    assert records[1].why.startswith(why)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"{", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b'["a"]', "met list; expected a JSON object"),
        (b'{"id": 1, "claim": {"text": "The bridge"}, "fact": "No."}', "no myth: column 'claim' holds no text"),
        (b'{"id": 1, "claim": "Le pont \xfb", "fact": "No."}', "met byte 0xfb; expected UTF-8"),
        (b'{"id": 1, "claim": "The \\ud800 bridge", "fact": "No."}', "debunk '1', field 'myth'"),
        (b'{"id": 1, "claim": "The bridge", "url": "see below"}', "debunk '1', field 'url': met 'see below'"),
    ],
)
def test_a_bad_line_of_json_is_rejected_with_its_number(line: bytes, why: str) -> None:
    good = b'{"id": 9, "claim": "A good claim", "fact": "No."}'
    records = read(b"\n".join([good, line, b"", good]), name="claims.jsonl")
    assert [type(record) for record in records] == [Debunk, Rejected, Debunk]
    assert isinstance(records[1], Rejected)
    assert records[1].where == "claims.jsonl, line 2"
    assert records[1].why.startswith(why)


@pytest.mark.parametrize(
    ("head", "is_table"),
    [
        ('{"a": 1, "b": ["x"]}', True),
        ('[\n {"a": 1}, ', True),
        ('{"@type": "DataFeed", "dataFeedElement": {"a": 1}}', False),
        ('[["a", "b"]]', False),
        ("a;b\n", True),
        ("claim\n", True),
        ("nothing of the kind", False),
        ("", False),
    ],
)
def test_a_table_is_told_from_other_texts(head: str, is_table: bool) -> None:
    assert table.recognises(head) is is_table


def test_an_id_is_the_rows_with_the_sources_prefix_else_of_its_address_else_of_its_wording() -> None:
    assert debunk_in("id,claim,fact\n7,The bridge,No.\n").id == "7"
    assert debunk_in("id,claim,fact\n7,The bridge,No.\n", id_prefix="city").id == "city-7"
    by_address = [
        debunk_in(f"claim,url\nThe bridge,{url}\n").id
        for url in ("https://www.example.org/a/?utm_source=x", "http://example.org/a")
    ]
    assert by_address[0] == by_address[1]
    assert by_address[0].startswith("example.org-")
    digest = wording_hash("The bridge")[:12]
    assert debunk_in("claim,fact\nThe Bridge!,No.\n", name="dir/claims.of.2022.csv.gz").id == f"claims-{digest}"
    assert debunk_in("claim,fact\nThe bridge,No.\n", id_prefix="city").id == f"city-{digest}"


def test_ids_that_a_debunk_refuses_are_made_fit_and_stay_apart() -> None:
    rows = [("a/b", "a-b-"), ("a b", "a-b-"), ("a\u200bb", "a-b-"), ("x" * 500, "x" * 160 + "-")]
    content = as_csv([{"id": given, "claim": "The bridge", "fact": "No."} for given, _ in rows])
    ids = [record.id for record in read(content) if isinstance(record, Debunk)]
    assert all(made.startswith(start) for made, (_, start) in zip(ids, rows, strict=True))
    assert len(set(ids)) == len(rows)
    assert ids == [record.id for record in read(content) if isinstance(record, Debunk)]


def test_metadata_fills_what_a_row_lacks_and_overrides_nothing() -> None:
    lines = "claim,verdict,publisher,lang\nThe bridge,,,\nLe pont,vrai,La ville,fr\n"
    bare_row, full_row = read(lines, rating="false", publisher="The city", lang="uk", title="Bridges")
    assert isinstance(bare_row, Debunk)
    assert isinstance(full_row, Debunk)
    assert (bare_row.rating, bare_row.publisher, bare_row.lang) == ("false", "The city", "uk")
    assert bare_row.title == full_row.title == "Bridges"
    assert (full_row.rating, full_row.rating_text, full_row.publisher) == ("true", "vrai", "La ville")
    assert full_row.lang == "fr"


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("EN", "en"),
        ("pt_BR", "pt-BR"),
        ("Russian", "ru"),
        ("українська", "uk"),
        ("gibberish", "uk"),  # it is found in the myth then
        ("", "uk"),
    ],
)
def test_a_language_is_read_as_a_tag_or_a_name_else_found_in_the_myth(cell: str, expected: str) -> None:
    assert debunk_in(f"claim,lang,fact\nЄвропа не має газу взимку,{cell},Ні.\n").lang == expected


def test_a_myth_whose_language_nothing_tells_is_read_as_english() -> None:
    assert debunk_in("claim,fact\n5 000 000,Ні.\n").lang == "en"


@pytest.mark.parametrize(
    ("header", "cell", "expected"),
    [
        ("verdict", "Ложь", ("false", "Ложь")),
        ("label", "false", ("false", "false")),
        ("label", "1", (None, "1")),  # a class of somebody's own
        ("rating", "1", ("false", "1")),
        ("label", "3/5", ("misleading", "3/5")),
        ("verdict", "Zurbled", ("other", "Zurbled")),
        ("verdict", "N/A", (None, None)),
    ],
)
def test_a_verdict_gives_the_rating_and_keeps_its_words(
    header: str, cell: str, expected: tuple[str | None, str | None]
) -> None:
    debunk = debunk_in(f"claim,fact,{header}\nThe bridge,No.,{cell}\n")
    assert (debunk.rating, debunk.rating_text) == expected


def test_typed_values_are_read_as_what_they_mean() -> None:
    row = {
        "id": 12.0,
        "claim": MYTH,
        "fact": ["It was not.", "It belongs to the city."],
        "label": False,
        "date": datetime(2022, 9, 21, 17, 10),
        "tags": ["a", None, "b"],
        "url": None,
        "source": "https://www.example.org/",
        "headline": "Міст".encode(),
    }
    debunk = debunk_in(as_parquet([row]), name="claims.parquet", utc_offset="+02:00")
    assert (debunk.id, debunk.rating, debunk.published) == ("12", "false", "2022-09-21T17:10+02:00")
    assert (debunk.passages, debunk.tags) == (("It was not.", "It belongs to the city."), ("a", "b"))
    assert (debunk.url, debunk.publisher, debunk.title) == (None, "example.org", "Міст")


def test_lists_that_are_written_in_json_are_read_in_csv_too() -> None:
    content = as_csv([{"claim": "The bridge", "fact": '["One.", "Two."]', "tags": '["a, b", "c"]'}])
    debunk = debunk_in(content)
    assert (debunk.passages, debunk.tags) == (("One.", "Two."), ("a, b", "c"))


@pytest.mark.parametrize(
    ("cell", "expected"),
    [("www.example.org/a", "https://www.example.org/a"), ("http://example.org/a", "http://example.org/a")],
)
def test_a_bare_address_gets_its_scheme(cell: str, expected: str) -> None:
    assert debunk_in(f"claim,url\nThe bridge,{cell}\n").url == expected


def test_a_column_that_only_later_rows_of_json_have_is_read_there() -> None:
    rows = [{"text": f"Claim number {n}", "verdict": "False"} for n in range(20_001)]
    rows.append({"text": "The last claim", "verdict": "False", "url": "https://example.org/last", "claim": "no"})
    source = source_of(as_lines(rows), "claims.jsonl", lang="en")
    assert "url" not in table.columns_of(source)
    *_, last = table.read(source)
    assert isinstance(last, Debunk)
    assert (last.myth, last.url) == ("The last claim", "https://example.org/last")
