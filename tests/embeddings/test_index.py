"""VectorIndex: every kind against numpy, for values and not only for order."""

from pathlib import Path

import numpy as np
import pytest

from embeddings.errors import IndexRefused
from embeddings.index import INDEX_KINDS, VectorIndex
from embeddings.vectors import Vectors

DIMENSIONS = 64
KINDS = sorted(INDEX_KINDS)
REMOVING = [kind for kind in KINDS if INDEX_KINDS[kind].removes]


def unit_rows(count: int, seed: int) -> Vectors:
    """Rows that cluster, as texts do: noise around a few centres."""
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(0).normal(size=(20, DIMENSIONS))
    rows = centres[random.integers(0, 20, count)] + 0.4 * random.normal(size=(count, DIMENSIONS))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float32)


STORED, QUERIES = unit_rows(500, seed=1), unit_rows(40, seed=2)
KEYS = [7 * place + 3 for place in range(500)]  # keys are names, not places
EXACT = QUERIES.astype(np.float64) @ STORED.T.astype(np.float64)


@pytest.fixture(params=KINDS)
def index(request: pytest.FixtureRequest) -> VectorIndex:
    made = VectorIndex(DIMENSIONS, request.param)
    made.put(KEYS, STORED)
    return made


def test_every_cosine_found_is_numpys(index: VectorIndex) -> None:
    for row, neighbours in zip(EXACT, index.search(QUERIES, 10), strict=True):
        assert len(neighbours) == 10
        for key, cosine in neighbours:
            assert cosine == pytest.approx(row[KEYS.index(key)], abs=1e-5)


def test_the_neighbours_found_are_the_nearest_best_first(index: VectorIndex) -> None:
    found = index.search(QUERIES, 10)
    expected = [{KEYS[place] for place in np.argsort(-row)[:10]} for row in EXACT]
    recall = np.mean([len({key for key, _ in row} & nearest) for row, nearest in zip(found, expected, strict=True)])
    assert recall >= (10.0 if index.kind == "flat" else 9.8)
    for row in found:
        assert [cosine for _, cosine in row] == sorted((cosine for _, cosine in row), reverse=True)


def test_cosines_and_vectors_of_given_keys_are_numpys(index: VectorIndex) -> None:
    wanted = [KEYS[400], KEYS[3]]
    np.testing.assert_allclose(index.cosines(QUERIES[0], wanted), EXACT[0, [400, 3]], atol=1e-5)
    np.testing.assert_array_equal(index.vectors(wanted), STORED[[400, 3]])


def test_a_saved_index_answers_the_same(index: VectorIndex, tmp_path: Path) -> None:
    index.save(tmp_path / "vectors")
    loaded = VectorIndex.load(tmp_path / "vectors", index.kind)
    assert loaded.dimensions == DIMENSIONS
    assert len(loaded) == 500
    assert loaded.search(QUERIES, 5) == index.search(QUERIES, 5)


def test_a_vector_finds_itself_with_cosine_1(index: VectorIndex) -> None:
    for place in (0, 499):
        (best,) = index.search(STORED[place : place + 1], 1)[0]
        assert best.key == KEYS[place]
        assert best.cosine == pytest.approx(1.0, abs=1e-5)
        assert best.cosine <= 1.0


@pytest.mark.parametrize("kind", REMOVING)
def test_removed_vectors_are_found_no_more(kind: str) -> None:
    index = VectorIndex(DIMENSIONS, kind)
    index.put(KEYS, STORED)
    assert index.remove([KEYS[0], KEYS[1], -5]) == 2
    assert len(index) == 498
    assert KEYS[0] not in {key for key, _ in index.search(STORED[:1], 498)[0]}
    with pytest.raises(IndexRefused, match="met key 3; expected one of the 498 stored keys"):
        index.vectors([KEYS[0]])


@pytest.mark.parametrize("kind", REMOVING)
def test_a_key_put_again_has_the_new_vector(kind: str) -> None:
    index = VectorIndex(DIMENSIONS, kind)
    index.put([1, 2], STORED[:2])
    index.put([2, 3], STORED[2:4])
    assert len(index) == 3
    np.testing.assert_array_equal(index.vectors([1, 2, 3]), STORED[[0, 2, 3]])


def test_hnsw_says_that_it_cannot_remove() -> None:
    index = VectorIndex(DIMENSIONS, "hnsw")
    index.put([1], STORED[:1])
    with pytest.raises(IndexRefused, match="'hnsw' cannot remove; build a new one"):
        index.remove([1])


def test_an_empty_index_finds_nothing() -> None:
    assert VectorIndex(DIMENSIONS).search(QUERIES[:2], 5) == [[], []]


def test_more_neighbours_than_there_are_is_all_of_them() -> None:
    index = VectorIndex(DIMENSIONS)
    index.put([1, 2], STORED[:2])
    assert {key for key, _ in index.search(QUERIES[:1], 100)[0]} == {1, 2}


@pytest.mark.parametrize(
    ("keys", "vectors", "message"),
    [
        ([1], STORED[:1, :32], r"shape \(1, 32\); expected float32 of shape \(n, 64\)"),
        ([1], STORED[:1].astype(np.float64), "met float64"),
        ([1], 2 * STORED[:1], "length is not 1"),
        ([1], np.full((1, DIMENSIONS), np.nan, dtype=np.float32), "length is not 1"),
        ([1, 2], STORED[:1], "met 2 keys for 1 vectors"),
        ([1, 1], STORED[:2], "one distinct key a vector"),
    ],
)
def test_what_is_no_unit_vector_with_a_key_is_refused(keys: list[int], vectors: Vectors, message: str) -> None:
    with pytest.raises(IndexRefused, match=message):
        VectorIndex(DIMENSIONS).put(keys, vectors)


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(IndexRefused, match="met index kind 'tree'; expected one of flat, hnsw"):
        VectorIndex(DIMENSIONS, "tree")


@pytest.mark.parametrize("path", ["absent/vectors", "/dev/full"])
def test_a_disk_that_does_not_take_the_index_is_a_clear_error(tmp_path: Path, path: str) -> None:
    index = VectorIndex(DIMENSIONS)
    index.put(KEYS, STORED)
    with pytest.raises(IndexRefused, match=r"cannot write .*; is there room on the disk"):
        index.save(tmp_path / path)


def test_a_file_that_is_no_index_is_refused(tmp_path: Path) -> None:
    (tmp_path / "vectors").write_bytes(b"nothing that FAISS wrote")
    with pytest.raises(IndexRefused, match="holds no index that FAISS"):
        VectorIndex.load(tmp_path / "vectors", "flat")
