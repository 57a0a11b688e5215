"""Adapters: small files that merge into a network as `peft` merges them, and the models that they make."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import BertConfig, BertModel

from embeddings.adapter import Adapter, merge, read_adapter, write_adapter
from embeddings.contrastive import ContrastiveRecipe, contrastive_loss
from embeddings.errors import WeightsRefused
from embeddings.lora import LAYERS, adapter_of, warm_then_down, with_lora
from embeddings.pair_model import HEAD, PairNetwork, with_head

pytestmark = pytest.mark.model

TINY = BertConfig(vocab_size=50, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32)
TOKENS = {"input_ids": torch.tensor([[2, 7, 11, 3]]), "attention_mask": torch.ones(1, 4, dtype=torch.long)}


def tiny() -> BertModel:
    torch.manual_seed(1)
    network = BertModel(TINY, add_pooling_layer=False)
    network.train(False)
    return network


def hidden(network: torch.nn.Module) -> torch.Tensor:
    with torch.inference_mode():
        rows: torch.Tensor = network(**TOKENS).last_hidden_state
    return rows


@pytest.fixture
def adapter() -> Adapter:
    network = with_lora(tiny(), 4, 8)
    with torch.no_grad():
        for name, weight in network.named_parameters():
            if "lora_B" in name:
                weight.normal_(std=0.1, generator=torch.Generator().manual_seed(2))
    return adapter_of(network, 4, 8)


def test_a_merged_adapter_computes_what_peft_computes(adapter: Adapter) -> None:
    theirs = get_peft_model(tiny(), LoraConfig(r=4, lora_alpha=8, target_modules=LAYERS))
    weights = {name.replace(".weight", ".default.weight"): w.float() for name, w in adapter.tensors.items()}
    assert not theirs.load_state_dict(weights, strict=False).unexpected_keys
    ours = tiny()
    before = hidden(ours)
    merge(ours, adapter)
    assert torch.allclose(hidden(ours), hidden(theirs.eval()), atol=1e-5)
    assert not torch.allclose(hidden(ours), before, atol=1e-2)


def test_an_adapter_is_read_as_it_was_written(adapter: Adapter, tmp_path: Path) -> None:
    write_adapter(tmp_path / "a", Adapter(adapter.tensors, 4, 8, {"seed": 1}))
    met = read_adapter(tmp_path / "a")
    assert (met.rank, met.alpha, met.card, met.sha256) == (4, 8, {"seed": 1}, adapter.sha256)
    assert all(torch.equal(met.tensors[name], tensor) for name, tensor in adapter.tensors.items())


def test_another_weight_or_strength_is_another_adapter(adapter: Adapter) -> None:
    name, tensor = next(iter(adapter.tensors.items()))
    others = [Adapter({**adapter.tensors, name: tensor + 0.01}, 4, 8, {}), Adapter(adapter.tensors, 4, 16, {})]
    assert len({adapter.sha256, *(other.sha256 for other in others)}) == 3


def damaged(folder: Path) -> Iterator[tuple[str, bytes | None]]:
    yield "adapter.safetensors", None
    yield "adapter.safetensors", (folder / "adapter.safetensors").read_bytes()[:100]
    yield "adapter.json", b"{}"
    yield "adapter.json", b"no json"


def test_a_damaged_folder_is_refused_with_what_to_do(adapter: Adapter, tmp_path: Path) -> None:
    write_adapter(tmp_path, adapter)
    for name, content in list(damaged(tmp_path)):
        write_adapter(tmp_path, adapter)
        (tmp_path / name).unlink() if content is None else (tmp_path / name).write_bytes(content)
        with pytest.raises(WeightsRefused, match=r"holds no adapter .*; check it out again"):
            read_adapter(tmp_path)


def test_an_adapter_of_another_network_is_refused(adapter: Adapter) -> None:
    wider = BertModel(BertConfig(**{**TINY.to_diff_dict(), "hidden_size": 32}), add_pooling_layer=False)
    with pytest.raises(WeightsRefused, match=r"does not fit the network at encoder\.layer\.0"):
        merge(wider, adapter)


def test_a_head_is_put_on_as_it_was_trained(adapter: Adapter) -> None:
    network = PairNetwork(tiny(), 16, 4).eval()
    head = {f"{HEAD}{name}": tensor for name, tensor in network.head.state_dict().items()}
    again = with_head(tiny(), Adapter({**adapter.tensors, **head}, 4, 8, {})).eval()
    with torch.inference_mode():
        assert torch.equal(network(**TOKENS), again(**TOKENS))
        assert again(**TOKENS).shape == (1, 4)


def test_padding_changes_no_logit() -> None:
    network = PairNetwork(tiny(), 16, 4).eval()
    padded = {name: torch.nn.functional.pad(rows, (0, 3)) for name, rows in TOKENS.items()}
    with torch.inference_mode():
        assert torch.allclose(network(**TOKENS), network(**padded), atol=1e-6)


def test_the_loss_is_least_where_each_lesson_lies_apart() -> None:
    recipe = ContrastiveRecipe()
    apart, near = torch.eye(8)[:4], torch.eye(8)[4:]
    mixed = apart[[1, 2, 3, 0]]
    good = contrastive_loss([apart, apart, apart, apart, near], recipe)
    assert good < 0.01
    assert contrastive_loss([mixed, apart, apart, apart, near], recipe) > 1
    assert contrastive_loss([apart, mixed, apart, apart, near], recipe) > 1
    assert contrastive_loss([apart, apart, apart, apart, apart], recipe) > 0.5  # a near miss as near as a post


def test_a_learning_rate_warms_up_and_goes_down_to_nothing() -> None:
    factor = warm_then_down(100, 0.1)
    assert [round(factor(step), 2) for step in (0, 4, 9, 10, 55, 100)] == [0.1, 0.5, 1.0, 1.0, 0.5, 0.0]
    assert np.isfinite(warm_then_down(1, 0.1)(0))
