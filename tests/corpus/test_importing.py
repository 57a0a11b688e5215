"""Sources: their metadata, the importer for each, and what two of them may not share."""

from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

from corpus.errors import UnreadableSource
from corpus.importers import claim_review, claim_review_markup, jsonl, myth_fact, table
from corpus.importing import SHIPPED, importer_of, read_sources
from corpus.model import Debunk, Rejected
from corpus.source import Source, SourceMetadata, open_source
from corpus.wording import wording


def source(name: str, content: str) -> Source:
    return Source(name, content.encode(), SourceMetadata())


def test_the_suffix_names_the_importer() -> None:
    assert importer_of(source("a.TXT", "")) is myth_fact
    assert importer_of(source("a.html", "")) is myth_fact
    assert importer_of(source("a.jsonl", "")) is jsonl
    assert importer_of(source("a.dat", ""), "jsonl") is jsonl


def test_an_unknown_suffix_is_an_error_that_lists_the_formats() -> None:
    with pytest.raises(UnreadableSource, match=r"met suffix '.dat'; expected a format among claim_review .*jsonl"):
        list(read_sources([source("a.dat", "")]))


def test_a_second_debunk_under_one_id_is_rejected() -> None:
    one, other = '{"id":"a","myth":"m","rating":"false"}', '{"id":"a","myth":"n","rating":"false"}'
    records = list(read_sources([source("1.jsonl", one), source("2.jsonl", f"{other}\n{one}")]))
    assert [type(record) for record in records] == [Debunk, Rejected, Debunk]
    assert isinstance(records[1], Rejected)
    assert "already stands for another debunk in 1.jsonl" in records[1].why


def test_the_sidecar_states_what_the_text_does_not_and_arguments_override_it(tmp_path: Path) -> None:
    (tmp_path / "page.txt").write_text("Myth: m\nFact: f", encoding="utf-8")
    (tmp_path / "page.meta.json").write_text('{"publisher": "A", "rating": "false"}', encoding="utf-8")
    metadata = open_source(tmp_path / "page.txt", {"publisher": "B"}).metadata
    assert (metadata.publisher, metadata.rating) == ("B", "false")


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("{", "expected one JSON object"),
        ("[]", "met list; expected one JSON object"),
        ('{"publsher": "A"}', "metadata 'publsher'.*known fields are title, url, publisher"),
        ('{"url": "nope"}', "metadata 'url': met 'nope'; expected a URL"),
        ('{"utc_offset": "UTC+2"}', "metadata 'utc_offset': met 'UTC.2'"),
    ],
)
def test_a_wrong_sidecar_is_an_error_that_names_the_field(tmp_path: Path, stated: str, expected: str) -> None:
    (tmp_path / "page.txt").write_text("Myth: m\nFact: f", encoding="utf-8")
    (tmp_path / "page.meta.json").write_text(stated, encoding="utf-8")
    with pytest.raises(UnreadableSource, match=expected):
        open_source(tmp_path / "page.txt", {})


def test_a_missing_file_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(UnreadableSource, match="No such file"):
        open_source(tmp_path / "absent.txt", {})


def test_a_file_that_is_not_utf8_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "page.txt").write_bytes("Myth: мост".encode("cp1251"))
    with pytest.raises(UnreadableSource, match="met byte 0xec at offset 6; expected UTF-8"):
        list(read_sources([open_source(tmp_path / "page.txt", {})]))


def test_variants_beside_a_page_become_wordings_of_its_myths(tmp_path: Path) -> None:
    (tmp_path / "page.txt").write_text("Myth: m\nFact: f", encoding="utf-8")
    (tmp_path / "page.meta.json").write_text('{"id_prefix": "p"}', encoding="utf-8")
    lines = '{"id": "p-1", "text": "n", "lang": "en"}\n\n{"id": "p-1", "text": "о", "lang": "ru"}\n'
    (tmp_path / "page.variants.jsonl").write_text(lines + '{"id": "q", "text": "x", "lang": "en"}', encoding="utf-8")
    debunk, rejected = read_sources([open_source(tmp_path / "page.txt", {})])
    assert isinstance(debunk, Debunk)
    assert [(variant.text, variant.lang) for variant in debunk.variants] == [("n", "en"), ("о", "ru")]
    assert isinstance(rejected, Rejected)
    assert "1 variants are of debunk 'q', which it does not hold" in rejected.why


def test_a_bad_variant_is_named_by_its_line(tmp_path: Path) -> None:
    (tmp_path / "page.txt").write_text("Myth: m\nFact: f", encoding="utf-8")
    (tmp_path / "page.variants.jsonl").write_text('{"id": "a", "text": "n"}', encoding="utf-8")
    with pytest.raises(UnreadableSource, match="line 1, lang: Field required"):
        open_source(tmp_path / "page.txt", {})


def test_each_shipped_myth_has_at_least_forty_variants_over_four_languages() -> None:
    for debunk in read_sources(open_source(path, {}) for path in SHIPPED):
        assert isinstance(debunk, Debunk)
        counts = Counter(variant.lang for variant in debunk.variants)
        assert set(counts) == {"en", "ru", "uk", "fr"}
        assert min(counts.values()) >= 25
        assert len({wording(variant.text) for variant in debunk.variants}) == len(debunk.variants)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("feed.json", '{"@type": "DataFeed", "dataFeedElement": []}', claim_review),
        (
            "reviews.jsonl",
            '{"@context": "https://schema.org", "@type": "ClaimReview", "url": "https://a.org/1"}',
            claim_review,
        ),
        ("page.html", '<script type="application/ld+json">{"@type": "ClaimReview"}</script>', claim_review),
        (
            "markup.json",
            '{"claimReviewMarkups": [{"url": "https://a.org/1", "claimReviewed": "m"}]}',
            claim_review_markup,
        ),
        ("ours.jsonl", '{"id": "a", "myth": "m", "rating": "false"}', jsonl),
        ("theirs.jsonl", '{"id": "a", "myth": "m", "verdict": "false"}', table),
        ("claims.csv.gz", "id,text\n1,The bridge was sold.\n", table),
        ("page.HTM", "<h2>Myth: m</h2><p>Fact: f</p>", myth_fact),
        ("standard input", "Myth: m\nFact: f", myth_fact),
        ("standard input", '{"id": "a", "myth": "m", "rating": "false"}', jsonl),
    ],
)
def test_the_content_tells_formats_of_one_suffix_apart(name: str, content: str, expected: ModuleType) -> None:
    assert importer_of(source(name, content)) is expected
