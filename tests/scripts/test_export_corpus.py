"""The corpus at a terminal, out of the store: to standard output or a file, whole, a part, or as it was."""

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from corpus.exporting import EXPORTERS
from corpus.importers import jsonl, table
from corpus.model import Debunk
from corpus.source import open_source
from corpus.store import CorpusStore
from scripts import export_corpus
from scripts.terminal import run as run_main
from service.settings import Settings
from service.wiring import open_store
from tests.real_server import ROOT, environment_in

BRIDGE = Debunk(id="bridge", myth="The bridge was sold.", lang="en", rating="false", tags=("city", "trade"))
MOON = Debunk(id="moon", myth="=Місяць із сиру", lang="uk", passages=("Ні.",), url="https://example.org/moon")
TRAIN = Debunk(id="train", myth="The train is late.", lang="en-GB", rating="true", tags=("trade",))


@pytest.fixture
def store_in(tmp_path: Path) -> CorpusStore:
    """The store that a script finds in that folder, with three debunks, of which one came in a second revision."""
    store = open_store(Settings(encoder="toy", data_dir=tmp_path / "data"))
    store.put([BRIDGE, MOON])
    store.put([TRAIN])
    return store


@dataclass(frozen=True)
class Done:
    """What a script left: its exit code and what it printed."""

    code: int | str | None
    out: bytes
    err: str


Export = Callable[..., Done]


@pytest.fixture
def export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Export:
    """Run the script in this process, as `python -m` would."""
    for name, value in environment_in(tmp_path, {"MYTHMATCH_ENCODER": "toy"}).items():
        monkeypatch.setenv(name, value)

    def call(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["export_corpus", *arguments])
        with pytest.raises(SystemExit) as left:
            run_main(export_corpus.main)
        printed = capfdbinary.readouterr()
        return Done(left.value.code, printed.out, printed.err.decode())

    return call


def ids(output: bytes) -> list[Any]:
    return [json.loads(line)["id"] for line in output.decode().splitlines()]


@pytest.mark.usefixtures("store_in")
@pytest.mark.parametrize("name", ["jsonl", "csv"])
def test_what_is_exported_to_a_file_is_imported_again_equal(tmp_path: Path, export: Export, name: str) -> None:
    path = tmp_path / f"corpus{EXPORTERS[name].suffix}"
    done = export("--format", name, "--output", str(path))
    assert (done.code, done.out, done.err) == (0, b"", "wrote 3 debunks\n")
    importer = {"jsonl": jsonl, "csv": table}[name]
    assert list(importer.read(open_source(path, {}))) == [BRIDGE, MOON, TRAIN]


@pytest.mark.usefixtures("store_in")
def test_standard_output_gets_the_same_bytes_as_a_file(tmp_path: Path, export: Export) -> None:
    for name in EXPORTERS:
        path = tmp_path / name
        assert export("--format", name, "--output", str(path)).code == 0
        done = export("--format", name)
        assert done.code == 0
        assert len(done.out) > 100
        assert done.out == path.read_bytes()


@pytest.mark.usefixtures("store_in")
def test_output_is_utf8_on_a_terminal_that_is_not(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "scripts.export_corpus", "--lang", "uk"]
    environment = environment_in(tmp_path, {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"})
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"wrote 1 debunks\n")
    assert json.loads(done.stdout.decode())["myth"] == MOON.myth


@pytest.mark.usefixtures("store_in")
def test_claim_reviews_are_written_as_a_feed_or_one_a_line(export: Export) -> None:
    lines = [json.loads(line) for line in export("--format", "claim_review").out.splitlines()]
    assert [line["claimReviewed"] for line in lines] == [BRIDGE.myth, MOON.myth, TRAIN.myth]
    feed = json.loads(export("--format", "feed").out)
    assert feed["@type"] == "DataFeed"
    assert len(feed["dataFeedElement"]) == 3


@pytest.mark.usefixtures("store_in")
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], ["bridge", "moon", "train"]),
        (["--tag", "city"], ["bridge"]),
        (["--tag", "city", "--tag", "trade"], ["bridge", "train"]),
        (["--lang", "en"], ["bridge", "train"]),
        (["--lang", "EN-gb"], ["train"]),
        (["--lang", "e"], []),
        (["--tag", "trade", "--lang", "uk"], []),
        (["--revision", "1"], ["bridge", "moon"]),
    ],
)
def test_a_part_of_the_corpus_is_chosen_by_tag_language_and_revision(
    export: Export, arguments: list[str], expected: list[str]
) -> None:
    done = export(*arguments)
    assert ids(done.out) == expected
    assert done.err == f"wrote {len(expected)} debunks\n"


def test_an_export_that_fails_leaves_the_old_file_and_no_other(
    tmp_path: Path, export: Export, store_in: CorpusStore
) -> None:
    folder = tmp_path / "exports"
    folder.mkdir()
    (folder / "corpus.csv").write_text("old", encoding="utf-8")
    done = export("--format", "csv", "--revision", "7", "--output", str(folder / "corpus.csv"))
    assert done.code == 2
    assert "met revision 7; expected 0 to 2" in done.err
    assert [(path.name, path.read_text(encoding="utf-8")) for path in folder.iterdir()] == [("corpus.csv", "old")]
    assert store_in.revision == 2


def test_a_folder_that_is_not_there_is_one_line(tmp_path: Path, export: Export) -> None:
    done = export("--output", str(tmp_path / "absent" / "corpus.jsonl"))
    assert done.code == 2
    assert done.err.count("\n") == 1
    assert "No such file or directory" in done.err


def test_an_empty_corpus_is_a_csv_header_or_no_line(export: Export) -> None:
    assert export().out == b""
    assert list(csv.reader(export("--format", "csv").out.decode().splitlines())) == [list(Debunk.model_fields)]


def test_every_format_has_a_suffix_that_its_files_are_known_by() -> None:
    assert {name: exporter.suffix for name, exporter in EXPORTERS.items()} == {
        "jsonl": ".jsonl",
        "csv": ".csv",
        "feed": ".json",
        "claim_review": ".jsonl",
    }
