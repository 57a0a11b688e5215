"""Lessons: what judged posts and inference pairs become before an adapter is trained on them."""

import gzip
import json
import random
from collections import Counter
from pathlib import Path

import pytest

from corpus.judged import JudgedPost
from corpus.model import Debunk
from embeddings.pair_training import LabelledPair
from service.lessons import balanced, files_sha256, inference_pairs, lessons_of, stance_pairs

pytestmark = pytest.mark.model  # the shapes of lessons come with PyTorch

BRIDGE = Debunk(id="bridge", myth="The bridge was sold", lang="en", passages=("It stands.",), variants=())
MOON = Debunk(id="moon", myth="The moon is cheese", lang="en", passages=("It is rock.",), variants=())


def post(text: str, debunk_id: str | None, relation: str, near: str | None = None) -> JudgedPost:
    how = {"lang": "en", "relation": relation, "kind": "direct", "near": near}
    return JudgedPost.model_validate({"id": text, "text": text, "debunk_id": debunk_id, **how})


POSTS = [
    post("They sold it!!!", "bridge", "repeats"),
    post("Nobody sold it", "bridge", "denies"),
    post("He says it was sold", "bridge", "reports"),
    post("The bridge was painted", None, "none", "bridge"),
    post("Cheese is dear", None, "none"),
    post("The moon, of cheese", "moon", "repeats"),
]


def test_denials_and_reports_teach_what_a_post_is_about_and_near_misses_what_it_is_not() -> None:
    (lesson,) = lessons_of([BRIDGE, MOON], POSTS)  # of the moon there is no near miss
    assert lesson.names == ["The bridge was sold"]
    assert list(lesson.answers) == ["It stands."]
    assert lesson.posts == ["They sold it!", "Nobody sold it", "He says it was sold"]
    assert lesson.near == ["The bridge was painted"]


def test_each_post_that_is_about_a_myth_or_near_to_one_is_a_pair_with_it() -> None:
    pairs = stance_pairs([BRIDGE, MOON], POSTS)
    assert [(pair.second, pair.label) for pair in pairs] == [
        ("The bridge was sold", 0),
        ("The bridge was sold", 1),
        ("The bridge was sold", 2),
        ("The bridge was sold", 3),
        ("The moon is cheese", 0),
    ]


def test_inference_pairs_keep_what_says_a_stance_and_is_as_short_as_a_post(tmp_path: Path) -> None:
    labels = ("entail", "contradict", "neutral", "paraphrase", "nonparaphrase", "not_entailment")
    lines = [{"premise": "It was sold", "hypothesis": "The sale", "label": label} for label in labels]
    lines.append({"premise": "x" * 401, "hypothesis": "a", "label": "entail"})
    lines.append({"premise": "x", "hypothesis": "a", "label": "entail"})
    path = tmp_path / "pairs.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, lines)).encode()))
    assert [pair.label for pair in inference_pairs(path)] == [0, 1, 3, 0, 3]


def test_no_label_is_likelier_than_another_in_what_is_balanced() -> None:
    pairs = [LabelledPair(str(n), "m", label) for label, count in ((0, 50), (1, 20), (3, 40)) for n in range(count)]
    draw = random.Random(1)
    assert Counter(pair.label for pair in balanced(pairs, 100, draw)) == {0: 20, 1: 20, 3: 10}
    assert Counter(pair.label for pair in balanced(pairs, 8, draw)) == {0: 8, 1: 8, 3: 4}
    without_denials = [pair for pair in pairs if pair.label != 1]
    assert Counter(pair.label for pair in balanced(without_denials, 100, draw)) == {0: 40, 3: 40}
    assert balanced(pairs, 8, random.Random(2)) == balanced(pairs, 8, random.Random(2))


def test_data_is_named_by_its_digest(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"abc")
    assert files_sha256([tmp_path / "a.jsonl"]) == {
        "a.jsonl": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    }
