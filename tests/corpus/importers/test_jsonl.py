"""JSON Lines of debunks."""

import json

import pytest

from corpus.importers import jsonl
from corpus.model import Debunk, Rejected
from corpus.source import Source, SourceMetadata
from service.wire import debunk_json

METADATA = {"publisher": "The city", "rating": "false", "lang": "uk"}


def read(content: str | bytes, **metadata: str) -> list[Debunk | Rejected]:
    raw = content if isinstance(content, bytes) else content.encode()
    return list(jsonl.read(Source("debunks.jsonl", raw, SourceMetadata.model_validate(metadata))))


@pytest.mark.parametrize("example", jsonl.EXAMPLES)
def test_every_example_reads(example: str) -> None:
    (debunk,) = read(example)
    assert isinstance(debunk, Debunk)
    assert debunk.passages[0] == "It was not."


def test_what_the_service_gives_is_read_back_the_same(nato_debunks: list[Debunk]) -> None:
    lines = "\n".join(json.dumps(debunk_json(debunk)) for debunk in nato_debunks)
    assert read(lines) == nato_debunks


def test_metadata_fills_what_a_line_lacks_and_overrides_nothing() -> None:
    lines = '{"id": "a", "myth": "m"}\n{"id": "b", "myth": "m", "rating": "true", "lang": "fr"}'
    a, b = read(lines, **METADATA)
    assert isinstance(a, Debunk)
    assert isinstance(b, Debunk)
    assert (a.publisher, a.rating, a.lang) == ("The city", "false", "uk")
    assert (b.publisher, b.rating, b.lang) == ("The city", "true", "fr")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"{", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"[]", "met list; expected a JSON object"),
        (b'{"id": "a", "rating": "false"}', "debunk 'a', field 'myth'"),
        (b'{"myth": "m", "rating": "false"}', "field 'id'"),
        (b'{"id": "a", "myth": "m"}', "at least one of passages"),
        (b'{"id": "a", "myth": "m", "fact": 5}', "debunk 'a', field 'passages': met 5"),
        (b'{"id": "a", "myth": "m", "fact": "One.", "passages": ["Two."]}', "fact and passages say different things"),
        (b'{"id": "a", "myth": "\xff"}', "met byte 0xff; expected UTF-8"),
    ],
)
def test_a_bad_line_is_rejected_with_its_number_and_the_others_are_read(line: bytes, why: str) -> None:
    good = b'{"id": "good", "myth": "m", "rating": "false"}'
    records = read(good + b"\n\n" + line + b"\n" + good)
    assert [type(record) for record in records] == [Debunk, Rejected, Debunk]
    assert isinstance(records[1], Rejected)
    assert records[1].where == "debunks.jsonl, line 3"
    assert why in records[1].why


@pytest.mark.parametrize(
    "line",
    [
        '{"id":"a","myth":"m","fact":"f","passages":5}',
        '{"id":"a","myth":"m","rating":"false","translations":{"uk":"x"}}',
    ],
)
def test_fields_of_the_wrong_kind_are_rejected_and_stop_nothing(line: str) -> None:
    first, second = read(f'{line}\n{{"id":"b","myth":"m","rating":"false"}}'.encode())
    assert isinstance(first, Rejected)
    assert first.why.startswith("debunk 'a'")
    assert isinstance(second, Debunk)
