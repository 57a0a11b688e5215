"""Trains the adapter for matching on judged posts and their myths; needs `peft` (requirements-dev.txt)."""

from dataclasses import asdict
from pathlib import Path

from corpus.judged import read_judged
from embeddings.adapter import ADAPTERS, Adapter, write_adapter
from embeddings.bundled import PROMPTS, unpacked_model
from embeddings.contrastive import ContrastiveRecipe, train_contrastive
from embeddings.encoder import MODEL_NAME
from scripts.terminal import DONE, parser, run, tell
from service.lessons import files_sha256, lessons_of, read_debunks
from service.settings import Settings


def main() -> int:
    """Train on the given debunks and posts and write the adapter's folder; return the exit code."""
    default = ContrastiveRecipe()
    options = parser("train_matching", __doc__ or "")
    pair = ("DEBUNKS.jsonl", "POSTS.jsonl")
    options.add_argument(
        "--lessons", nargs=2, metavar=pair, action="append", required=True, help="debunks, and posts about them"
    )
    options.add_argument("--output", default=str(ADAPTERS / "matching"), metavar="DIR", help="where the adapter goes")
    options.add_argument("--epochs", type=int, default=default.epochs, help="how often each post is seen (%(default)s)")
    options.add_argument("--rank", type=int, default=default.rank, help="of the updates (%(default)s)")
    options.add_argument("--learning-rate", type=float, default=default.learning_rate, help="(%(default)s)")
    options.add_argument("--temperature", type=float, default=default.temperature, help="of the loss (%(default)s)")
    options.add_argument("--seed", type=int, default=default.seed, help="(%(default)s)")
    arguments = options.parse_args()
    recipe = ContrastiveRecipe(
        rank=arguments.rank,
        alpha=2 * arguments.rank,
        epochs=arguments.epochs,
        learning_rate=arguments.learning_rate,
        temperature=arguments.temperature,
        seed=arguments.seed,
    )
    settings = Settings.from_environment()
    lessons = [
        lesson
        for debunks, posts in arguments.lessons
        for lesson in lessons_of(read_debunks(Path(debunks)), read_judged(Path(posts)))
    ]
    tell(f"{len(lessons)} lessons of {sum(len(lesson.posts) for lesson in lessons)} posts; some minutes an epoch")
    prompts = (PROMPTS["query"], PROMPTS["document"])
    trained = train_contrastive(unpacked_model(settings.models_dir), lessons, prompts, recipe, tell)
    data = files_sha256(Path(name) for names in arguments.lessons for name in names)
    card = {"base": MODEL_NAME, "trained_by": "scripts.train_matching", "recipe": asdict(recipe), "data_sha256": data}
    write_adapter(Path(arguments.output), Adapter(trained.tensors, trained.rank, trained.alpha, card))
    print(f"{arguments.output}: adapter {trained.sha256}")
    return DONE


if __name__ == "__main__":
    run(main)
