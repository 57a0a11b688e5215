"""The builder: from the corpus to a snapshot that is in use."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from corpus.judged import JudgedPost
from corpus.model import Debunk
from corpus.store import CorpusStore
from embeddings.encoder import Encoder
from embeddings.examples import Example, Examples
from embeddings.index import VectorIndex
from embeddings.snapshot import Passage, example_passage, make_current, prune, vectors_by_passage, write_snapshot
from embeddings.vectors import Vectors
from service.matching.claims import WHOLE_WORDS, plainly
from service.matching.shelf import WORDINGS
from service.wire import debunk_json

RECIPE = 3  # of a snapshot: raise it when `passages_of`, `examples_of`, `_encoded` or `debunk_json` change
AS_CLAIMS = (*WORDINGS, "example")  # the kinds of passage that are encoded as claims are


@dataclass(frozen=True)
class Built:
    """A snapshot that was built: its folder, the revision it holds, its passages, and how many were encoded anew."""

    folder: Path
    corpus_revision: int
    passages: int
    encoded: int


def build_snapshot(
    store: CorpusStore, encoder: Encoder, root: Path, index_kind: str, judged: Sequence[JudgedPost] = ()
) -> Built:
    """Build the snapshot of the store's newest revision and make it the current one; `judged` become its examples.

    Passages that the current snapshot holds already are not encoded again. Only one process may build at a time.
    """
    corpus = store.changes_since(0)
    shared = shared_titles(corpus.put)
    passages = [passage for debunk in corpus.put for passage in passages_of(debunk, shared)]
    known = vectors_by_passage(root, encoder, RECIPE)
    texts = examples_of(judged)
    wanted = [*passages, *map(example_passage, texts)]
    new = list(dict.fromkeys(passage for passage in wanted if passage not in known))
    known.update(_encoded(new, encoder))
    rows = [known[example_passage(example)] for example in texts]
    examples = Examples(texts, np.stack(rows) if rows else np.zeros((0, encoder.dimensions), dtype=np.float32))
    index = VectorIndex(encoder.dimensions, index_kind)
    if passages:
        index.put(range(len(passages)), np.stack([known[passage] for passage in passages]))
    documents = {debunk.id: debunk_json(debunk) for debunk in sorted(corpus.put, key=lambda debunk: debunk.id)}
    origin = (store.corpus_id, corpus.revision, RECIPE)
    folder = write_snapshot(root, encoder, origin, index, passages, documents, examples)
    make_current(root, folder)
    prune(root)
    return Built(folder, corpus.revision, len(passages), len(new))


def _encoded(passages: Sequence[Passage], encoder: Encoder) -> Iterator[tuple[Passage, Vectors]]:
    """Yield each passage with its vector: wordings of a myth as claims are encoded, facts as passages.

    A claim and a wording of a myth are texts of one kind, so both get the claim's prompt, and a claim in a myth's
    very words has cosine 1; measured in docs/decisions/0002-encode-wordings-as-claims.md.
    """
    wordings = [passage for passage in passages if passage.kind in AS_CLAIMS]
    facts = [passage for passage in passages if passage.kind not in AS_CLAIMS]
    plain = [plainly(passage.text) for passage in wordings]
    yield from zip(wordings, encoder.encode_queries(plain), strict=True)
    yield from zip(facts, encoder.encode_passages([passage.text for passage in facts]), strict=True)


def examples_of(judged: Iterable[JudgedPost]) -> list[Example]:
    """Return the examples that judged posts give: a short post as a whole, of a long one each claim."""
    examples = []
    for post in judged:
        for span in post.spans:
            examples.append(Example(post.text[span.start : span.end], post.lang, span.debunk_id))
        if not post.spans and len(post.text.split()) <= WHOLE_WORDS:
            examples.append(Example(post.text, post.lang, post.debunk_id))
    return list(dict.fromkeys(examples))


def shared_titles(debunks: Iterable[Debunk]) -> frozenset[str]:
    """Return the titles that several debunks have: they name a page or a topic, and no claim."""
    counts = Counter(debunk.title for debunk in debunks if debunk.title)
    return frozenset(title for title, count in counts.items() if count > 1)


def passages_of(debunk: Debunk, no_claims: Collection[str] = ()) -> list[Passage]:
    """Return the texts of a debunk that get a vector each: the myth, its variants, its title, the fact's paragraphs.

    Titles in `no_claims` are left out.
    """
    title = debunk.title if debunk.title not in (*no_claims, debunk.myth) else None
    return [
        Passage(debunk.id, "myth", debunk.myth, debunk.lang),
        *(Passage(debunk.id, "variant", variant.text, variant.lang) for variant in debunk.variants),
        *([Passage(debunk.id, "title", title, debunk.lang)] if title else []),
        *(Passage(debunk.id, "fact", text, debunk.lang) for text in debunk.passages),
    ]
