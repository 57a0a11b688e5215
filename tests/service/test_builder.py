"""The builder: every text a vector, and nothing encoded twice."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from corpus.model import Debunk, Wording
from corpus.store import CorpusStore
from embeddings.snapshot import current_folder, load_snapshot
from embeddings.toy import ToyEncoder
from embeddings.vectors import Vectors
from service.builder import Built, build_snapshot, passages_of

DEBUNK = Debunk(
    id="bridge",
    myth="The bridge was sold",
    lang="en",
    variants=(Wording(text="Мост продан", lang="ru"),),
    passages=("It was not.", "It is ours."),
)


class CountingEncoder(ToyEncoder):
    """The toy encoder, which also keeps what it was asked to encode."""

    def __init__(self) -> None:
        self.queries: list[str] = []
        self.passages: list[str] = []

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        self.queries.extend(texts)
        return super().encode_passages(texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        self.passages.extend(texts)
        return super().encode_passages(texts)


def build(store: CorpusStore, folder: Path) -> tuple[Built, CountingEncoder]:
    encoder = CountingEncoder()
    return build_snapshot(store, encoder, folder / "snapshots", "flat"), encoder


def test_each_wording_and_each_paragraph_is_a_passage() -> None:
    assert [(p.kind, p.text, p.lang) for p in passages_of(DEBUNK)] == [
        ("myth", "The bridge was sold", "en"),
        ("variant", "Мост продан", "ru"),
        ("fact", "It was not.", "en"),
        ("fact", "It is ours.", "en"),
    ]


def test_wordings_are_encoded_as_claims_and_facts_as_passages(tmp_path: Path) -> None:
    with CorpusStore.open(f"sqlite:///{tmp_path / 'corpus.db'}") as store:
        store.put([DEBUNK])
        _, encoder = build(store, tmp_path)
    assert encoder.queries == ["The bridge was sold", "Мост продан"]
    assert encoder.passages == ["It was not.", "It is ours."]


def test_a_second_build_encodes_only_what_is_new(tmp_path: Path) -> None:
    with CorpusStore.open(f"sqlite:///{tmp_path / 'corpus.db'}") as store:
        store.put([DEBUNK])
        first, _ = build(store, tmp_path)
        assert (first.passages, first.encoded, first.corpus_revision) == (4, 4, 1)
        again, encoder = build(store, tmp_path)
        assert (again.passages, again.encoded, encoder.queries, encoder.passages) == (4, 0, [], [])
        store.put([DEBUNK.model_copy(update={"passages": ("It was not.", "It is the city's.")})])
        changed, encoder = build(store, tmp_path)
        assert (changed.corpus_revision, changed.encoded, encoder.passages) == (2, 1, ["It is the city's."])
    assert current_folder(tmp_path / "snapshots") == changed.folder
    snapshot = load_snapshot(changed.folder)
    for key, passage in enumerate(snapshot.passages):
        (expected,) = ToyEncoder().encode_passages([passage.text])
        assert snapshot.index.vectors([key])[0] @ expected == pytest.approx(1.0, abs=1e-6)


def test_a_removed_debunk_is_gone_from_the_snapshot(tmp_path: Path) -> None:
    with CorpusStore.open(f"sqlite:///{tmp_path / 'corpus.db'}") as store:
        store.put([DEBUNK])
        build(store, tmp_path)
        store.remove(["bridge"])
        built, _ = build(store, tmp_path)
    snapshot = load_snapshot(built.folder)
    assert (built.passages, len(snapshot.index), snapshot.documents) == (0, 0, {})
