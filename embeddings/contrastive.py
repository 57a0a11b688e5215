"""Contrastive training of an encoder's network: texts about one thing near to each other, near misses far; LoRA."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torch.nn.functional import cross_entropy, normalize
from transformers import PreTrainedTokenizerBase

from embeddings.adapter import Adapter
from embeddings.lora import adapter_of, trained, warm_then_down, with_lora
from embeddings.pair_model import load_parts


@dataclass(frozen=True)
class Lesson:
    """Texts about one thing: how it is put in short (`names`), what answers it, posts about it, and near misses."""

    names: Sequence[str]
    answers: Sequence[str]
    posts: Sequence[str]
    near: Sequence[str]


@dataclass(frozen=True)
class ContrastiveRecipe:
    """What decides a run of training, beside the lessons."""

    rank: int = 16
    alpha: int = 32
    learning_rate: float = 5e-4
    lessons: int = 16  # a batch, each with a name, an answer, two posts and a near miss
    epochs: int = 3  # how often each post is seen
    max_tokens: int = 80
    temperature: float = 0.05
    answers_weight: float = 0.3
    posts_weight: float = 0.5
    warmup: float = 0.1
    seed: int = 13


@dataclass(frozen=True)
class Draw:
    """One lesson's part of a batch."""

    name: str
    answer: str
    one: str
    other: str
    near: str


def train_contrastive(
    base: Path,
    lessons: Sequence[Lesson],
    prompts: tuple[str, str],
    recipe: ContrastiveRecipe,
    report: Callable[[str], None] = print,
) -> Adapter:
    """Return the adapter (without a card) that the recipe makes of the lessons.

    `prompts` stand before names, posts and near misses, and before answers. The loss is InfoNCE (van den Oord, Li &
    Vinyals, "Representation Learning with Contrastive Predictive Coding", 2018) in four directions: from a post to the
    names and to the answers of the batch, from a name to its posts against all others and all near misses, and from
    a post to another one about the same.
    """
    torch.manual_seed(recipe.seed)
    bare, tokenizer = load_parts(base)
    network = with_lora(bare, recipe.rank, recipe.alpha)
    batches = list(_batches(lessons, recipe, random.Random(recipe.seed)))
    optimiser = torch.optim.AdamW(trained(network), lr=recipe.learning_rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, warm_then_down(len(batches), recipe.warmup))
    network.train()
    began, mean = time.monotonic(), 0.0
    for step, batch in enumerate(batches, 1):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            rows = _rows(network, tokenizer, batch, prompts, recipe)
        loss = contrastive_loss(rows, recipe)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(trained(network), 1.0)
        optimiser.step()
        schedule.step()
        mean += (loss.item() - mean) / min(step, 20)
        if step % 20 == 0 or step == len(batches):
            seconds = (time.monotonic() - began) / step
            report(f"step {step} of {len(batches)}: loss {mean:.3f}, {seconds:.1f} s a step")
    return adapter_of(network, recipe.rank, recipe.alpha)


def contrastive_loss(rows: Sequence[torch.Tensor], recipe: ContrastiveRecipe) -> torch.Tensor:
    """Return the loss of a batch of names, answers, posts, other posts and near misses.

    Each holds one row of length 1 a lesson, all in the same order.
    """
    names, answers, ones, others, near = rows
    own = torch.arange(len(names))
    posts = torch.cat([ones, others])
    twice = torch.cat([own, own])

    def nce(rows: torch.Tensor, columns: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        return cross_entropy(rows @ columns.T / recipe.temperature, right)

    to_names = nce(posts, names, twice)
    to_answers = nce(posts, answers, twice)
    from_names = (nce(names, torch.cat([ones, near]), own) + nce(names, torch.cat([others, near]), own)) / 2
    between = (nce(ones, torch.cat([others, near]), own) + nce(others, torch.cat([ones, near]), own)) / 2
    return to_names + from_names + recipe.answers_weight * to_answers + recipe.posts_weight * between


def _batches(lessons: Sequence[Lesson], recipe: ContrastiveRecipe, draw: random.Random) -> Iterator[list[Draw]]:
    """Yield batches of different lessons; over an epoch each lesson's posts are seen once, in pairs."""
    for _ in range(recipe.epochs):
        queues = [_drawn(lesson, draw) for lesson in lessons]
        while True:
            left = sorted((queue for queue in queues if queue), key=lambda queue: (-len(queue), draw.random()))
            if len(left) < 2:
                break
            yield [queue.pop() for queue in left[: recipe.lessons]]


def _drawn(lesson: Lesson, draw: random.Random) -> list[Draw]:
    posts = draw.sample(lesson.posts, len(lesson.posts))
    near = draw.sample(lesson.near, len(lesson.near))
    return [
        Draw(draw.choice(lesson.names), draw.choice(lesson.answers), one, other, near[place % len(near)])
        for place, (one, other) in enumerate(zip(posts[::2], posts[1::2], strict=False))
    ]


def _rows(
    network: nn.Module,
    tokenizer: PreTrainedTokenizerBase,
    batch: Sequence[Draw],
    prompts: tuple[str, str],
    recipe: ContrastiveRecipe,
) -> list[torch.Tensor]:
    """Return the unit rows of each part of the batch; short texts and long ones in batches of their own."""
    asked, answering = prompts
    parts = [[f"{asked}{draw.name}" for draw in batch], [f"{answering}{draw.answer}" for draw in batch]]
    parts += [[f"{asked}{getattr(draw, kind)}" for draw in batch] for kind in ("one", "other", "near")]
    texts = [text for part in parts for text in part]
    order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
    halves = [order[: len(order) // 2], order[len(order) // 2 :]]
    encoded = torch.cat([_encode(network, tokenizer, [texts[p] for p in half], recipe.max_tokens) for half in halves])
    rows = torch.empty_like(encoded)
    rows[torch.tensor([place for half in halves for place in half])] = encoded
    return list(torch.split(rows, len(batch)))


def _encode(
    network: nn.Module, tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], max_tokens: int
) -> torch.Tensor:
    batch = tokenizer(list(texts), truncation=True, max_length=max_tokens, padding=True, return_tensors="pt")
    mask = batch["attention_mask"].unsqueeze(-1)
    rows = network(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).last_hidden_state
    return normalize(((rows * mask).sum(1) / mask.sum(1)).float(), dim=-1)
