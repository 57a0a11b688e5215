"""A corpus written as ClaimReview, and read back."""

import io
import json
from collections.abc import Callable, Iterable, Iterator
from typing import TextIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.exporters.claim_review import write_feed, write_lines
from corpus.importers import claim_review
from corpus.model import Debunk
from corpus.source import Source, SourceMetadata
from tests.corpus.debunks import debunks

FORMS = [(write_feed, "feed.json"), (write_lines, "reviews.jsonl")]
Write = Callable[[Iterable[Debunk], TextIO], None]


def written(write: Write, corpus: Iterable[Debunk]) -> str:
    out = io.StringIO()
    write(corpus, out)
    return out.getvalue()


def read_back(content: str, name: str) -> list[object]:
    return list(claim_review.read(Source(name, content.encode(), SourceMetadata())))


@pytest.mark.parametrize(("write", "name"), FORMS)
def test_the_corpus_that_ships_comes_back_equal(write: Write, name: str, nato_debunks: list[Debunk]) -> None:
    content = written(write, nato_debunks)
    assert claim_review.recognises(content)
    assert read_back(content, name) == nato_debunks


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.lists(debunks(), min_size=1, max_size=4))
def test_every_corpus_comes_back_equal(corpus: list[Debunk]) -> None:
    for write, name in FORMS:
        assert read_back(written(write, corpus), name) == corpus


def test_a_feed_is_a_data_feed_of_schema_org(nato_debunks: list[Debunk]) -> None:
    feed = json.loads(written(write_feed, nato_debunks))
    assert (feed["@context"], feed["@type"]) == ("https://schema.org", "DataFeed")
    entry = feed["dataFeedElement"][1]
    assert (entry["@type"], entry["url"]) == ("DataFeedItem", nato_debunks[1].url)
    assert entry["dateModified"] == "2022-09-21T17:10+02:00"
    assert entry["item"][0]["claimReviewed"] == nato_debunks[1].myth


def test_an_empty_corpus_is_an_empty_feed() -> None:
    assert json.loads(written(write_feed, []))["dataFeedElement"] == []
    assert written(write_lines, []) == ""


@pytest.mark.parametrize(("write", "name"), FORMS)
def test_what_was_given_is_written_before_the_next_is_asked_for(write: Write, name: str) -> None:
    out = io.StringIO()

    def corpus() -> Iterator[Debunk]:
        for number in range(3):
            assert out.getvalue().count('"ClaimReview"') == number
            yield Debunk(id=f"d{number}", myth="m", lang="en", rating="false")

    write(corpus(), out)
    assert out.getvalue().count('"ClaimReview"') == 3
