"""Candidates: one a debunk, by its nearest passage, and none that is nearer left out."""

from pathlib import Path

import numpy as np
import pytest

from embeddings.index import VectorIndex
from embeddings.snapshot import Manifest, Passage, Snapshot
from embeddings.toy import ToyEncoder
from service.matching.retrieval import search


def snapshot(texts: list[tuple[str, str]]) -> Snapshot:
    encoder = ToyEncoder()
    passages = [Passage(owner, "myth", text, "en") for owner, text in texts]
    index = VectorIndex(encoder.dimensions)
    if passages:
        index.put(range(len(passages)), encoder.encode_passages([passage.text for passage in passages]))
    manifest = Manifest(1, "toy", encoder.fingerprint, 256, "c", 1, 1, "flat", len(passages), 0, "", {})
    return Snapshot(Path("unused"), manifest, index, passages, {})


def test_a_debunk_is_found_once_by_its_nearest_passage() -> None:
    found = snapshot([("a", "the moon is cheese"), ("a", "the bridge was sold"), ("b", "the bridge is red")])
    (candidates,) = search(found, ToyEncoder().encode_queries(["the bridge was sold"]), 5)
    assert [candidate.debunk_id for candidate in candidates] == ["a", "b"]
    assert candidates[0].nearest.text == "the bridge was sold"
    assert candidates[0].cosine == pytest.approx(1.0, abs=1e-5)
    assert candidates[1].cosine < 1.0


def test_a_debunk_with_hundreds_of_wordings_does_not_hide_the_others() -> None:
    texts = [("loud", f"the bridge was sold {number}") for number in range(300)]
    texts += [("quiet", "a bridge"), ("still", "nothing of the kind"), ("far", "cheese")]
    (candidates,) = search(snapshot(texts), ToyEncoder().encode_queries(["the bridge was sold"]), 3)
    assert [candidate.debunk_id for candidate in candidates] == ["loud", "quiet", "still"]


def test_the_candidates_are_those_that_numpy_finds() -> None:
    random = np.random.default_rng(3)
    words = ["bridge", "moon", "cheese", "sold", "river", "tax", "war", "peace", "doctor", "vaccine"]
    texts = [(f"d{number % 60}", " ".join(random.choice(words, 4))) for number in range(400)]
    claims = [" ".join(random.choice(words, 3)) for _ in range(20)]
    encoder = ToyEncoder()
    cosines = encoder.encode_queries(claims) @ encoder.encode_passages([text for _, text in texts]).T
    for row, candidates in zip(cosines, search(snapshot(texts), encoder.encode_queries(claims), 5), strict=True):
        best: dict[str, float] = {}
        for (owner, _), cosine in zip(texts, row, strict=True):
            best[owner] = max(best.get(owner, -1.0), float(cosine))
        expected = sorted(best.values(), reverse=True)[:5]
        assert [candidate.cosine for candidate in candidates] == pytest.approx(expected, abs=1e-5)
        for candidate in candidates:
            assert candidate.cosine == pytest.approx(best[candidate.debunk_id], abs=1e-5)


def test_an_empty_corpus_has_no_candidates() -> None:
    assert search(snapshot([]), ToyEncoder().encode_queries(["a", "b"]), 5) == [[], []]
