"""What every script does at a terminal: results to standard output, progress and errors to standard error.

Exit codes: 0 done, 1 done but some records were rejected, 2 wrong use or nothing could be done.
"""

import argparse
import logging
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime

from corpus.errors import CorpusError
from embeddings.errors import EmbeddingsError
from service.errors import ServiceError
from service.matching.errors import MatchingError
from service.settings import settings_help

DONE, SOME_REJECTED, WRONG_USE = 0, 1, 2
INTERRUPTED = 130  # what a shell gives a program that Ctrl-C ended


def parser(name: str, description: str) -> argparse.ArgumentParser:
    """Return a parser whose help ends with the settings and the exit codes."""
    return argparse.ArgumentParser(
        prog=f"python -m scripts.{name}",
        description=description,
        epilog=f"{settings_help()}\n\nexit codes: 0 done, 1 some records were rejected, 2 wrong use or failed",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def moment(text: str) -> datetime:
    """Return the day or time of an option in UTC, which it is in where it says no other; raises ArgumentTypeError."""
    try:
        time = datetime.fromisoformat(text)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise argparse.ArgumentTypeError(
            f"met {text!r}; expected a day or time in ISO 8601 such as 2026-09-21 or 2026-09-21T17:10Z"
        ) from error


def tell(message: str) -> None:
    """Print progress or an error to standard error."""
    print(message, file=sys.stderr, flush=True)


def run(main: Callable[[], int]) -> None:
    """Run a script and end the process with its exit code; an expected error is one line, without a traceback."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("service").setLevel(logging.INFO)  # libraries speak from WARNING on
    try:
        code = main()
        sys.stdout.flush()
    except (CorpusError, EmbeddingsError, MatchingError, ServiceError) as error:
        tell(f"error: {error}")
        code = WRONG_USE
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader has left; flush into nothing
        code = DONE
    except OSError as error:
        tell(f"error: {error.filename or 'input or output'}: {error.strerror}")
        code = WRONG_USE
    except KeyboardInterrupt:
        tell("interrupted")
        code = INTERRUPTED
    sys.exit(code)
