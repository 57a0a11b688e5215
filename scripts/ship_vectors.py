"""Encodes the texts that ship and writes their vectors beside the calibrations, so that a first start need not."""

import hashlib

import numpy as np

from corpus.importing import SHIPPED, read_sources
from corpus.judged import TRAIN, read_judged
from corpus.model import Debunk
from corpus.source import open_source
from scripts.terminal import DONE, parser, run
from service.builder import AS_CLAIMS, examples_of, passages_of, shared_titles
from service.matching.claims import plainly
from service.settings import Settings
from service.wiring import SHIPPED_VECTORS, open_encoder


def main() -> int:
    """Write one file for claims and one for passages, at 16 bits a number; return the exit code."""
    parser("ship_vectors", __doc__ or "").parse_args()
    encoder = open_encoder(Settings.from_environment())
    records = read_sources(open_source(path, {}) for path in SHIPPED)
    debunks = [record for record in records if isinstance(record, Debunk)]
    passages = [passage for debunk in debunks for passage in passages_of(debunk, shared_titles(debunks))]
    claims = {plainly(passage.text) for passage in passages if passage.kind in AS_CLAIMS}
    claims |= {plainly(example.text) for example in examples_of(read_judged(TRAIN))}
    facts = {passage.text for passage in passages if passage.kind not in AS_CLAIMS}
    folder = SHIPPED_VECTORS / encoder.fingerprint
    folder.mkdir(parents=True, exist_ok=True)
    for kind, texts, encode in (("query", claims, encoder.encode_queries), ("passage", facts, encoder.encode_passages)):
        ordered = sorted(texts)
        keys = np.array([list(hashlib.sha256(text.encode()).digest()) for text in ordered], dtype=np.uint8)
        np.savez(folder / f"{kind}-shipped.npz", keys=keys, rows=encode(ordered).astype(np.float16))
        print(f"{folder / kind}-shipped.npz: {len(ordered)} texts")
    return DONE


if __name__ == "__main__":
    run(main)
