"""Any other sentence-transformers model: a folder made here, and names that there is no model for."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from embeddings.encoder import load_encoder
from embeddings.errors import UnknownEncoder

if TYPE_CHECKING:
    from embeddings.sentence_model import SentenceModelEncoder

pytestmark = pytest.mark.model  # PyTorch is imported inside the tests: its seconds are no part of the fast suite

WORDS = ["[PAD]", "[UNK]", "query", "passage", "the", "bridge", "was", "sold", ":"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny BERT with random weights and a pooler that is not saved, as many published models are."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    root = tmp_path_factory.mktemp("tiny")
    tokenizer = Tokenizer(WordLevel({word: place for place, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]"
    ).save_pretrained(root / "parts")
    config = BertConfig(
        vocab_size=len(WORDS), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32
    )
    BertModel(config, add_pooling_layer=False).save_pretrained(root / "parts")
    model = SentenceTransformer(
        modules=[Transformer(str(root / "parts"), max_seq_length=32), Pooling(16)],
        prompts={"query": "query: ", "passage": "passage: "},
        device="cpu",
    )
    for network in model.modules():
        if isinstance(network, BertModel):
            network.register_module("pooler", None)
    model.save(str(root / "model"), create_model_card=False)
    return root / "model"


def loaded(folder: Path) -> "SentenceModelEncoder":
    from embeddings.sentence_model import SentenceModelEncoder

    return SentenceModelEncoder("tiny", folder)


def test_a_folder_is_loaded_and_its_rows_have_length_1(folder: Path) -> None:
    encoder = load_encoder(str(folder), Path("unused"))
    assert encoder.name == "model"  # not the path: answers show it
    rows = encoder.encode_passages(["the bridge", "was sold", "unknown words"])
    assert rows.shape == (3, encoder.dimensions) == (3, 16)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-5)


def test_a_model_that_ships_no_pooler_has_the_same_fingerprint_at_each_load(folder: Path) -> None:
    assert loaded(folder).fingerprint == loaded(folder).fingerprint


def test_a_passage_prompt_is_used_also_beside_an_empty_document_prompt(folder: Path) -> None:
    from embeddings.sentence_model import passage_prompt

    encoder = loaded(folder)
    assert encoder._model.prompts["document"] == ""
    asked, bare = encoder.encode_passages(["the bridge"]), encoder._encode(["passage: the bridge"], "")
    np.testing.assert_allclose(asked, bare, atol=1e-6)
    assert passage_prompt({"query": "q", "document": "d", "passage": "p"}) == "d"
    assert passage_prompt({"query": "q", "document": None, "corpus": "c"}) == "c"
    assert passage_prompt({"query": "q"}) == ""


def test_a_name_without_a_model_is_refused_and_nothing_is_downloaded(tmp_path: Path) -> None:
    with pytest.raises(UnknownEncoder, match=r"met encoder 'no-such/model'; expected 'bundled', 'toy', a local folder"):
        load_encoder("no-such/model", tmp_path)
    assert list(tmp_path.iterdir()) == []
