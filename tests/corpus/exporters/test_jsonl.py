"""Debunks written as JSON Lines are read back equal."""

import io
import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.exporters import jsonl
from corpus.importers import jsonl as importer
from corpus.model import Debunk
from corpus.source import Source, SourceMetadata
from tests.corpus.debunks import debunks


def written(corpus: list[Debunk]) -> str:
    out = io.StringIO(newline="")
    jsonl.write(corpus, out)
    return out.getvalue()


@given(st.lists(debunks(), max_size=5))
def test_what_was_written_is_read_back_equal(corpus: list[Debunk]) -> None:
    source = Source("corpus.jsonl", written(corpus).encode(), SourceMetadata())
    assert list(importer.read(source)) == corpus


def test_the_debunks_that_ship_are_read_back_equal_and_recognised(nato_debunks: list[Debunk]) -> None:
    text = written(nato_debunks)
    assert importer.recognises(text)
    assert list(importer.read(Source("corpus.jsonl", text.encode(), SourceMetadata()))) == nato_debunks


def test_a_debunk_is_one_line_of_what_it_states() -> None:
    debunk = Debunk(id="bridge", myth="Міст\nпродано.", lang="uk", rating="false")
    assert written([debunk]) == '{"id":"bridge","myth":"Міст\\nпродано.","lang":"uk","rating":"false"}\n'
    assert json.loads(written([debunk])) == {"id": "bridge", "myth": "Міст\nпродано.", "lang": "uk", "rating": "false"}


def test_each_debunk_is_written_before_the_next_is_asked_for() -> None:
    out = io.StringIO()

    def corpus() -> Iterator[Debunk]:
        for number in range(3):
            assert out.getvalue().count("\n") == number
            yield Debunk(id=f"d{number}", myth="m", lang="en", rating="false")

    jsonl.write(corpus(), out)
    assert out.getvalue().count("\n") == 3


@pytest.mark.parametrize("myth", ["a\u2028b", "a\x85b", "\ufeffa", "a\0b", "🤡"])
def test_signs_that_some_readers_part_lines_at_stay_in_their_line(myth: str) -> None:
    debunk = Debunk(id="a", myth=myth, lang="en", rating="false")
    assert list(importer.read(Source("a.jsonl", written([debunk]).encode(), SourceMetadata()))) == [debunk]
