"""The builder: from the corpus to a snapshot that is in use."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from corpus.model import Debunk
from corpus.store import CorpusStore
from embeddings.encoder import Encoder
from embeddings.index import VectorIndex
from embeddings.snapshot import Passage, make_current, prune, vectors_by_passage, write_snapshot
from embeddings.vectors import Vectors
from service.wire import debunk_json

RECIPE = 1  # of a snapshot: raise it when `passages_of`, `_encoded` or `debunk_json` change
WORDINGS = ("myth", "variant")  # the kinds of passage that put the myth itself


@dataclass(frozen=True)
class Built:
    """A snapshot that was built: its folder, the revision it holds, its passages, and how many were encoded anew."""

    folder: Path
    corpus_revision: int
    passages: int
    encoded: int


def build_snapshot(store: CorpusStore, encoder: Encoder, root: Path, index_kind: str) -> Built:
    """Build the snapshot of the store's newest revision and make it the current one.

    Passages that the current snapshot holds already are not encoded again. Only one process may build at a time.
    """
    corpus = store.changes_since(0)
    passages = [passage for debunk in corpus.put for passage in passages_of(debunk)]
    known = vectors_by_passage(root, encoder, RECIPE)
    new = list(dict.fromkeys(passage for passage in passages if passage not in known))
    known.update(_encoded(new, encoder))
    index = VectorIndex(encoder.dimensions, index_kind)
    if passages:
        index.put(range(len(passages)), np.stack([known[passage] for passage in passages]))
    documents = {debunk.id: debunk_json(debunk) for debunk in sorted(corpus.put, key=lambda debunk: debunk.id)}
    folder = write_snapshot(root, encoder, (store.corpus_id, corpus.revision, RECIPE), index, passages, documents)
    make_current(root, folder)
    prune(root)
    return Built(folder, corpus.revision, len(passages), len(new))


def _encoded(passages: Sequence[Passage], encoder: Encoder) -> Iterator[tuple[Passage, Vectors]]:
    """Yield each passage with its vector: wordings of a myth as claims are encoded, facts as passages.

    A claim and a wording of a myth are texts of one kind, so both get the claim's prompt, and a claim in a myth's
    very words has cosine 1; measured in docs/decisions/0002-encode-wordings-as-claims.md.
    """
    wordings = [passage for passage in passages if passage.kind in WORDINGS]
    facts = [passage for passage in passages if passage.kind not in WORDINGS]
    yield from zip(wordings, encoder.encode_queries([passage.text for passage in wordings]), strict=True)
    yield from zip(facts, encoder.encode_passages([passage.text for passage in facts]), strict=True)


def passages_of(debunk: Debunk) -> list[Passage]:
    """Return the texts of a debunk that get a vector each: the myth, its variants, the paragraphs of the fact."""
    return [
        Passage(debunk.id, "myth", debunk.myth, debunk.lang),
        *(Passage(debunk.id, "variant", variant.text, variant.lang) for variant in debunk.variants),
        *(Passage(debunk.id, "fact", text, debunk.lang) for text in debunk.passages),
    ]
