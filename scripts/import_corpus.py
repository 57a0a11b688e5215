"""Reads debunks from files, feeds and pages into the corpus, batch by batch; one that was stopped goes on."""

import argparse
import hashlib
import json
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from tqdm import tqdm

from corpus.importing import IMPORTERS, importer_of, read_source
from corpus.model import Debunk, Rejected
from corpus.run import Run, Taken
from corpus.source import Source, SourceMetadata, checked_metadata, open_source
from corpus.store import CorpusStore
from corpus.web.fetch import fetch, suffix_of
from scripts.terminal import DONE, SOME_REJECTED, parser, run, tell
from service.settings import Settings
from service.wiring import open_store

STANDARD_INPUT = "-"
ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://", re.I)
PAGES = (".html", ".htm", ".txt")
BATCH = 250  # records a transaction and so a revision: what is read again when killed, and what is matched at once
SHOWN = 5  # records of a dry run


@dataclass
class _Counts:
    """What became of the records, over all sources."""

    read: int = 0
    put: int = 0
    unchanged: int = 0
    rejected: int = 0
    kept_out: int = 0
    withdrawn: int = 0

    def add(self, taken: Taken, read: int) -> None:
        self.read += read
        self.put += taken.put
        self.unchanged += taken.unchanged
        self.kept_out += taken.kept_out
        self.rejected += len(taken.rejected)


def main() -> int:
    """Import what the arguments name; return the exit code."""
    arguments = _parser().parse_args()
    settings = Settings.from_environment()
    with ExitStack() as files:
        sources = [_source(name, arguments, settings, files) for name in arguments.source]
        for source in sources:
            importer_of(source, arguments.format)  # what nobody can read is told before anything is written
        if arguments.dry_run:
            return _show(sources, arguments.format)
        counts = _Counts()
        with open_store(settings) as store:
            for source in sources:
                _import(source, store, arguments, counts)
    return _told(counts)


def _parser() -> argparse.ArgumentParser:
    options = parser("import_corpus", __doc__ or "")
    options.add_argument("source", nargs="+", metavar="SOURCE", help="a file, an address, or - for standard input")
    options.add_argument("--format", choices=sorted(IMPORTERS), help="how to read it; found by the suffix when absent")
    known = ", ".join(SourceMetadata.model_fields)
    _add_pairs(options, "--set", "NAME=VALUE", f"what the source does not say of itself: {known}")
    _add_pairs(options, "--map", "FIELD=COLUMN", "which column of a table holds which field; else it is guessed")
    options.add_argument("--feed", metavar="NAME", help="the feed's name, if not its address or its file's name")
    options.add_argument(
        "--whole", action="store_true", help="the source is all that the feed has: what it held before expires"
    )
    options.add_argument("--dry-run", action="store_true", help="show how the source is read and its first records")
    return options


def _add_pairs(options: argparse.ArgumentParser, name: str, shape: str, meaning: str) -> None:
    options.add_argument(name, action="append", default=[], type=_pair, metavar=shape, help=meaning)


def _pair(text: str) -> str:
    if "=" not in text:
        raise argparse.ArgumentTypeError(f"met {text!r}; expected NAME=VALUE")
    return text


def _source(name: str, arguments: argparse.Namespace, settings: Settings, files: ExitStack) -> Source:
    metadata, columns = (dict(pair.split("=", 1) for pair in pairs) for pairs in (arguments.set, arguments.map))
    if ADDRESS.match(name):
        return _fetched(name, metadata, columns, settings)
    if name != STANDARD_INPUT:
        return open_source(Path(name), metadata, columns)
    kept = Path(files.enter_context(tempfile.TemporaryDirectory(prefix="mythmatch-"))) / "standard-input"
    with kept.open("wb") as whole:
        shutil.copyfileobj(sys.stdin.buffer, whole)
    return Source("standard input", kept, checked_metadata(metadata, "standard input"), columns=columns)


def _fetched(url: str, metadata: dict[str, str], columns: dict[str, str], settings: Settings) -> Source:
    """Return what the address gives, as a source; a page's own address is what it states of itself or this one."""
    fetched = fetch(url, settings.data_dir / "fetched", settings.allowed_hosts)
    tell(f"{url}: {'unchanged since it was fetched last' if fetched.unchanged else 'fetched'}")
    suffix = suffix_of(fetched)
    name = url if PurePosixPath(urlsplit(url).path).suffix == suffix else f"{url}{suffix}"
    stated = {"url": fetched.url, **metadata} if suffix in PAGES else metadata
    return Source(name, fetched.path, checked_metadata(stated, url), columns=columns)


def _feed_of(source: Source, arguments: argparse.Namespace) -> str:
    """Return the name under which the same source is known again: never a path, which would say whose machine it is."""
    if arguments.feed or ADDRESS.match(source.name):
        return str(arguments.feed or source.name)
    return Path(source.name).name


def _import(source: Source, store: CorpusStore, arguments: argparse.Namespace, counts: _Counts) -> None:
    """Read the source and write it, batch by batch, with a bar of the bytes read and the time left."""
    import_run = Run.begin(store, _feed_of(source, arguments), _content(source, arguments))
    if import_run.took_up:
        tell(f"{source.name}: goes on behind {import_run.took_up} records that an earlier import wrote")
    size = source.content.stat().st_size if isinstance(source.content, Path) else len(source.content)
    with tqdm(total=size, unit="B", unit_scale=True, desc=Path(source.name).name, file=sys.stderr, disable=None) as bar:

        def read(count: int) -> None:
            bar.update(min(count, size - bar.n))

        watched = replace(source, on_read=read)
        records = islice(read_source(watched, arguments.format), import_run.position, None)
        began, behind = time.monotonic(), counts.read
        while batch := list(islice(records, BATCH)):
            import_run, taken = import_run.take(batch)
            counts.add(taken, len(batch))
            for record in taken.rejected:
                print(f"rejected {record.where}: {record.why}")
            rate = (counts.read - behind) / (time.monotonic() - began)
            bar.set_postfix_str(f"{import_run.position} records, {rate:.0f}/s", refresh=False)
    counts.withdrawn += import_run.finish(whole=arguments.whole)


def _content(source: Source, arguments: argparse.Namespace) -> str:
    """Return what names the bytes of the source and the way they are read: an import of the same goes on."""
    way = [arguments.format, source.metadata.model_dump(), dict(source.columns), arguments.whole]
    return hashlib.sha256(f"{source.sha256} {json.dumps(way)}".encode()).hexdigest()


def _told(counts: _Counts) -> int:
    print(f"read {counts.read} put {counts.put} unchanged {counts.unchanged} rejected {counts.rejected}")
    if counts.kept_out:
        tell(f"{counts.kept_out} stay away: they were removed by hand; put them by PUT /v1/debunks/<id>")
    if counts.withdrawn:
        tell(f"{counts.withdrawn} are in the feed no more and expire")
    if counts.put or counts.withdrawn:
        tell("a running service matches it within seconds; `python -m scripts.build_snapshot` does it without one")
    return SOME_REJECTED if counts.rejected else DONE


def _show(sources: list[Source], format_name: str | None) -> int:
    """Print how each source would be read, and its first records; write nothing."""
    rejected = 0
    for source in sources:
        importer = importer_of(source, format_name)
        print(f"{source.name}: read as {importer.__name__.rpartition('.')[2]}")
        if hasattr(importer, "columns_of"):
            columns = importer.columns_of(source)
            print("columns: " + ", ".join(f"{field}={column}" for field, column in columns.items()))
        for record in islice(read_source(source, format_name), SHOWN):
            rejected += isinstance(record, Rejected)
            print("\n".join(_shown(record)))
    return SOME_REJECTED if rejected else DONE


def _shown(record: Debunk | Rejected) -> Iterator[str]:
    if isinstance(record, Rejected):
        yield f"rejected {record.where}: {record.why}"
        return
    yield record.id
    for name, value in record.model_dump(mode="json", exclude_defaults=True, exclude={"id"}).items():
        text = json.dumps(value, ensure_ascii=False)
        yield f"  {name}: {text if len(text) <= 100 else text[:97] + '...'}"


if __name__ == "__main__":
    run(main)
