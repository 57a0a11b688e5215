"""Where a signal's match ends: for each encoder that ships, the lowest cosine of two signals that is a match, measured.

Tools that exchange signals compare two texts and nothing else: there is no calibration, no background, no threshold of
a request. The cut-off is chosen by the rule that chooses a calibration's `match`: the lowest at which 98 in 100 matched
posts are matched to their own debunk. `python -m scripts.measure_signals` writes the file that stands beside this one.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from corpus.model import Debunk
from embeddings.encoder import Encoder
from embeddings.vectors import Vectors
from service.errors import InvalidSetting
from service.matching.claims import plainly

CUTS = Path(__file__).with_suffix(".json")
MAX_CHARS = 20_000  # of a text that is hashed: what comes behind them is beyond what an encoder reads


@dataclass(frozen=True)
class SignalCut:
    """What an encoder's signals are, and the cosine from which two of them are a match."""

    encoder: str
    fingerprint: str
    dimensions: int
    cosine: float
    posts: int  # of these figures: a post is matched to the debunk of its nearest wording
    wordings: int
    precision: float
    recall: float
    others_refused: float

    @property
    def distance(self) -> float:
        """Return the cosine distance up to which two signals are a match."""
        return round(1.0 - self.cosine, 4)


def cut_of(encoder: str) -> SignalCut:
    """Return the cut-off of the encoder that MYTHMATCH_ENCODER names; raises InvalidSetting where none was measured."""
    cuts = json.loads(CUTS.read_text(encoding="utf-8"))
    if encoder not in cuts:
        raise InvalidSetting(
            f"MYTHMATCH_ENCODER: met {encoder!r}; signals have a measured cut-off for {', '.join(cuts)} alone; choose"
            " one of these, or measure another with scripts.measure_signals"
        )
    return SignalCut(**cuts[encoder])


def write_cut(encoder: str, cut: SignalCut) -> None:
    """Put the cut-off in the place of the one that the encoder had."""
    cuts = json.loads(CUTS.read_text(encoding="utf-8")) if CUTS.is_file() else {}
    cuts[encoder] = asdict(cut)
    CUTS.write_text(json.dumps(dict(sorted(cuts.items())), indent=2) + "\n", encoding="utf-8")


def signal_rows(encoder: Encoder, texts: Sequence[str]) -> Vectors:
    """Return one row a text as signals carry it: encoded as a claim is, rounded to half precision, of length 1."""
    rows = encoder.encode_queries([plainly(text[:MAX_CHARS]) for text in texts])
    return of_length_1(rows.astype(np.float16).astype(np.float32))


def of_length_1(rows: Vectors) -> Vectors:
    """Return the rows at length 1, which rounding took them from."""
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def wordings_of(debunk: Debunk) -> list[str]:
    """Return the texts of a debunk that stand for its myth: the myth, then its variants, each once."""
    return list(dict.fromkeys([debunk.myth, *(variant.text for variant in debunk.variants)]))
