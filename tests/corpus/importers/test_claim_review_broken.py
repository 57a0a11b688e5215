"""ClaimReview that is broken, hostile or none at all: rejected with its place, and nothing else is lost."""

import gzip
import json
import random
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.errors import UnreadableSource
from corpus.ids import review_id
from corpus.importers import claim_review
from corpus.model import Debunk, Rejected
from corpus.source import Source, SourceMetadata
from tests.corpus.importers.reviews import REVIEW, URL, debunk, myths, read, review


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ('{"@type": "ClaimReview", "claimReviewed": "x",}', "no JSON"),
        ('{"@type": "ClaimReview", "claimReviewed": "a\x01b"}', "Invalid control character"),
        ('{"@type": "ClaimReview", "claimReviewed": "a\\qb"}', "Invalid \\escape"),
        ('{"@type": "Organization", "name": "The city"}', "met Organization; expected a ClaimReview"),
        ('{"name": "The city"}', "met an object without @type; expected a ClaimReview"),
        ('{"@type": "ClaimReview", "claimReviewed": "x"}', "expected a url, a rating or a text"),
        ('{"@type": "ClaimReview", "url": "https://example.org/a"}', "without claimReviewed, headline or name"),
        ('{"@type": "ClaimReview", "x": ' + "[" * 500 + "]" * 500 + "}", "nested more than 64 deep"),
        ("17", "met 17; expected a ClaimReview"),
    ],
)
def test_what_is_broken_or_no_review_is_rejected_with_its_place_and_the_others_are_read(broken: str, why: str) -> None:
    good = json.dumps(review())
    feed = f'{{"@type": "DataFeed", "dataFeedElement": [{good},\n{broken},\n{good}]}}'
    for name, content, where in (
        ("dump.jsonl", f"{good}\n{broken}\n{good}\n", "dump.jsonl, line 2"),
        ("list.json", f"[{good},\n{broken},\n{good}]", "list.json, item 2, line "),
        ("feed.json", feed, "feed.json, item 2, line "),
    ):
        records = read(content, name)
        assert myths(records) == ["The bridge was sold.", "rejected", "The bridge was sold."], name
        assert isinstance(records[1], Rejected)
        assert records[1].where.startswith(where)
        assert why in records[1].why


def test_a_byte_that_is_no_utf8_costs_one_review() -> None:
    good = json.dumps(review()).encode()
    records = read(b"[" + good + b",\n" + good.replace(b"sold", b"s\xffld") + b",\n" + good + b"]")
    assert [type(record) for record in records] == [Debunk, Rejected, Debunk]
    assert "met byte 0xff; expected UTF-8" in str(records[1])


@pytest.mark.parametrize("at", ['"url": "', '"claimReviewed"', '{"@type": "Claim"', '"}'])
def test_a_lost_quote_or_bracket_in_a_document_costs_what_it_stands_in(at: str) -> None:
    claims = [f"Claim number {n}." for n in range(20)]
    lines = [json.dumps(review(claimReviewed=claim)) for claim in claims]
    lines[3] = lines[3].replace(at, at[:-1], 1)
    records = read('{"@type": "DataFeed", "dataFeedElement": [' + ",\n".join(lines) + "]}")
    assert [myth for myth in myths(records) if myth != "rejected"] == claims[:3] + claims[4:]
    rejected = [record for record in records if isinstance(record, Rejected)]
    assert "item 4, line 4" in rejected[0].where


def test_a_document_that_breaks_off_is_read_up_to_there() -> None:
    whole = json.dumps([review(), review(claimReviewed="Two")])
    records = read(whole[: whole.index("Two")])
    assert myths(records) == ["The bridge was sold.", "rejected"]
    assert "the document ends" in str(read(json.dumps([review()])[:-1])[1])


@pytest.mark.parametrize("content", ["", "no JSON at all", "[]", "{}", '{"@type": "DataFeed", "dataFeedElement": []}'])
def test_a_document_without_a_review_is_rejected_once(content: str) -> None:
    (record,) = read(content)
    assert isinstance(record, Rejected)
    assert "expected" in record.why


def test_utf16_is_refused_and_a_byte_order_mark_of_utf8_is_not() -> None:
    with pytest.raises(UnreadableSource, match="UTF-16"):
        read(json.dumps(review()).encode("utf-16"))
    assert myths(read(b"\xef\xbb\xbf" + json.dumps(review()).encode())) == ["The bridge was sold."]


def test_our_fields_are_read_from_a_file_and_never_from_a_page() -> None:
    hostile = review(
        identifier={"@type": "PropertyValue", "propertyID": "mythmatch", "value": "nato.int-115204-2"},
        additionalProperty=[{"@type": "PropertyValue", "name": "mythmatch:hold", "value": "always"}],
    )
    ours = debunk(hostile)
    assert (ours.id, ours.hold) == ("nato.int-115204-2", "always")
    theirs = debunk(f'<script type="application/ld+json">{json.dumps(hostile)}</script>', "page.html")
    assert (theirs.id, theirs.hold) == (review_id(URL, "The bridge was sold."), "never")


def test_an_unknown_field_of_ours_is_rejected() -> None:
    (record,) = read(json.dumps(review(additionalProperty=[{"name": "mythmatch:held", "value": "always"}])))
    assert "'held'" in str(record)


@pytest.mark.slow
def test_a_feed_of_twenty_thousand_reviews_is_read_in_constant_memory(tmp_path: Path) -> None:
    path, n_reviews = tmp_path / "feed.json", 20_000
    one = json.dumps({"@type": "DataFeedItem", "url": URL, "item": [review(claimReviewed="Claim number NNN")]})
    with path.open("w", encoding="utf-8") as out:
        out.write('{"@context": "https://schema.org", "@type": "DataFeed", "dataFeedElement": [')
        out.writelines((", " if n else "") + one.replace("NNN", str(n)) for n in range(n_reviews))
        out.write('], "dateModified": "2022-09-21"}')
    assert path.stat().st_size > 15_000_000
    source = Source("feed.json", path, SourceMetadata(lang="en"))
    tracemalloc.start()
    try:
        assert sum(isinstance(record, Debunk) for record in claim_review.read(source)) == n_reviews
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < 8_000_000


PROPERTIES = [*REVIEW, "identifier", "inLanguage", "keywords", "workTranslation", "additionalProperty", "@id"]
INNER = ["name", "@id", "@type", "@value", "url", "sameAs", "author", "alternateName", "value", "propertyID"]
ODDITIES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10) | st.just(URL),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(INNER), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(PROPERTIES), ODDITIES))
def test_whatever_stands_in_a_review_the_next_one_is_read(odd: dict[str, Any]) -> None:
    records = read(json.dumps([{**REVIEW, **odd}, REVIEW]))
    assert len(records) >= 2
    assert isinstance(records[-1], Debunk)
    assert records[-1].myth == "The bridge was sold."


@pytest.mark.parametrize("name", ["feed.json.gz", "dump.jsonl.gz", "page.html.gz"])
def test_a_gzip_file_that_is_cut_short_is_told_after_what_was_read(name: str) -> None:
    packed = gzip.compress(json.dumps([REVIEW]).encode() + random.Random(1).randbytes(300_000))
    with pytest.raises(UnreadableSource, match="damaged"):
        read(packed[:-1000], name)
