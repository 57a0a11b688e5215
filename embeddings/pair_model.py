"""A pair model: two texts in, one logit a class out; an encoder's network with an adapter and a small head."""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from transformers import BertModel, PreTrainedModel, PreTrainedTokenizerBase, PreTrainedTokenizerFast

from embeddings.adapter import Adapter, merge, read_adapter

BATCH_PAIRS = 16
MAX_TOKENS = 160  # of both texts; the first one is cut
HEAD = "head."  # before the names of the head's weights in the adapter's file


class PairNetwork(nn.Module):
    """A network, the mean over its tokens, a hidden layer with tanh, and one output a class."""

    def __init__(self, body: nn.Module, hidden: int, classes: int, dropout: float = 0.1) -> None:
        """Put a new head on the body."""
        super().__init__()
        self.body = body
        self.head = nn.Sequential(
            nn.Dropout(dropout), nn.Linear(hidden, hidden), nn.Tanh(), nn.Dropout(dropout), nn.Linear(hidden, classes)
        )

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Return the logits, shape (pairs, classes)."""
        rows = self.body(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(rows.dtype)
        mean = (rows * mask).sum(1) / mask.sum(1)
        logits: torch.Tensor = self.head(mean).float()
        return logits


class PairModel:
    """Judges pairs of texts with one adapter; the network is the encoder's own, with its word embeddings shared."""

    def __init__(self, network: PairNetwork, tokenizer: PreTrainedTokenizerBase, identity: str) -> None:
        """Take what `load_pair_model` put together; `identity` changes whenever the logits do."""
        self._network = network.eval()
        self._tokenizer = tokenizer
        self._lock = threading.Lock()  # as in SentenceModelEncoder
        self.identity = identity

    def parameters(self) -> Iterator[nn.Parameter]:
        """Yield the network's weights."""
        return self._network.parameters()

    def logits(self, pairs: Sequence[tuple[str, str]]) -> npt.NDArray[np.float32]:
        """Return one row of logits a pair, in order; shape (0, 0) for no pairs."""
        rows: list[npt.NDArray[np.float32]] = []
        for start in range(0, len(pairs), BATCH_PAIRS):
            with self._lock, torch.inference_mode():
                batch = tokenized(self._tokenizer, pairs[start : start + BATCH_PAIRS], MAX_TOKENS)
                rows.append(self._network(**batch).numpy())
        return np.concatenate(rows) if rows else np.zeros((0, 0), dtype=np.float32)


def tokenized(
    tokenizer: PreTrainedTokenizerBase, pairs: Sequence[tuple[str, str]], max_tokens: int
) -> dict[str, torch.Tensor]:
    """Return a padded batch; of a pair that is too long the first text is cut at its end."""
    first, second = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    batch = tokenizer(
        first, second, truncation="longest_first", max_length=max_tokens, padding=True, return_tensors="pt"
    )
    return {"input_ids": batch["input_ids"], "attention_mask": batch["attention_mask"]}


def load_parts(model_folder: Path) -> tuple[BertModel, PreTrainedTokenizerFast]:
    """Return the bare network and the tokenizer of an unpacked sentence-transformers folder."""
    network = BertModel.from_pretrained(model_folder, add_pooling_layer=False)
    return network, PreTrainedTokenizerFast.from_pretrained(model_folder)


def load_pair_model(model_folder: Path, adapter_folder: Path, beside: PreTrainedModel | None = None) -> PairModel:
    """Return the pair model of an unpacked base model and an adapter; raises WeightsRefused.

    `beside` is the same base model where a process holds it already: its word embeddings, four fifths of the weights,
    which no adapter changes, are then held once.
    """
    adapter = read_adapter(adapter_folder)
    body, tokenizer = load_parts(model_folder)
    if beside is not None:
        body.set_input_embeddings(beside.get_input_embeddings())  # type: ignore[no-untyped-call]
    merge(body, adapter)
    return PairModel(with_head(body, adapter), tokenizer, adapter.sha256)


def with_head(body: nn.Module, adapter: Adapter) -> PairNetwork:
    """Return the body with the adapter's head on it."""
    head = adapter.outside(HEAD)
    last = max(name for name in head if name.endswith(".weight"))
    classes, hidden = head[last].shape
    network = PairNetwork(body, hidden, classes)
    network.head.load_state_dict(head)
    return network
