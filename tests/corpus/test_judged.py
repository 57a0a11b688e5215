"""Judged posts: what ships is whole, parted and frozen; what is read is checked."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from corpus.errors import UnreadableSource
from corpus.judged import DEV, DEV_HOSTILE, DEV_LANGUAGES, JUDGED, read_judged

POST = {
    "id": "a",
    "text": "The bridge was sold",
    "lang": "en",
    "debunk_id": "bridge",
    "relation": "repeats",
    "kind": "x",
}


def test_the_dev_posts_are_those_that_were_frozen() -> None:
    frozen = dict(line.split()[::-1] for line in (JUDGED / "sha256.txt").read_text(encoding="utf-8").splitlines())
    open_dev = ["open-dev-myths.jsonl", "open-dev.jsonl"]
    assert sorted(frozen) == ["dev-hostile.jsonl", "dev-languages.jsonl", "dev.jsonl", *open_dev]
    for name, sha256 in frozen.items():
        assert hashlib.sha256((JUDGED / name).read_bytes()).hexdigest() == sha256, name


def test_the_dev_posts_are_of_every_kind_in_four_languages() -> None:
    posts = read_judged(DEV)
    assert Counter(post.lang for post in posts) == {"en": 161, "ru": 161, "uk": 161, "fr": 161}
    kinds = Counter(post.kind for post in posts)
    assert (kinds["near_miss"], kinds["far"], kinds["long"], kinds["long_none"]) == (200, 80, 48, 16)
    assert (kinds["negated"], kinds["unnegated"], kinds["report"]) == (40, 40, 60)
    assert {post.debunk_id for post in posts if post.debunk_id} == {f"nato.int-115204-{n}" for n in range(1, 6)}
    assert len({post.lang for post in read_judged(DEV_LANGUAGES)}) == 10
    assert Counter(post.kind for post in read_judged(DEV_HOSTILE)) == {"hostile": 80, "degenerate": 70}


def test_a_long_post_says_where_its_claims_stand() -> None:
    for post in read_judged(DEV):
        if post.kind == "long":
            assert 110 <= len(post.text.split()) <= 360, post.id
            assert post.spans, post.id
            assert post.debunk_id == post.spans[0].debunk_id
            assert all(re.match(r"\S", post.text[span.start : span.end]) for span in post.spans), post.id
        else:
            assert not post.spans, post.id


def lines(folder: Path, *posts: Mapping[str, object] | str) -> Path:
    path = folder / "posts.jsonl"
    path.write_text("\n".join(post if isinstance(post, str) else json.dumps(post) for post in posts), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("{", "line 2: expected one JSON object in UTF-8"),
        ({**POST, "id": "b", "relation": "agrees"}, "line 2, relation: expected 'repeats', 'denies'"),
        ({**POST, "id": "b", "relation": "none"}, '"debunk_id": null exactly where the relation is "none"'),
        ({**POST, "id": "b", "lang": "klingon!"}, "line 2, lang: expected a BCP 47 language tag"),
        ({**POST, "id": "a"}, "line 2: id 'a' is that of line 1"),
        ({**POST, "id": "b", "txet": 1}, "line 2, txet"),
        (
            {**POST, "id": "b", "spans": [{"start": 3, "end": 99, "debunk_id": "bridge", "relation": "denies"}]},
            "expected every span inside the text",
        ),
    ],
)  # fmt: skip
def test_a_bad_line_is_named_and_the_text_is_not_quoted(tmp_path: Path, line: dict[str, object], expected: str) -> None:
    with pytest.raises(UnreadableSource) as caught:
        read_judged(lines(tmp_path, POST, line))
    assert expected in str(caught.value)
    assert "bridge was sold" not in str(caught.value)


def test_a_post_is_about_its_debunk_and_those_of_its_spans(tmp_path: Path) -> None:
    span = {"start": 0, "end": 3, "debunk_id": "moon", "relation": "denies"}
    (post,) = read_judged(lines(tmp_path, {**POST, "spans": [span]}))
    assert post.debunk_ids == {"bridge", "moon"}
    (none,) = read_judged(lines(tmp_path, {**POST, "debunk_id": None, "relation": "none"}))
    assert none.debunk_ids == frozenset()


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableSource, match="cannot be read"):
        read_judged(tmp_path / "absent.jsonl")
