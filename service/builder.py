"""The builder: from the corpus to a snapshot of one segment that is in use; service/updating.py adds to it."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from corpus.judged import JudgedPost
from corpus.model import Debunk
from corpus.store import CorpusStore
from embeddings.encoder import Encoder
from embeddings.examples import Example, Examples
from embeddings.known import example_passage, vectors_by_passage
from embeddings.lines import line_of
from embeddings.segment import Entry, content_of, write_segment
from embeddings.snapshot import (
    Passage,
    make_current,
    manifest_of,
    prune,
    write_examples,
    write_manifest,
)
from embeddings.vectors import Vectors
from service.matching.claims import WHOLE_WORDS
from service.matching.shelf import WORDINGS
from service.matching.tags import names_of
from service.matching.word_for_word import spelt_plainly, wordings_of
from service.wire import debunk_json

# of a snapshot: raise it when `passages_of`, `examples_of`, `_encoded`, `_draft` or what that calls changes
RECIPE = 5
MARKS = ("disable_until", "expires", "suppressions")  # fields of a document, where they have a value
AS_CLAIMS = (*WORDINGS, "example")  # the kinds of passage that are encoded as claims are


@dataclass(frozen=True)
class Built:
    """A snapshot that was built: its folder, the revision it holds, its passages, and how many were encoded anew."""

    folder: Path
    corpus_revision: int
    passages: int
    encoded: int


def build_snapshot(
    store: CorpusStore,
    encoder: Encoder,
    root: Path,
    index_kind: str,
    judged: Sequence[JudgedPost] = (),
    revision: int | None = None,
) -> Built:
    """Build the snapshot of a revision, the newest when None, and make it the current one; `judged` are its examples.

    Passages that the current snapshot holds already are not encoded again. Only one process may build at a time.
    """
    revision = store.revision if revision is None else revision
    shared = shared_titles(store.debunks(revision))
    texts = examples_of(judged)
    known = vectors_by_passage(root, encoder, RECIPE)
    encoded = learn(map(example_passage, texts), known, encoder)
    rows = [known[example_passage(example)] for example in texts]
    examples = Examples(texts, np.stack(rows) if rows else np.zeros((0, encoder.dimensions), dtype=np.float32))
    entries, more = entries_of(store.debunks(revision), shared, known, encoder)
    above = root / encoder.fingerprint
    segment = write_segment(above, content_of(entries, encoder.dimensions), index_kind)
    origin = (store.corpus_id, revision, RECIPE)
    written = write_examples(above, examples)
    folder = write_manifest(root, manifest_of(encoder, origin, index_kind, examples, written, [segment]))
    make_current(root, folder)
    prune(root)
    return Built(folder, revision, segment.passages, encoded + more)


def entries_of(
    debunks: Iterable[Debunk], shared: Collection[str], known: dict[Passage, Vectors], encoder: Encoder
) -> tuple[list[Entry], int]:
    """Return what a segment holds of each debunk, and how many passages were encoded for it.

    What is not among the `known` rows is encoded, and known from then on. Titles in `shared` are no passages.
    """
    drafts = [_draft(debunk, shared) for debunk in debunks]
    encoded = learn((passage for draft in drafts for passage in draft.passages), known, encoder)
    rows = (np.stack([known[passage] for passage in draft.passages]) for draft in drafts)
    return [replace(draft, rows=of_it) for draft, of_it in zip(drafts, rows, strict=True)], encoded


def _draft(debunk: Debunk, shared: Collection[str]) -> Entry:
    """Return the entry of a debunk but for the rows."""
    document, passages = debunk_json(debunk), passages_of(debunk, shared)
    wordings = [wordings_of(passage) for passage in passages]
    nothing = np.zeros((0, 0), dtype=np.float32)
    return Entry(debunk.id, line_of(document), passages, nothing, wordings, names_of(document), marks_of(document))


def marks_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what decides whether and how far a debunk may answer; most have nothing of the kind."""
    marks = {name: document[name] for name in MARKS if document[name]}
    if document["hold"] != "never":
        marks["hold"] = document["hold"]
    if document["rating"] == "true":
        marks["rating"] = document["rating"]
    return marks


def learn(wanted: Iterable[Passage], known: dict[Passage, Vectors], encoder: Encoder) -> int:
    """Encode the passages that are not known, add them to those that are, and return how many there were."""
    new = list(dict.fromkeys(passage for passage in wanted if passage not in known))
    known.update(_encoded(new, encoder))
    return len(new)


def _encoded(passages: Sequence[Passage], encoder: Encoder) -> Iterator[tuple[Passage, Vectors]]:
    """Yield each passage with its vector: wordings of a myth as claims are encoded, facts as passages.

    A claim and a wording of a myth are texts of one kind, so both get the claim's prompt, and a claim in a myth's
    very words has cosine 1; measured in docs/decisions/0002-encode-wordings-as-claims.md.
    """
    wordings = [passage for passage in passages if passage.kind in AS_CLAIMS]
    facts = [passage for passage in passages if passage.kind not in AS_CLAIMS]
    plain = [spelt_plainly(passage.text) for passage in wordings]
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
