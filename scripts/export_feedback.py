"""Prints the feedback as judged posts, JSON Lines that `scripts.calibrate --judged` takes."""

from collections import Counter

from corpus.feedback import FeedbackStore
from scripts.terminal import DONE, parser, run, tell
from service.settings import Settings
from service.wiring import open_store


def main() -> int:
    """Print every post that is about a debunk of the corpus or about none; return the exit code."""
    parser("export_feedback", __doc__ or "").parse_args()
    counts: Counter[str] = Counter()
    with open_store(Settings.from_environment()) as store:
        present = {debunk.id for debunk in store.debunks()}
        for post in FeedbackStore(store.database).posts():
            if post.debunk_ids - present:
                counts["left out"] += 1
            else:
                counts[post.relation] += 1
                print(post.model_dump_json(exclude_defaults=True))
    told = ", ".join(f"{name}: {count}" for name, count in sorted(counts.items()) if name != "left out")
    tell(f"{sum(counts.values()) - counts['left out']} posts ({told or 'no feedback is kept'})")
    if counts["left out"]:
        tell(f"left out {counts['left out']} about debunks that are no longer in the corpus")
    return DONE


if __name__ == "__main__":
    run(main)
