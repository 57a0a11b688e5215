"""The builder: every text a vector, and nothing encoded twice."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from corpus.judged import JudgedPost, JudgedSpan
from corpus.model import Debunk, Wording
from corpus.store import CorpusStore
from embeddings.examples import Example
from embeddings.snapshot import current_folder, load_snapshot
from embeddings.toy import ToyEncoder
from embeddings.vectors import Vectors
from service import builder
from service.builder import Built, build_snapshot, examples_of, passages_of
from service.matching.claims import WHOLE_WORDS, plainly

DEBUNK = Debunk(
    id="bridge",
    myth="The bridge was sold",
    lang="en",
    variants=(Wording(text="Мост продан", lang="ru"),),
    passages=("It was not.", "It is ours."),
)


SOLD = JudgedPost(id="1", text="They SOLD it‼", lang="en", debunk_id="bridge", relation="repeats", kind="slang")
CAKE = JudgedPost(id="2", text="Bake a cake", lang="en", debunk_id=None, relation="none", kind="far")


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


def build(store: CorpusStore, folder: Path, judged: Sequence[JudgedPost] = ()) -> tuple[Built, CountingEncoder]:
    encoder = CountingEncoder()
    return build_snapshot(store, encoder, folder / "snapshots", "flat", judged), encoder


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


def test_a_short_post_is_an_example_as_a_whole_and_a_long_one_each_of_its_claims() -> None:
    text = "It rains. The bridge was sold. " + "la " * WHOLE_WORDS + "The bridge is no more."
    spans = (
        JudgedSpan(start=10, end=30, debunk_id="bridge", relation="repeats"),
        JudgedSpan(start=len(text) - 22, end=len(text), debunk_id="other", relation="denies"),
    )
    long = JudgedPost(id="3", text=text, lang="en", debunk_id="bridge", relation="repeats", kind="long", spans=spans)
    unmarked = JudgedPost(id="4", text=text, lang="en", debunk_id=None, relation="none", kind="long")
    again = SOLD.model_copy(update={"id": "5"})
    assert examples_of([SOLD, CAKE, long, unmarked, again]) == [
        Example("They SOLD it‼", "en", "bridge"),
        Example("Bake a cake", "en", None),
        Example("The bridge was sold.", "en", "bridge"),
        Example("The bridge is no more.", "en", "other"),
    ]


def test_examples_are_encoded_as_claims_plainly_spelt_and_kept_as_they_were_written(tmp_path: Path) -> None:
    with CorpusStore.open(f"sqlite:///{tmp_path / 'corpus.db'}") as store:
        store.put([DEBUNK])
        built, encoder = build(store, tmp_path, [SOLD, CAKE])
    assert (built.passages, built.encoded) == (4, 6)
    assert encoder.queries == [plainly(SOLD.text), "Bake a cake", "The bridge was sold", "Мост продан"]
    examples = load_snapshot(built.folder).examples
    assert examples.texts == [Example(SOLD.text, "en", "bridge"), Example("Bake a cake", "en", None)]
    assert examples.rows == pytest.approx(ToyEncoder().encode_passages([plainly(SOLD.text), "Bake a cake"]), abs=1e-6)


def test_a_second_build_encodes_no_example_again(tmp_path: Path) -> None:
    more = JudgedPost(id="6", text="Sing a song", lang="en", debunk_id=None, relation="none", kind="far")
    with CorpusStore.open(f"sqlite:///{tmp_path / 'corpus.db'}") as store:
        store.put([DEBUNK])
        first, _ = build(store, tmp_path, [SOLD, CAKE])
        rows = load_snapshot(first.folder).examples.rows
        again, encoder = build(store, tmp_path, [SOLD, CAKE])
        assert (again.encoded, encoder.queries, encoder.passages) == (0, [], [])
        assert np.array_equal(load_snapshot(again.folder).examples.rows, rows)
        larger, encoder = build(store, tmp_path, [more, SOLD, CAKE])
        assert (larger.encoded, encoder.queries) == (1, ["Sing a song"])
        assert np.array_equal(load_snapshot(larger.folder).examples.rows[1:], rows)
        nobodys = SOLD.model_copy(update={"debunk_id": None, "relation": "none"})
        other, encoder = build(store, tmp_path, [nobodys])
        assert (other.encoded, encoder.queries) == (0, [])
        examples = load_snapshot(other.folder).examples
    assert examples.texts == [Example(SOLD.text, "en", None)]
    assert np.array_equal(examples.rows, rows[:1])


def test_a_snapshot_of_the_recipe_before_lends_no_vectors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with CorpusStore.open(f"sqlite:///{tmp_path / 'corpus.db'}") as store:
        store.put([DEBUNK])
        build(store, tmp_path, [SOLD])
        monkeypatch.setattr(builder, "RECIPE", builder.RECIPE + 1)
        anew, _ = build(store, tmp_path, [SOLD])
    assert anew.encoded == 5


def test_a_removed_debunk_is_gone_from_the_snapshot(tmp_path: Path) -> None:
    with CorpusStore.open(f"sqlite:///{tmp_path / 'corpus.db'}") as store:
        store.put([DEBUNK])
        build(store, tmp_path)
        store.remove(["bridge"])
        built, _ = build(store, tmp_path)
    snapshot = load_snapshot(built.folder)
    assert (built.passages, len(snapshot.index), snapshot.documents) == (0, 0, {})
