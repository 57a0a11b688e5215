"""A signal type for python-threatexchange and HMA: a claim's embedding as the hash of a text, and its index.

The encoder is the one that MYTHMATCH_ENCODER names; it is loaded with the first text that is hashed, and by nothing
before. What is no signal is a ValueError, as everywhere in python-threatexchange.
"""

import base64
import binascii
import tempfile
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from threatexchange.content_type.content_base import ContentType
from threatexchange.content_type.text import TextContent
from threatexchange.signal_type.index import (
    IndexMatchUntyped,
    SignalSimilarityInfo,
    SignalSimilarityInfoWithSingleDistance,
    SignalTypeIndex,
)
from threatexchange.signal_type.signal_base import BytesHasher, SignalComparisonResult, SimpleSignalType, TextHasher

from corpus.importing import SHIPPED, read_sources
from corpus.model import Debunk
from corpus.source import open_source
from embeddings.encoder import Encoder, load_encoder
from embeddings.index import VectorIndex
from embeddings.vectors import Vectors
from service.errors import InvalidSetting
from service.settings import Settings
from service.sockets.signal_cuts import SignalCut, cut_of, of_length_1, signal_rows

T = TypeVar("T")
HalfRow = npt.NDArray[np.float16]
LENGTH_TOLERANCE = 2e-3  # of a row that was rounded to half precision
FIRST_LOOK, WIDER = 16, 4  # neighbours that are looked at, and how many times more when all of those match
DIGITS = 4  # of a distance: what is beyond differs from processor to processor


@cache
def the_cut() -> SignalCut:
    """Return the cut-off of the encoder that is set; raises InvalidSetting."""
    return cut_of(Settings.from_environment().encoder)


@cache
def the_encoder() -> Encoder:
    """Return the encoder that is set; raises InvalidSetting where the cut-off was measured with another of its name."""
    settings = Settings.from_environment()
    encoder = load_encoder(settings.encoder, settings.models_dir)
    if encoder.fingerprint != the_cut().fingerprint:
        raise InvalidSetting(
            f"met the encoder {encoder.name}@{encoder.fingerprint}; signals' cut-off was measured with"
            f" @{the_cut().fingerprint}; measure it again: python -m scripts.measure_signals --write"
        )
    return encoder


class ClaimEmbeddingIndex(SignalTypeIndex[T]):
    """Signals by cosine, each with what it was added with; the same signal may be there several times."""

    def __init__(self) -> None:
        self._vectors = VectorIndex(the_cut().dimensions)
        self._entries: list[T] = []

    def query(self, query: str) -> list[IndexMatchUntyped[SignalSimilarityInfo, T]]:
        """Return all that match, nearest first; an empty hash matches nothing. Raises ValueError for what is none."""
        if not query:
            return []
        row, looked_at = _row(query)[np.newaxis], FIRST_LOOK
        while True:
            near = [(_distance(each.cosine), each.key) for each in self._vectors.search(row, looked_at)[0]]
            matching = [(distance, key) for distance, key in near if distance <= the_cut().distance]
            if len(matching) < looked_at:
                break
            looked_at *= WIDER
        return [IndexMatchUntyped(SignalSimilarityInfoWithSingleDistance(d), self._entries[key]) for d, key in matching]

    def add(self, signal_str: str, entry: T) -> None:
        """Add a signal; raises ValueError for what is none. Many at once are far quicker by `add_all`."""
        self.add_all([(signal_str, entry)])

    def add_all(self, entries: Iterable[tuple[str, T]]) -> None:
        """Add all of them, or none: raises ValueError for a string that is no signal."""
        pairs = list(entries)
        if not pairs:
            return
        rows = np.stack([_row(signal) for signal, _ in pairs])
        self._vectors.put(range(len(self._entries), len(self._entries) + len(pairs)), rows)
        self._entries += [entry for _, entry in pairs]

    def dispose(self) -> None:
        """Give the memory back; the index is empty from then on."""
        self.__init__()  # type: ignore[misc]

    def __getstate__(self) -> dict[str, Any]:
        """Return what they pickle: the bytes that VectorIndex saves, whose signals these are, and the entries."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "vectors"
            self._vectors.save(path)
            vectors = path.read_bytes()
        return {"signal": ClaimEmbeddingSignal.get_name(), "vectors": vectors, "entries": self._entries}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the state over; raises ValueError for an index of another encoder's signals."""
        if state["signal"] != ClaimEmbeddingSignal.get_name():
            raise ValueError(
                f"met an index of {state['signal']}, expected {ClaimEmbeddingSignal.get_name()}; build it again"
            )
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "vectors"
            path.write_bytes(state["vectors"])
            self._vectors = VectorIndex.load(path, "flat")
        self._entries = state["entries"]


class ClaimEmbeddingSignal(SimpleSignalType, TextHasher, BytesHasher):
    """A text's embedding in half precision, as urlsafe base64: 1,024 characters with the encoder that ships."""

    @classmethod
    def get_name(cls) -> str:
        """Return a name that holds the encoder's fingerprint: signals of two encoders are never compared."""
        return f"mythmatch_claim_{the_cut().fingerprint}"

    @classmethod
    def get_content_types(cls) -> list[type[ContentType]]:
        """Return text."""
        return [TextContent]

    @classmethod
    def get_index_cls(cls) -> type[SignalTypeIndex[Any]]:
        """Return the index of these signals."""
        return ClaimEmbeddingIndex

    @classmethod
    def validate_signal_str(cls, signal_str: str) -> str:
        """Return the signal without the space around it; raises ValueError unless it is one that we could have made."""
        signal = signal_str.strip()
        _row(signal)
        return signal

    @classmethod
    def hash_from_str(cls, text: str) -> str:
        """Return the signal of a text, or an empty one for a text that says nothing."""
        return cls.hash_all([text])[0]

    @classmethod
    def hash_all(cls, texts: Sequence[str]) -> list[str]:
        """Return the signal of each text, in order; the encoder gets them all at once."""
        readable = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]  # no halves of surrogate pairs
        saying = [text for text in readable if _says_something(text)]
        rows = iter(signal_rows(the_encoder(), saying).astype("<f2") if saying else ())
        return [_text_of(next(rows)) if _says_something(text) else "" for text in readable]

    @classmethod
    def hash_from_bytes(cls, bytes_: bytes) -> str:
        """Return the signal of a text in UTF-8, or an empty one for bytes that are none."""
        try:
            return cls.hash_from_str(bytes_.decode("utf-8"))
        except UnicodeDecodeError:
            return ""

    @classmethod
    def hash_from_file(cls, file: Path) -> str:
        """Return the signal of a file in UTF-8, whatever the machine's own encoding is."""
        return cls.hash_from_bytes(file.read_bytes())

    @classmethod
    def compare_hash(cls, hash1: str, hash2: str) -> SignalComparisonResult:
        """Return the cosine distance of two signals and whether they match; raises ValueError for what is none."""
        return SignalComparisonResult.from_simple_dist(_distance(float(_row(hash1) @ _row(hash2))), the_cut().distance)

    @staticmethod
    def get_examples() -> list[str]:
        """Return the signals of the myths that ship."""
        read = read_sources(open_source(path, {}) for path in SHIPPED)
        return [ClaimEmbeddingSignal.hash_from_str(debunk.myth) for debunk in read if isinstance(debunk, Debunk)]


def _row(signal: str) -> Vectors:
    """Return a signal's row at length 1, shape (dimensions,); raises ValueError for what is no signal."""
    size = 2 * the_cut().dimensions
    chars = 4 * -(-size // 3)
    if len(signal) != chars:
        raise ValueError(f"met {len(signal)} characters, expected {chars}; is it a hash of {_signal_name()}?")
    try:
        raw = base64.urlsafe_b64decode(signal.encode("ascii"))
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError(f"met no urlsafe base64, which every hash of {_signal_name()} is") from error
    if base64.urlsafe_b64encode(raw).decode("ascii") != signal:  # one vector has one spelling
        raise ValueError(
            f"met base64 in another spelling than that of {_signal_name()}; use - and _, and no other signs"
        )
    row = np.frombuffer(raw, dtype="<f2").astype(np.float32) if len(raw) == size else np.zeros(1, np.float32)
    if not abs(float(np.linalg.norm(row)) - 1.0) < LENGTH_TOLERANCE:  # also true of NaN
        raise ValueError(f"met numbers that are no vector of length 1; is it a hash of {_signal_name()}?")
    scaled: Vectors = of_length_1(row[np.newaxis])[0]
    return scaled


def _text_of(row: HalfRow) -> str:
    return base64.urlsafe_b64encode(row.tobytes()).decode("ascii")


def _says_something(text: str) -> bool:
    return not all(unicodedata.category(char)[0] in "CZ" for char in text)


def _signal_name() -> str:
    return ClaimEmbeddingSignal.get_name()


def _distance(cosine: float) -> float:
    return round(max(0.0, 1.0 - cosine), DIGITS)
