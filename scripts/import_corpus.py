"""Reads debunks from files into the corpus."""

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from corpus.importing import IMPORTERS, read_sources
from corpus.model import Debunk, Rejected
from corpus.source import Source, SourceMetadata, checked_metadata, open_source
from scripts.terminal import DONE, SOME_REJECTED, parser, run, tell
from service.settings import Settings
from service.wiring import open_store

STANDARD_INPUT = "-"


def main() -> int:
    """Import what the arguments name, all of it in one revision; return the exit code."""
    arguments = _parser().parse_args()
    metadata = dict(pair.split("=", 1) for pair in arguments.set)
    sources = [_source(name, metadata) for name in arguments.source]
    rejected: list[Rejected] = []
    with open_store(Settings.from_environment()) as store:
        written = store.put(_debunks(read_sources(sources, arguments.format), rejected))
    for record in rejected:
        print(f"rejected {record.where}: {record.why}")
    read = written.put + written.unchanged + len(rejected)
    print(f"read {read} put {written.put} unchanged {written.unchanged} rejected {len(rejected)}")
    if written.put:
        tell(f"the corpus is at revision {written.revision}; `python -m scripts.build_snapshot` has it matched")
    return SOME_REJECTED if rejected else DONE


def _parser() -> argparse.ArgumentParser:
    options = parser("import_corpus", __doc__ or "")
    options.add_argument("source", nargs="+", metavar="SOURCE", help="a file, or - for standard input")
    options.add_argument("--format", choices=sorted(IMPORTERS), help="how to read it; found by the suffix when absent")
    options.add_argument(
        "--set",
        action="append",
        default=[],
        type=_pair,
        metavar="NAME=VALUE",
        help=f"what the source does not say of itself: {', '.join(SourceMetadata.model_fields)}",
    )
    return options


def _pair(text: str) -> str:
    if "=" not in text:
        raise argparse.ArgumentTypeError(f"met {text!r}; expected NAME=VALUE")
    return text


def _source(name: str, metadata: dict[str, str]) -> Source:
    if name == STANDARD_INPUT:
        return Source("standard input", sys.stdin.buffer.read(), checked_metadata(metadata, "standard input"))
    return open_source(Path(name), metadata)


def _debunks(records: Iterable[Debunk | Rejected], rejected: list[Rejected]) -> Iterator[Debunk]:
    """Yield the debunks, and keep the others in `rejected`."""
    for record in records:
        if isinstance(record, Debunk):
            yield record
        else:
            rejected.append(record)


if __name__ == "__main__":
    run(main)
