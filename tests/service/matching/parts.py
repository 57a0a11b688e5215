"""Small real parts for these tests: snapshots in memory, and calibrations made by hand."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from embeddings.examples import Example, Examples
from embeddings.index import VectorIndex
from embeddings.snapshot import Manifest, Passage, Snapshot, examples_sha256
from embeddings.toy import ToyEncoder
from embeddings.vectors import Vectors
from embeddings.words import WordIndex
from service.matching.claims import plainly
from service.matching.evidence import FEATURES
from service.matching.scoring import Calibration, Scorer, Thresholds
from service.matching.stance import CUE_FEATURES, FUSED_FEATURES, StanceCalibration, StanceScorer

TOY = ToyEncoder()


def unit(rows: npt.ArrayLike) -> Vectors:
    """Return the rows scaled to length 1."""
    wide = np.atleast_2d(np.asarray(rows, dtype=np.float64))
    return np.asarray(wide / np.linalg.norm(wide, axis=1, keepdims=True), dtype=np.float32)


def toy_examples(texts: Sequence[Example]) -> Examples:
    """Return the examples with the toy encoder's rows."""
    return Examples(list(texts), TOY.encode_queries([plainly(example.text) for example in texts]))


def snapshot(
    passages: Sequence[Passage], examples: Examples | None = None, rows: Vectors | None = None, kind: str = "flat"
) -> Snapshot:
    """Return a snapshot of these passages; their rows are the toy encoder's unless given."""
    if rows is None:
        rows = TOY.encode_queries([plainly(passage.text) for passage in passages])
    if examples is None:
        examples = Examples([], np.zeros((0, rows.shape[1]), dtype=np.float32))
    index = VectorIndex(rows.shape[1], kind)
    if len(passages):
        index.put(range(len(passages)), rows)
    manifest = Manifest(
        format=2,
        encoder_name=TOY.name,
        encoder_fingerprint=TOY.fingerprint,
        dimensions=rows.shape[1],
        corpus_id="c",
        corpus_revision=1,
        recipe=1,
        index_kind=kind,
        passages=len(passages),
        documents=0,
        examples_sha256=examples_sha256(examples.texts),
        built_at="",
        files={},
    )
    words = WordIndex.build([(passage.text, passage.lang) for passage in passages])
    return Snapshot(Path("unused"), manifest, index, list(passages), {}, examples, words)


def myths(texts: dict[str, str], lang: str = "en") -> list[Passage]:
    """Return one myth a debunk, by its id."""
    return [Passage(debunk_id, "myth", text, lang) for debunk_id, text in texts.items()]


def scorer(bias: float = 0.0, **weights: float) -> Scorer:
    """Return the scorer that weighs the named features as they are, and no other."""
    assert set(weights) <= set(FEATURES)
    none, one = np.zeros(len(FEATURES)), np.ones(len(FEATURES))
    return Scorer(np.array([weights.get(name, 0.0) for name in FEATURES]), none, one, bias)


def calibration(
    held: Snapshot, bare: Scorer, thresholds: Thresholds, well_known: Scorer | None = None, **card: float | str
) -> Calibration:
    """Return a calibration that belongs to the snapshot."""
    manifest = held.manifest
    belongs = (manifest.encoder_fingerprint, manifest.examples_sha256)
    return Calibration("by-hand", *belongs, well_known or bare, bare, thresholds, CUES_BY_HAND, card)


def stance_scorer(
    features: Sequence[str], biases: tuple[float, float, float], **weights: tuple[float, float, float]
) -> StanceScorer:
    """Return the scorer that weighs the named features as they are for repeats, denies, reports, and no other."""
    assert set(weights) <= set(features)
    none, one = np.zeros(len(features)), np.ones(len(features))
    rows = np.array([weights.get(name, (0.0, 0.0, 0.0)) for name in features])
    return StanceScorer(rows, none, one, np.array(biases))


# a debunk word denies, a reporting word reports, all else repeats; the pair model says more than both
BY_CUES = {"debunks": (0.0, 8.0, 0.0), "reports": (0.0, 0.0, 6.0)}
BY_PAIR = {"pair_denies": (0.0, 3.0, 0.0), "pair_reports": (0.0, 0.0, 3.0), "pair_repeats": (3.0, 0.0, 0.0)}
STANCE_BY_HAND = StanceCalibration(
    stance_scorer(CUE_FEATURES, (3.0, 0.0, 0.0), **BY_CUES),
    stance_scorer(FUSED_FEATURES, (0.0, 0.0, 0.0), **BY_PAIR),
    "pair-by-hand",
    0.6,
    0.6,
)


def values(features: dict[str, float]) -> npt.NDArray[np.float32]:
    """Return the evidence that holds these features, and 0 for each other."""
    return np.array([features.get(name, 0.0) for name in FEATURES], dtype=np.float32)


CUES_BY_HAND = replace(STANCE_BY_HAND, fused=None, pair_identity=None)
