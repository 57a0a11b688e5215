"""Records cut out of a JSON document: the same as a parser of the whole finds, and more where it is broken."""

import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.formats import json_records
from corpus.formats.json_records import Record, cut, parse, salvage

VALUES = st.recursive(
    st.integers() | st.booleans() | st.text(max_size=6) | st.sampled_from(['"', "\\", "{", "]", '\\"', "é\U0001f600"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
)
OBJECTS = st.lists(st.dictionaries(st.text(max_size=4), VALUES, max_size=3), max_size=5)


class Dripping(io.BytesIO):
    """A stream that gives a few bytes at a time."""

    def __init__(self, content: bytes, n_bytes: int) -> None:
        super().__init__(content)
        self.n_bytes = n_bytes

    def read(self, _: int | None = -1, /) -> bytes:
        return super().read(self.n_bytes)


def records(content: str, n_bytes: int = 1 << 20) -> list[Record]:
    return list(cut(Dripping(content.encode(), n_bytes), "x.json", ("@graph",)))


@settings(deadline=None)
@given(OBJECTS, st.integers(1, 40), st.booleans(), st.sampled_from([None, 1]))
def test_whatever_the_records_and_however_they_arrive_they_are_those_of_a_parser(
    values: list[Any], n_bytes: int, is_ascii: bool, indent: int | None
) -> None:
    whole = json.dumps(values, ensure_ascii=is_ascii, indent=indent)
    assert [parse(record) for record in records(whole, n_bytes)] == values
    graph = json.dumps({"a": [1], "@graph": values, "z": {}}, ensure_ascii=is_ascii, indent=indent)
    *inner, frame = records(graph, n_bytes)
    assert [parse(record) for record in inner] == values
    assert parse(frame) == {"a": [1], "@graph": [], "z": {}}
    lines = "\n".join(json.dumps(value, indent=indent) for value in values)
    assert [parse(record) for record in records(lines, n_bytes)] == values


def test_a_record_knows_its_number_its_line_and_the_array_that_holds_it() -> None:
    read = records('{"@context": "x",\n "@graph": [\n{"a": 1}, null,\n{"a": 2}\n]}')
    assert [(record.number, record.line, record.container) for record in read] == [
        (1, 3, "@graph"),
        (2, 4, "@graph"),
        (3, 1, None),
    ]


def test_what_is_no_object_between_records_is_a_record_too() -> None:
    read = records('[{"a": 1}, null, 17, {"a": 2}, true]')
    assert [parse(record) for record in read] == [{"a": 1}, 17, {"a": 2}, True]


@pytest.mark.parametrize("lost", ['"a": "3"', "}"])
def test_a_record_without_an_end_is_let_go_and_those_behind_it_are_saved(
    lost: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_records, "MAX_RECORD_BYTES", 1000)
    lines = [f'{{"@type": "R", "a": "{n}", "b": {{}}}}' for n in range(200)]
    lines[3] = lines[3].replace(lost, lost[:-1], 1)
    saved, longest = [], 0
    for record in records("[" + ",\n".join(lines) + "]", n_bytes=100):
        longest = max(longest, len(record.raw))
        try:
            saved.append(parse(record))
        except ValueError:
            for neighbour in salvage(record):
                saved.append(parse(neighbour))
    assert [int(each["a"]) for each in saved] == [n for n in range(200) if n != 3]
    assert longest < 1200
