"""Myth/Fact pages: NATO's word for word, and the shapes of other people's."""

import hashlib
import re

import pytest

from corpus.importers import myth_fact
from corpus.importing import SHIPPED
from corpus.model import Debunk, Rejected
from corpus.source import Source, SourceMetadata, open_source

BRIDGE = "The bridge was sold."


def read(text: str, name: str = "page.txt", **metadata: str) -> list[Debunk | Rejected]:
    return list(myth_fact.read(Source(name, text.encode(), SourceMetadata.model_validate(metadata))))


def debunks(text: str, **metadata: str) -> list[Debunk]:
    records = read(text, **metadata)
    assert not [record for record in records if isinstance(record, Rejected)], records
    return [record for record in records if isinstance(record, Debunk)]


def test_natos_facts_are_kept_word_for_word(nato_debunks: list[Debunk]) -> None:
    document = SHIPPED[0].read_text(encoding="utf-8")
    rebuilt = "\n\n".join(
        f"Myth {number}: {debunk.myth}\n\nFact: {debunk.fact}" for number, debunk in enumerate(nato_debunks, start=1)
    )
    assert document.endswith(rebuilt)
    assert document.index("Myth 1:") + len(rebuilt) == len(document)


def test_natos_page_gives_five_debunks_with_all_their_paragraphs(nato_debunks: list[Debunk]) -> None:
    assert [debunk.id for debunk in nato_debunks] == [f"nato.int-115204-{number}" for number in range(1, 6)]
    assert [len(debunk.passages) for debunk in nato_debunks] == [2, 3, 4, 3, 3]
    assert "NATO’s door has been open" in nato_debunks[1].passages[0]
    assert "“any other European State" in nato_debunks[1].passages[0]
    assert nato_debunks[4].myth.startswith("NATO's interventions in the former Yugoslavia")


def test_natos_page_gives_each_debunk_its_source(nato_debunks: list[Debunk]) -> None:
    for debunk in nato_debunks:
        assert debunk.title == "Setting the record straight"
        assert debunk.url == "https://www.nato.int/cps/en/natohq/115204.htm"
        assert debunk.publisher == "NATO"
        assert debunk.rating == "false"
        assert debunk.updated == "2022-09-21T17:10+02:00"
        assert debunk.lang == "en"
        assert debunk.languages == ("fr", "ru", "uk")
        assert debunk.document_sha256 == hashlib.sha256(SHIPPED[0].read_bytes()).hexdigest()
        assert debunk.document_sha256 == "c111e6a95cf76cd4ee096462f40364770b4f584648ef8b7c716586022513a830"


def test_natos_introduction_is_kept_as_context(nato_debunks: list[Debunk]) -> None:
    context = nato_debunks[0].context
    assert len(context) == 3
    assert context[0].startswith("Since Russia began its aggressive actions")
    assert context[2] == "Top Five Russian Myths Debunked"


def test_the_same_page_as_html_gives_the_same_debunks(nato_debunks: list[Debunk]) -> None:
    text = SHIPPED[0].read_text(encoding="utf-8")
    blocks = [line for line in text.splitlines() if line]
    tagged = [f"<h3>{block}</h3>" if re.match("Myth|Top", block) else f"<p>{block}</p>" for block in blocks]
    html = f"<html><nav><p>Myth 9: a menu</p></nav><body><div>{''.join(tagged)}</div><footer>Contact</footer></body>"
    metadata = open_source(SHIPPED[0], {}).metadata
    from_html = list(myth_fact.read(Source("page.html", html.encode(), metadata)))
    digest = hashlib.sha256(html.encode()).hexdigest()
    spaced = [debunk.model_copy(update={"document_sha256": digest, "variants": ()}) for debunk in nato_debunks]
    assert [str(debunk).replace("\\xa0", " ") for debunk in from_html] == [
        str(debunk).replace("\\xa0", " ") for debunk in spaced
    ]


@pytest.mark.parametrize("example", myth_fact.EXAMPLES)
def test_every_example_reads(example: str) -> None:
    (debunk,) = debunks(example)
    assert debunk.myth == BRIDGE
    assert debunk.passages[0] == "It was not."


@pytest.mark.parametrize(
    ("text", "passages"),
    [
        ("Myth\n\nThe bridge was sold.\n\nFact\n\nIt was not.\n\nIt is ours.", ("It was not.", "It is ours.")),
        ("МИФ № 2: The bridge was sold.\nФАКТ: It was not.", ("It was not.",)),
        ("Mythe : The bridge was sold.\nFait : It was not.", ("It was not.",)),
        ("Claim - The bridge was sold.\nFacts - It was not.", ("It was not.",)),
        (
            "Myth: The bridge was sold.\nFact: It was not sold, as all of the city\nknows very well.\nIt is ours.",
            ("It was not sold, as all of the city knows very well.", "It is ours."),
        ),
        ("Myth: The bridge was sold.\nFact: No.\nFact-checkers say so.", ("No.", "Fact-checkers say so.")),
        ("<h3>Myth 1</h3>The bridge was sold.<h3>Fact</h3><ul><li>One</li><li>Two</li></ul>", ("One", "Two")),
        (
            "<h2>Myth: The bridge was sold.</h2><div>Fact: <b>It</b>&#8217;s not.<p>2</p>three</div><h2>Links</h2>x",
            ("It’s not.", "2", "three"),
        ),
        ("<h2>Myth: The bridge was sold.</h2><p>It was<br>not.</p><p>It is ours.</p>", ("It was not.", "It is ours.")),
    ],
)
def test_labels_headings_and_paragraphs_in_many_shapes(text: str, passages: tuple[str, ...]) -> None:
    (debunk,) = debunks(text)
    assert debunk.myth == BRIDGE
    assert debunk.passages == passages


def test_numbers_of_the_page_make_stable_ids() -> None:
    text = "Myth 7: One.\nFact: No.\nMyth 9: Two.\nFact: No."
    assert [debunk.id for debunk in debunks(text, url="https://www.example.org/a/page.html")] == [
        "example.org-page-7",
        "example.org-page-9",
    ]
    assert [debunk.id for debunk in debunks(text)] == ["page-7", "page-9"]
    assert [debunk.id for debunk in debunks(text, id_prefix="mine")] == ["mine-7", "mine-9"]


@pytest.mark.parametrize(
    ("text", "where", "why"),
    [
        ("Fact: It was not.", "page.txt, line 1", "without a myth before it"),
        ("\nMyth 1: One.\nMyth 2: Two.\nFact: No.", "page.txt, line 2", "no fact follows 'One.'"),
        ("Myth 1:\nFact: No.", "page.txt, line 1", "a myth without a text"),
        ("Nothing of the kind.", "page.txt", "met no `Myth ...` or `Claim ...`"),
        ("", "page.txt", "met no `Myth ...` or `Claim ...`"),
    ],
)
def test_what_is_no_debunk_is_rejected_with_its_place_and_reason(text: str, where: str, why: str) -> None:
    rejected = [record for record in read(text) if isinstance(record, Rejected)]
    assert [record.where for record in rejected] == [where]
    assert why in rejected[0].why


def test_one_bad_myth_does_not_stop_the_page() -> None:
    records = read("Myth 1: One.\nMyth 2: Two.\nFact: No.")
    assert [type(record) for record in records] == [Rejected, Debunk]


def test_a_page_without_blank_lines_keeps_its_header_and_its_paragraphs(nato_debunks: list[Debunk]) -> None:
    document = SHIPPED[0].read_text(encoding="utf-8")
    metadata = open_source(SHIPPED[0], {}).metadata
    tight = list(myth_fact.read(Source("page.txt", document.replace("\n\n", "\n").encode(), metadata)))
    assert [(d.myth, d.passages, d.updated, d.languages, d.context) for d in tight if isinstance(d, Debunk)] == [
        (d.myth, d.passages, d.updated, d.languages, d.context) for d in nato_debunks
    ]


def test_a_header_of_a_hard_wrapped_page_does_not_run_into_the_text() -> None:
    header = "Also available in: French, Russian, Ukrainian"
    (debunk,) = debunks(f"{header}\nThis page sets\nthe facts out.\nMyth: One.\nFact: No.")
    assert debunk.languages == ("fr", "ru", "uk")
    assert debunk.context[0] == "This page sets"


def test_a_last_updated_line_is_no_part_of_the_fact() -> None:
    (debunk,) = debunks("Myth: One.\nFact: No.\n\nLast updated: 3 May 2021", url="https://example.org")
    assert debunk.passages == ("No.",)
    assert debunk.updated == "2021-05-03"


def test_languages_that_are_not_known_stay_text() -> None:
    (debunk,) = debunks("Also available in: French, Freedonian\n\nMyth: One.\nFact: No.")
    assert debunk.languages == ()
    assert debunk.context == ("Also available in: French, Freedonian",)
