"""Any sentence-transformers model as an Encoder: a folder, a name, or the bundled one once it is unpacked."""

import hashlib
import json
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from transformers import PreTrainedModel
from transformers.utils import logging as transformers_logging

from embeddings.adapter import Adapter, merge
from embeddings.errors import ModelDamaged, UnknownEncoder
from embeddings.vectors import Vectors

BATCH_TEXTS = 32
DIGITS = 16  # of the sha256 that make a fingerprint
PER_CALL_STATE = ("truncation", "padding")  # of the tokenizer: set anew at each call, so no part of what it is


class SentenceModelEncoder:
    """Vectors of one sentence-transformers model on the processor; query and passage prompts are the model's own."""

    def __init__(self, name: str, model: str | Path, adapter: Adapter | None = None) -> None:
        """Load a folder or a model of the local cache, never from the network, and merge the adapter into it.

        Raises UnknownEncoder, ModelDamaged, or WeightsRefused where the adapter does not fit. The fingerprint is
        that of the model as it lies there and of the adapter: their sum may differ in its last bits between machines.
        """
        self.name = name
        self._model = _load(model)
        self._passage_prompt = passage_prompt(self._model.prompts)
        self._lock = threading.Lock()  # the tokenizer is set up anew by each call: "Already borrowed" between threads
        self.dimensions = int(self._model.get_embedding_dimension() or self.encode_queries(["a"]).shape[1])
        self.fingerprint = fingerprint(self._model, adapter)
        if adapter is not None:
            merge(self.network, adapter)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row per claim, with the model's query prompt before each text."""
        return self._encode(texts, self._model.prompts.get("query") or "")

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row per passage, with the model's passage (or document) prompt before each text."""
        return self._encode(texts, self._passage_prompt)

    @property
    def network(self) -> PreTrainedModel:
        """Return the network that makes the vectors, adapter included."""
        return next(module for module in self._model.modules() if isinstance(module, PreTrainedModel))

    def count_tokens(self, text: str) -> int:
        """Return how many tokens the text has, the special ones included, before truncation."""
        with self._lock:
            return len(self._model.tokenizer(text, truncation=False, verbose=False)["input_ids"])

    def _encode(self, texts: Sequence[str], prompt: str) -> Vectors:
        if not texts:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        with self._lock:
            rows = self._model.encode(
                list(texts),
                prompt=prompt,
                batch_size=BATCH_TEXTS,
                show_progress_bar=False,
                convert_to_numpy=True,
                normalize_embeddings=True,
            )
        return np.ascontiguousarray(rows, dtype=np.float32)


def _load(model: str | Path) -> SentenceTransformer:
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        loaded = SentenceTransformer(str(model), device="cpu", local_files_only=True)
    except Exception as error:  # the library raises OSError, ValueError, KeyError, safetensors' own error and more
        if Path(model).is_dir():
            raise ModelDamaged(
                f"cannot load the model in {model}: {error}; delete the folder and start again, or name another model"
            ) from error
        raise UnknownEncoder(
            f"met encoder {str(model)!r}; expected 'bundled', 'toy', a local folder, or the name of a"
            " sentence-transformers model in this machine's cache (`hf download NAME` puts one there)"
        ) from error
    _drop_pooler(loaded)
    return loaded


def _drop_pooler(model: SentenceTransformer) -> None:
    """Take away a pooler that nothing reads: where a model ships none, each load would draw another at random."""
    for module in model.modules():
        if isinstance(module, PreTrainedModel) and getattr(module, "pooler", None) is not None:
            module.register_module("pooler", None)  # BertModel and its kin ask whether there is one


def passage_prompt(prompts: Mapping[str, str | None]) -> str:
    """Return the prompt for passages: the first of document, passage and corpus that is not empty.

    `SentenceTransformer.encode_document` takes the first that exists; it puts an empty `document` into every
    model, so that a model with `passage` alone would lose its prompt.
    """
    return next((prompt for name in ("document", "passage", "corpus") if (prompt := prompts.get(name))), "")


def fingerprint(model: SentenceTransformer, adapter: Adapter | None = None) -> str:
    """Return 16 hex digits over all that the vectors depend on, read from the model as it was loaded.

    Weights (names, types and bytes, so precision too), the modules and their settings (architecture, pooling,
    normalising), the tokenizer with its normaliser, the prompts, the length that texts are cut at, and an adapter
    that is to be merged.
    """
    digest = hashlib.sha256()
    tokenizer = json.loads(getattr(model.tokenizer, "backend_tokenizer", model.tokenizer).to_str())
    settings = {
        "modules": [[type(module).__name__, getattr(module, "get_config_dict", dict)()] for module in model],
        "architectures": [_architecture(module) for module in model.modules() if isinstance(module, PreTrainedModel)],
        "tokenizer": {key: value for key, value in tokenizer.items() if key not in PER_CALL_STATE},
        "prompts": model.prompts,
        "default_prompt_name": model.default_prompt_name,
        "max_seq_length": model.max_seq_length,
        "truncate_dim": model.truncate_dim,
    }
    digest.update(json.dumps(settings, sort_keys=True, default=str).encode())
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name}:{tensor.dtype}:{tuple(tensor.shape)}".encode())
        digest.update(memoryview(tensor.contiguous().flatten().view(torch.uint8).numpy()))
    if adapter is not None:
        digest.update(adapter.sha256.encode())
    return digest.hexdigest()[:DIGITS]


def _architecture(network: PreTrainedModel) -> dict[str, object]:
    """Return what the network's configuration sets apart from its defaults, less what only says where it came from."""
    settings = network.config.to_diff_dict()
    return {key: value for key, value in settings.items() if key not in ("_name_or_path", "transformers_version")}
