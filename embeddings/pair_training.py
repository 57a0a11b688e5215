"""Training of a pair model: LoRA on a network and a new head, from labelled pairs; needs `peft`."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.nn.functional import cross_entropy

from embeddings.adapter import Adapter
from embeddings.lora import adapter_of, trained, warm_then_down, with_lora
from embeddings.pair_model import HEAD, PairNetwork, load_parts, tokenized

BUCKET = 32  # batches whose pairs are sorted by length together: little padding, still shuffled


@dataclass(frozen=True)
class LabelledPair:
    """Two texts and the number of their class."""

    first: str
    second: str
    label: int


@dataclass(frozen=True)
class PairRecipe:
    """What decides a run of training, beside the pairs."""

    rank: int = 16
    alpha: int = 32
    learning_rate: float = 6e-4
    batch: int = 16
    epochs: int = 1
    max_tokens: int = 80
    warmup: float = 0.06  # share of the steps
    dropout: float = 0.1
    seed: int = 13


def train_pairs(
    base: Path,
    pairs: Sequence[LabelledPair],
    classes: int,
    recipe: PairRecipe,
    start: Adapter | None = None,
    report: Callable[[str], None] = print,
) -> Adapter:
    """Return the adapter (without a card) that `recipe` makes of the pairs, beginning from `start` where given."""
    torch.manual_seed(recipe.seed)
    draw = random.Random(recipe.seed)
    bare, tokenizer = load_parts(base)
    body = with_lora(bare, recipe.rank, recipe.alpha, start and start.without(HEAD))
    network = PairNetwork(body, bare.config.hidden_size, classes, recipe.dropout)
    if start is not None:
        network.head.load_state_dict(start.outside(HEAD))
    steps = recipe.epochs * -(-len(pairs) // recipe.batch)
    optimiser = torch.optim.AdamW(trained(network), lr=recipe.learning_rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, warm_then_down(steps, recipe.warmup))
    network.train()
    began, mean, done = time.monotonic(), 0.0, 0
    for step, batch in enumerate(batches(pairs, recipe, draw), 1):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = network(**tokenized(tokenizer, [(p.first, p.second) for p in batch], recipe.max_tokens))
        loss = cross_entropy(logits.float(), torch.tensor([pair.label for pair in batch]))
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        mean, done = mean + (loss.item() - mean) / min(step, 100), done + len(batch)
        if step % 100 == 0 or step == steps:
            rate = done / (time.monotonic() - began)
            report(f"step {step} of {steps}: loss {mean:.3f}, {rate:.1f} pairs/s")
    head = {f"{HEAD}{name}": tensor for name, tensor in network.head.state_dict().items()}
    return adapter_of(body, recipe.rank, recipe.alpha, head)


def batches(pairs: Sequence[LabelledPair], recipe: PairRecipe, draw: random.Random) -> Iterator[list[LabelledPair]]:
    """Yield the pairs of every epoch, shuffled, those of like length together."""
    for _ in range(recipe.epochs):
        order = draw.sample(pairs, len(pairs))
        epoch = []
        for begin in range(0, len(order), recipe.batch * BUCKET):
            near = sorted(order[begin : begin + recipe.batch * BUCKET], key=lambda p: len(p.first) + len(p.second))
            epoch += [near[place : place + recipe.batch] for place in range(0, len(near), recipe.batch)]
        draw.shuffle(epoch)
        yield from epoch
