"""Trains the adapter that judges stance, on inference pairs and on judged posts; needs `peft` (requirements-dev.txt).

In runs of its own, from one adapter to the next: `--start` goes on from what an earlier run wrote.
"""

import random
from dataclasses import asdict
from pathlib import Path

from corpus.judged import read_judged
from embeddings.adapter import ADAPTERS, Adapter, read_adapter, write_adapter
from embeddings.bundled import unpacked_model
from embeddings.encoder import MODEL_NAME
from embeddings.pair_training import LabelledPair, PairRecipe, train_pairs
from scripts.terminal import DONE, parser, run, tell
from service.lessons import balanced, files_sha256, inference_pairs, read_debunks, stance_pairs
from service.matching.stance import PAIR_CLASSES
from service.settings import Settings

SAMPLE_SEED = 1


def main() -> int:
    """Train on the given pairs and write the adapter's folder; return the exit code."""
    default = PairRecipe()
    options = parser("train_stance", __doc__ or "")
    pair = ("DEBUNKS.jsonl", "POSTS.jsonl")
    options.add_argument("--lessons", nargs=2, metavar=pair, action="append", default=[], help="debunks, and posts")
    options.add_argument("--pairs", nargs="*", default=[], metavar="FILE", help="{premise, hypothesis, label} lines")
    options.add_argument("--cap", type=int, default=4500, help="pairs a label and file (%(default)s)")
    options.add_argument("--start", metavar="DIR", help="an adapter to go on from")
    options.add_argument("--output", default=str(ADAPTERS / "stance"), metavar="DIR", help="where the adapter goes")
    options.add_argument("--epochs", type=int, default=default.epochs, help="(%(default)s)")
    options.add_argument("--rank", type=int, default=default.rank, help="of the updates (%(default)s)")
    options.add_argument("--learning-rate", type=float, default=default.learning_rate, help="(%(default)s)")
    options.add_argument("--seed", type=int, default=default.seed, help="(%(default)s)")
    arguments = options.parse_args()
    recipe = PairRecipe(
        rank=arguments.rank,
        alpha=2 * arguments.rank,
        epochs=arguments.epochs,
        learning_rate=arguments.learning_rate,
        seed=arguments.seed,
    )
    settings = Settings.from_environment()
    draw = random.Random(SAMPLE_SEED)
    pairs: list[LabelledPair] = []
    for name in arguments.pairs:
        pairs += balanced(inference_pairs(Path(name)), arguments.cap, draw)
    for debunks, posts in arguments.lessons:
        pairs += stance_pairs(read_debunks(Path(debunks)), read_judged(Path(posts)))
    tell(f"{len(pairs)} pairs; some 27 a second on two cores")
    start = read_adapter(Path(arguments.start)) if arguments.start else None
    trained = train_pairs(unpacked_model(settings.models_dir), pairs, len(PAIR_CLASSES), recipe, start, tell)
    data = files_sha256(Path(name) for names in (arguments.pairs, *arguments.lessons) for name in names)
    card = {
        "base": MODEL_NAME,
        "trained_by": "scripts.train_stance",
        "classes": list(PAIR_CLASSES),
        "recipe": asdict(recipe),
        "data_sha256": data,
        "started_from": dict(start.card) if start else None,
    }
    write_adapter(Path(arguments.output), Adapter(trained.tensors, trained.rank, trained.alpha, card))
    print(f"{arguments.output}: adapter {trained.sha256}")
    return DONE


if __name__ == "__main__":
    run(main)
