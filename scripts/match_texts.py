"""Matches texts: arguments, or JSON Lines of {"id", "text"} to JSON Lines of answers in the same order."""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any

from tqdm import tqdm

from scripts.terminal import DONE, SOME_REJECTED, parser, run, tell
from service.errors import InvalidRequest, RequestError
from service.matching.matcher import Matcher, Wanted
from service.settings import Settings
from service.wire import MAX_LIMIT, MatchRequest, answer_json, error_json, read_json, read_match_request
from service.wiring import open_matcher

BATCH_ROWS = 64
STANDARD = "-"


@dataclass(frozen=True)
class _Row:
    """A row of the input: its id, and the request or what is wrong with it."""

    id: Any
    asked: MatchRequest | RequestError


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
        for kind, line in _answer_lines(rows, matcher, arguments.limit, arguments.stance):
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


def _rows_of(arguments: argparse.Namespace, max_text_chars: int, files: ExitStack) -> Iterator[_Row]:
    if not arguments.input:
        texts = enumerate(arguments.text, start=1)
        return (_row({"id": number, "text": text}, number, max_text_chars) for number, text in texts)
    lines = enumerate(_opened(arguments.input, "r", files), start=1)
    return (_parsed_row(line, number, max_text_chars) for number, line in lines if line.strip())


def _opened(name: str, mode: str, files: ExitStack) -> IO[str]:
    """Return a text stream in UTF-8; bytes that are none reach `read_json` as they were, to be refused there."""
    bad_bytes = "surrogateescape" if mode == "r" else "strict"
    if name == STANDARD:
        descriptor = (sys.stdin if mode == "r" else sys.stdout).fileno()
        return files.enter_context(open(descriptor, mode, encoding="utf-8", errors=bad_bytes, closefd=False))
    return files.enter_context(Path(name).open(mode, encoding="utf-8", errors=bad_bytes))


def _parsed_row(line: str, number: int, max_text_chars: int) -> _Row:
    try:
        return _row(read_json(line.encode("utf-8", "surrogateescape")), number, max_text_chars)
    except RequestError as error:
        return _Row(None, _at_line(error, number))


def _row(fields: Any, number: int, max_text_chars: int) -> _Row:
    """Return the row of a JSON value; fields beside id, text and lang are somebody's own and left alone."""
    if not isinstance(fields, dict) or fields.get("id") is None:
        error = InvalidRequest('expected an object with an id, such as {"id": 1, "text": "..."}')
        return _Row(None, _at_line(error, number))
    asked = {name: fields[name] for name in ("text", "lang") if name in fields}
    try:
        return _Row(fields["id"], read_match_request(asked, max_text_chars))
    except RequestError as error:
        return _Row(fields["id"], _at_line(error, number))


def _at_line(error: RequestError, number: int) -> RequestError:
    return type(error)(f"line {number}: {error}")


def _answer_lines(
    rows: Iterator[_Row], matcher: Matcher, limit: int, stance: Wanted
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield for each row, in order, what it is counted as and its line: the v1 answer, or the error, with its id."""
    while batch := list(islice(rows, BATCH_ROWS)):
        texts = [row.asked.text for row in batch if isinstance(row.asked, MatchRequest)]
        started = time.perf_counter()
        answers = iter(matcher.match_all(texts, limit, stance=stance))
        took_ms = (time.perf_counter() - started) * 1000 / len(batch)
        for row in batch:
            if isinstance(row.asked, MatchRequest):
                answer = next(answers)
                counted = ", ".join(filter(None, (answer.decision, answer.stance)))
                yield counted, {"id": row.id, **answer_json(answer, matcher, None, took_ms)}
            else:
                yield "error", {"id": row.id, **error_json(type(row.asked).__name__, str(row.asked))}


if __name__ == "__main__":
    run(main)
