"""LoRA by `peft`: a network with new factors to train, and the adapter that comes of them. For training alone."""

from collections.abc import Callable, Mapping

import torch
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict
from torch import nn
from transformers import BertModel

from embeddings.adapter import Adapter

LAYERS = ["query", "key", "value", "dense"]  # every linear layer of BERT


def with_lora(network: BertModel, rank: int, alpha: int, start: Adapter | None = None) -> PeftModel:
    """Return the network with factors that alone are trained: new ones, or those of `start`."""
    config = LoraConfig(r=rank, lora_alpha=alpha, target_modules=LAYERS, lora_dropout=0.0)
    adapted = get_peft_model(network, config)
    if start is not None:
        set_peft_model_state_dict(adapted, {name: tensor.float() for name, tensor in start.tensors.items()})
    return adapted


def adapter_of(network: PeftModel, rank: int, alpha: int, outside: Mapping[str, torch.Tensor] | None = None) -> Adapter:
    """Return the adapter that was trained, in 16 bits and without a card; `outside` are weights beside the network."""
    tensors = dict(get_peft_model_state_dict(network)) | dict(outside or {})
    return Adapter({name: tensor.detach().half() for name, tensor in tensors.items()}, rank, alpha, {})


def trained(network: nn.Module) -> list[nn.Parameter]:
    """Return the parameters that are trained."""
    return [parameter for parameter in network.parameters() if parameter.requires_grad]


def warm_then_down(steps: int, warmup: float) -> Callable[[int], float]:
    """Return a factor of the learning rate by step: up for a share `warmup` of the steps, then down to 0."""
    warm = max(1, int(steps * warmup))

    def factor(step: int) -> float:
        return (step + 1) / warm if step < warm else max(0.0, (steps - step) / max(1, steps - warm))

    return factor
