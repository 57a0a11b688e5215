"""Known: what a snapshot already encoded, so that only what is new is encoded."""

from pathlib import Path

from embeddings.encoder import Encoder
from embeddings.errors import EmbeddingsError
from embeddings.examples import Example
from embeddings.passage import Passage
from embeddings.segment import load_segment
from embeddings.snapshot import EXAMPLES_FOLDER, current_folder, load_examples, read_manifest
from embeddings.vectors import Vectors


def vectors_by_passage(root: Path, encoder: Encoder, recipe: int) -> dict[Passage, Vectors]:
    """Return what the current snapshot already encoded with this encoder by this recipe, to encode only what is new.

    Examples are in it as passages that `example_passage` makes. Of a damaged snapshot, what is whole is given.
    """
    try:
        folder = current_folder(root)
        manifest = read_manifest(folder)
    except EmbeddingsError:
        return {}
    if (manifest.encoder_fingerprint, manifest.recipe) != (encoder.fingerprint, recipe):
        return {}
    known: dict[Passage, Vectors] = {}
    for record in manifest.segments:
        try:
            segment = load_segment(folder.parent, record, documents=False)
        except EmbeddingsError:
            continue
        rows = segment.index.vectors(range(len(segment.passages)))
        known.update(zip((Passage(*fields) for fields in segment.passages), rows, strict=True))
    try:
        examples = load_examples(folder.parent / EXAMPLES_FOLDER / manifest.examples, manifest.files)
    except EmbeddingsError:
        return known
    return known | dict(zip(map(example_passage, examples.texts), examples.rows, strict=True))


def example_passage(example: Example) -> Passage:
    """Return the passage that an example's vector is known by, whoever owns it."""
    return Passage("", "example", example.text, example.lang)
