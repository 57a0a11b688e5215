"""Adapters: low-rank updates of a network's linear layers, kept as a few MB of safetensors, merged once.

Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", ICLR 2022: W becomes W + (alpha / rank) B A. Files
hold what `peft` trains, under its names; merging them needs no more than this file.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from embeddings.errors import WeightsRefused

ADAPTERS = Path(__file__).parent / "adapters"  # those that ship, a folder each
WEIGHTS, SETTINGS = "adapter.safetensors", "adapter.json"
DOWN, UP = ".lora_A.weight", ".lora_B.weight"
PEFT_PREFIX = "base_model.model."
DIGITS = 12


@dataclass(frozen=True)
class Adapter:
    """The two factors of each layer's update by peft's names, weights outside the network, and alpha / rank."""

    tensors: Mapping[str, torch.Tensor]
    rank: int
    alpha: int
    card: Mapping[str, object]

    @property
    def sha256(self) -> str:
        """Return 12 hex digits over all that changes what the merged network computes."""
        digest = hashlib.sha256(f"{self.rank}:{self.alpha}".encode())
        for name, tensor in sorted(self.tensors.items()):
            digest.update(name.encode() + tensor.contiguous().view(torch.uint8).numpy().tobytes())
        return digest.hexdigest()[:DIGITS]

    def without(self, prefix: str) -> "Adapter":
        """Return the adapter without the weights below a prefix."""
        return replace(self, tensors={name: w for name, w in self.tensors.items() if not name.startswith(prefix)})

    def outside(self, prefix: str) -> dict[str, torch.Tensor]:
        """Return the weights below a prefix, in 32 bits and by their names without it."""
        return {name.removeprefix(prefix): w.float() for name, w in self.tensors.items() if name.startswith(prefix)}


def read_adapter(folder: Path) -> Adapter:
    """Return the adapter that a folder holds; raises WeightsRefused."""
    try:
        settings = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
        tensors = load_file(folder / WEIGHTS)
        return Adapter(tensors, int(settings["rank"]), int(settings["alpha"]), settings["card"])
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise WeightsRefused(
            f"{folder} holds no adapter ({type(error).__name__}: {error}); check it out again"
        ) from error


def write_adapter(folder: Path, adapter: Adapter) -> None:
    """Write the folder: weights in 16 bits, and what they are beside them."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.half().contiguous() for name, tensor in adapter.tensors.items()}, folder / WEIGHTS)
    settings = {"rank": adapter.rank, "alpha": adapter.alpha, "card": adapter.card}
    (folder / SETTINGS).write_text(json.dumps(settings, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def merge(network: nn.Module, adapter: Adapter) -> None:
    """Add the adapter's updates to the network's weights; raises WeightsRefused where they do not fit."""
    scale = adapter.alpha / adapter.rank
    for name in [name for name in adapter.tensors if name.endswith(DOWN)]:
        layer = name.removeprefix(PEFT_PREFIX).removesuffix(DOWN)
        down, up = adapter.tensors[name].float(), adapter.tensors[name.removesuffix(DOWN) + UP].float()
        try:
            weight = network.get_parameter(f"{layer}.weight")
            with torch.no_grad():
                weight.add_(up @ down, alpha=scale)
        except (AttributeError, RuntimeError) as error:
            raise WeightsRefused(f"the adapter does not fit the network at {layer}: {error}") from error
