"""Matches texts: arguments, or JSON Lines of {"id", "text"} to JSON Lines of answers in the same order."""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, Any

from tqdm import tqdm

from scripts.terminal import DONE, SOME_REJECTED, parser, run, tell
from service.answering import Answered, matched
from service.batches import PART_ROWS, Row, RowReader, outcomes
from service.matching.matcher import Matcher
from service.settings import Settings
from service.wire import MAX_LIMIT, MatchRequest, error_json, read_match_request
from service.wiring import open_matcher

STANDARD = "-"


def main() -> int:
    """Match what the arguments name; return the exit code."""
    options = _parser()
    arguments = options.parse_args()
    if bool(arguments.text) == bool(arguments.input):
        options.error("give either texts or --input FILE.jsonl")
    if arguments.input and STANDARD not in (arguments.input, arguments.output) and _is_one_file(arguments):
        options.error(f"--output {arguments.output} would overwrite the input; name another file")
    settings = Settings.from_environment()
    with ExitStack() as files:
        rows = _rows_of(arguments, settings.max_text_chars, files)
        matcher = open_matcher(settings)
        output = _opened(arguments.output, "w", files)
        progress = tqdm(unit=" texts", file=sys.stderr, disable=None)
        failed = 0
        counts: Counter[str] = Counter()
        for kind, line in _answer_lines(rows, matcher):
            failed += "error" in line
            counts[kind] += 1
            print(json.dumps(line, ensure_ascii=False), file=output)
            progress.update()
        progress.close()
        tell("; ".join(f"{kind}: {count}" for kind, count in sorted(counts.items())))
    if failed:
        tell(f"{failed} rows could not be matched; their lines have an error in place of an answer")
    return SOME_REJECTED if failed else DONE


def _is_one_file(arguments: argparse.Namespace) -> bool:
    return Path(arguments.input).resolve() == Path(arguments.output).resolve()


def _parser() -> argparse.ArgumentParser:
    options = parser("match_texts", __doc__ or "")
    options.add_argument("text", nargs="*", metavar="TEXT", help="a text to match; its number is its id")
    options.add_argument("--input", metavar="FILE.jsonl", help="read texts from a file, - for standard input")
    options.add_argument("--output", metavar="FILE.jsonl", default=STANDARD, help="write to a file; - is the default")
    limits = range(1, MAX_LIMIT + 1)
    options.add_argument("--limit", type=int, choices=limits, metavar="N", default=5, help="debunks a text (5)")
    options.add_argument(
        "--stance",
        choices=("repeats", "any"),
        default="repeats",
        help="any: a text that only denies or reports a myth can be a match too",
    )
    return options


def _rows_of(arguments: argparse.Namespace, max_text_chars: int, files: ExitStack) -> Iterator[Row]:
    options = {"limit": arguments.limit, "stance": arguments.stance}

    def read(fields: dict[str, Any]) -> MatchRequest:
        """Return the request; fields beside the text and its language are somebody's own and left alone."""
        asked = {name: fields[name] for name in ("text", "lang") if name in fields}
        return read_match_request({**options, **asked}, max_text_chars)

    if not arguments.input:
        reader = RowReader(read, {}, "text")
        return (reader.row(text, number) for number, text in enumerate(arguments.text, start=1))
    reader = RowReader(read, {}, "line")
    lines = enumerate(_opened(arguments.input, "r", files), start=1)
    return (reader.parsed(line.encode("utf-8", "surrogateescape"), number) for number, line in lines if line.strip())


def _opened(name: str, mode: str, files: ExitStack) -> IO[str]:
    """Return a text stream in UTF-8; bytes that are none reach `read_json` as they were, to be refused there."""
    bad_bytes = "surrogateescape" if mode == "r" else "strict"
    if name == STANDARD:
        descriptor = (sys.stdin if mode == "r" else sys.stdout).fileno()
        return files.enter_context(open(descriptor, mode, encoding="utf-8", errors=bad_bytes, closefd=False))
    return files.enter_context(Path(name).open(mode, encoding="utf-8", errors=bad_bytes))


def _answer_lines(rows: Iterator[Row], matcher: Matcher) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield for each row, in order, what it is counted as and its line: the v1 answer, or the error, with its id."""
    while part := list(islice(rows, PART_ROWS)):
        for row, outcome in zip(part, outcomes(part, partial(matched, matcher)), strict=True):
            if isinstance(outcome, Answered):
                counted = ", ".join(filter(None, (outcome.answer.decision, outcome.answer.stance)))
                yield counted, {"id": row.id, **outcome.json(None)}
            else:
                yield "error", {"id": row.id, **error_json(type(outcome).__name__, str(outcome))}


if __name__ == "__main__":
    run(main)
