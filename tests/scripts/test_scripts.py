"""The scripts at a terminal: results to standard output, the rest to standard error, and the exit code."""

import fcntl
import importlib
import json
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts.terminal import run as run_main
from service.settings import Settings, variable
from tests.real_server import ROOT, environment_in

pytestmark = pytest.mark.slow

TOY = {"MYTHMATCH_ENCODER": "toy"}
SCRIPTS = [
    "import_corpus",
    "export_corpus",
    "backup_corpus",
    "restore_corpus",
    "build_snapshot",
    "match_texts",
    "serve",
    "calibrate",
    "evaluate",
]
MYTH = "NATO is at war with Russia in Ukraine"


def run(folder: Path, *arguments: str, stdin: bytes = b"", **settings: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env=environment_in(folder, {**TOY, **settings}),
        input=stdin,
        capture_output=True,
        check=False,
    )


def lines(output: bytes) -> list[Any]:
    return [json.loads(line) for line in output.decode().splitlines()]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int | str | None]:
    """Run a script in this process, as `python -m` would, and return its exit code: faster where many are tried."""
    for name, value in environment_in(tmp_path, TOY).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(ROOT)

    def call(name: str, *arguments: str) -> int | str | None:
        monkeypatch.setattr(sys, "argv", [name, *arguments])
        with pytest.raises(SystemExit) as left:
            run_main(importlib.import_module(f"scripts.{name}").main)
        return left.value.code

    return call


@pytest.mark.parametrize("name", SCRIPTS)
def test_help_names_every_setting_and_the_exit_codes(
    here: Callable[..., int], capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert here(name, "--help") == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"usage: python -m scripts.{name}")
    for setting in Settings.model_fields:
        assert variable(setting) in shown
    assert "exit codes: 0" in shown


@pytest.mark.parametrize("name", SCRIPTS)
def test_wrong_use_is_exit_code_2(here: Callable[..., int], capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert here(name, "--nonsense") == 2
    assert capsys.readouterr().out == ""


def test_import_counts_and_a_second_import_changes_nothing(tmp_path: Path) -> None:
    page = str(ROOT / "corpus/data/nato-115204.txt")
    first, second = (run(tmp_path, "scripts.import_corpus", page) for _ in range(2))
    assert (first.returncode, first.stdout) == (0, b"read 5 put 5 unchanged 0 rejected 0\n")
    assert (second.returncode, second.stdout) == (0, b"read 5 put 0 unchanged 5 rejected 0\n")


def test_import_tells_the_reasons_above_the_counts(tmp_path: Path) -> None:
    source = tmp_path / "mixed.jsonl"
    source.write_text('{"id":"a","myth":"m","rating":"false"}\n{"id":"b"}\nnope\n', encoding="utf-8")
    done = run(tmp_path, "scripts.import_corpus", str(source))
    assert done.returncode == 1
    reasons, reasons2, last = done.stdout.decode().splitlines()
    assert reasons.startswith(f"rejected {source}, line 2: debunk 'b', field 'myth'")
    assert reasons2.startswith(f"rejected {source}, line 3: no JSON")
    assert last == "read 3 put 1 unchanged 0 rejected 2"


def test_import_takes_standard_input_a_format_and_metadata(tmp_path: Path) -> None:
    page = "Myth: Міст продано.\nFact: Ні.".encode()
    arguments = ["--format", "myth_fact", "--set", "lang=uk", "--set", "url=https://example.org/bridge", "-"]
    done = run(tmp_path, "scripts.import_corpus", *arguments, stdin=page)
    assert (done.returncode, done.stdout) == (0, b"read 1 put 1 unchanged 0 rejected 0\n")
    run(tmp_path, "scripts.build_snapshot")
    (answer,) = lines(run(tmp_path, "scripts.match_texts", "Міст продано.").stdout)
    debunk = answer["matches"][0]["debunk"]
    assert (debunk["id"], debunk["lang"], debunk["url"]) == ("example.org-bridge-1", "uk", "https://example.org/bridge")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["absent.txt"], "absent.txt: cannot be read (No such file or directory)"),
        (["corpus/data"], "corpus/data: cannot be read (Is a directory)"),
        (["pyproject.toml"], "met suffix '.toml'; expected a format among claim_review"),
        (["corpus/data/nato-115204.txt", "--set", "ratng=false"], "known fields are title, url"),
    ],
)
def test_a_source_that_cannot_be_read_is_one_line_and_nothing_is_written(
    here: Callable[..., int], capsys: pytest.CaptureFixture[str], arguments: list[str], expected: str
) -> None:
    assert here("import_corpus", *arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert expected in printed.err


def test_match_texts_imports_and_builds_what_ships_and_answers_arguments(tmp_path: Path) -> None:
    done = run(tmp_path, "scripts.match_texts", "--limit", "1", MYTH, "Bake 500 g of flour")
    assert done.returncode == 0
    one, two = lines(done.stdout)
    assert (one["id"], one["decision"]) == (1, "match")
    assert [match["debunk"]["id"] for match in one["matches"]] == ["nato.int-115204-1"]
    assert (two["id"], two["decision"]) == (2, "no_match")
    assert done.stderr == b"match, repeats: 1; no_match: 1\n"  # no progress bar where there is no terminal


ROWS = [
    b'{"id": "a", "text": "NATO is at war with Russia in Ukraine", "date": "2022-01-01"}',
    b"not JSON",
    b'{"id": 7, "text": "Bake 500 g of flour"}',
    b"",
    b'{"id": "c"}',
    b'{"text": "Bake 500 g of flour, whose number is its id"}',
    b'{"id": "d", "text": " "}',
    b'{"id": "e", "text": "\xff"}',
    '{"id": "ж", "text": "Сир 🤡 і хліб"}'.encode(),
]


def check_rows(answers: list[Any]) -> None:
    assert [answer["id"] for answer in answers] == ["a", None, 7, "c", 6, "d", None, "ж"]
    kinds = [answer["error"]["type"] if "error" in answer else answer["decision"] for answer in answers]
    assert kinds == [
        "match", "NotJson", "no_match", "InvalidRequest", "no_match", "InvalidText", "NotJson", "no_match",
    ]  # fmt: skip
    assert answers[1]["error"]["message"].startswith("line 2: the body is no JSON")


def test_match_texts_keeps_order_ids_and_errors_from_file_to_file(tmp_path: Path) -> None:
    source, target = tmp_path / "posts.jsonl", tmp_path / "answers.jsonl"
    source.write_bytes(b"\n".join(ROWS))
    done = run(tmp_path, "scripts.match_texts", "--input", str(source), "--output", str(target))
    assert done.returncode == 1
    assert done.stdout == b""
    assert b"4 rows could not be matched" in done.stderr
    check_rows(lines(target.read_bytes()))


def test_match_texts_reads_and_writes_standard_streams(tmp_path: Path) -> None:
    done = run(tmp_path, "scripts.match_texts", "--input", "-", stdin=b"\n".join(ROWS))
    assert done.returncode == 1
    check_rows(lines(done.stdout))


def test_match_texts_answers_more_rows_than_a_batch_in_order(tmp_path: Path) -> None:
    rows = b"\n".join(b'{"id": %d, "text": "text number %d"}' % (number, number) for number in range(200))
    answers = lines(run(tmp_path, "scripts.match_texts", "--input", "-", stdin=rows).stdout)
    assert [answer["id"] for answer in answers] == list(range(200))
    texts = [answer["claims"][0]["text"] for answer in answers]
    assert texts == [f"text number {number}" for number in range(200)]


def test_match_texts_answers_no_rows_with_no_lines(tmp_path: Path) -> None:
    done = run(tmp_path, "scripts.match_texts", "--input", "-")
    assert (done.returncode, done.stdout) == (0, b"")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "give either texts or --input"),
        (["text", "--input", "x.jsonl"], "give either texts or --input"),
        (["--input", "x.jsonl", "--output", "x.jsonl"], "would overwrite the input"),
        (["--input", "x.jsonl", "--output", "tests/../x.jsonl"], "would overwrite the input"),
        (["--limit", "0", "text"], "--limit"),
        (["--input", "absent.jsonl"], "error: absent.jsonl: No such file or directory"),
    ],
)
def test_match_texts_refuses_what_makes_no_sense(
    here: Callable[..., int], capsys: pytest.CaptureFixture[str], arguments: list[str], expected: str
) -> None:
    assert here("match_texts", *arguments) == 2
    assert expected in capsys.readouterr().err


def test_a_calibration_or_judged_posts_that_cannot_be_used_stop_a_script_with_one_line(
    here: Callable[..., int], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, judged_file: Path
) -> None:
    for name, value, expected in (
        ("CALIBRATION", "absent.json", "error: absent.json is no calibration (FileNotFoundError); run `python -m"),
        ("JUDGED", str(judged_file), "was fitted beside other judged posts"),
        ("JUDGED", "absent.jsonl", "absent.jsonl: cannot be read (No such file or directory)"),
        ("MATCH_COSINE", "0.5", "error: MYTHMATCH_MATCH_COSINE is no setting of Mythmatch"),
    ):
        monkeypatch.setenv(f"MYTHMATCH_{name}", value)
        assert here("match_texts", "a text") == 2
        printed = capsys.readouterr()
        assert printed.out == ""
        assert expected in printed.err
        assert printed.err.count("\n") == 1
        monkeypatch.delenv(f"MYTHMATCH_{name}")


def test_match_texts_shows_its_progress_on_a_terminal(tmp_path: Path) -> None:
    terminal, end = pty.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    command = [sys.executable, "-m", "scripts.match_texts", "--output", str(tmp_path / "answers.jsonl"), "one", "two"]
    done = subprocess.run(command, cwd=ROOT, env=environment_in(tmp_path, TOY), stderr=end, check=False)
    os.close(end)
    shown = os.read(terminal, 65536).decode()
    os.close(terminal)
    assert done.returncode == 0
    assert "2 texts [" in shown


def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path) -> None:
    rows = b"\n".join(b'{"id": %d, "text": "text"}' % number for number in range(2000))
    command = f"{sys.executable} -m scripts.match_texts --input - | head -c 100 > /dev/null; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=ROOT,
        env=environment_in(tmp_path, TOY),
        input=rows,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_misspelt_setting_stops_a_script(tmp_path: Path) -> None:
    done = run(tmp_path, "scripts.build_snapshot", MYTHMATCH_ENCODR="toy")
    assert done.returncode == 2
    assert b"did you mean MYTHMATCH_ENCODER?" in done.stderr
