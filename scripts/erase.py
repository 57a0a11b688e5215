"""Erases feedback and kept texts for good: one by its id, those from before a time, or all."""

import argparse

from corpus.database import Database
from corpus.feedback import FeedbackStore
from corpus.kept_texts import KeptTexts
from scripts.terminal import DONE, WRONG_USE, moment, parser, run, tell
from service.settings import Settings
from service.wiring import open_store


def main() -> int:
    """Erase what the arguments name, and print how much that was; return the exit code."""
    arguments = _parser().parse_args()
    with open_store(Settings.from_environment()) as store:
        feedback, texts = _erased(arguments, store.database)
    if arguments.id is not None and not feedback + texts:
        tell(f"error: neither feedback nor a kept text has the id {arguments.id!r}; nothing was erased")
        return WRONG_USE
    print(f"erased feedback {feedback} texts {texts}")
    return DONE


def _erased(arguments: argparse.Namespace, database: Database) -> tuple[int, int]:
    feedback, texts = FeedbackStore(database), KeptTexts(database)
    if arguments.id is not None:
        return int(feedback.erase(arguments.id)), int(texts.erase(arguments.id))
    if arguments.before is not None:
        return feedback.erase_before(arguments.before), texts.erase_before(arguments.before)
    return feedback.erase_all(), texts.erase_all()


def _parser() -> argparse.ArgumentParser:
    options = parser("erase", __doc__ or "")
    which = options.add_mutually_exclusive_group(required=True)
    which.add_argument("--id", metavar="ID", help="of feedback, or of the request whose text was kept")
    which.add_argument("--before", type=moment, metavar="TIME", help="erase all from before 2026-09-21 or a time (UTC)")
    which.add_argument("--all", action="store_true", help="erase all feedback and all kept texts")
    return options


if __name__ == "__main__":
    run(main)
