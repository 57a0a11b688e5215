"""Backup and restore at a terminal, from one data folder to another."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.real_server import ROOT, environment_in

pytestmark = pytest.mark.slow

PAGE = str(ROOT / "corpus/data/nato-115204.txt")


def run(folder: Path, script: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", f"scripts.{script}", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment_in(folder, {}), capture_output=True, text=True, check=False
    )


def test_a_corpus_is_backed_up_and_restored_by_one_command_each(tmp_path: Path) -> None:
    one, other, backup = tmp_path / "one", tmp_path / "other", str(tmp_path / "corpus.gz")
    run(one, "import_corpus", PAGE)
    done = run(one, "backup_corpus", "--output", backup)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("backed up revision ")
    assert " debunks 5 " in done.stdout
    restored = run(other, "restore_corpus", backup)
    assert (restored.returncode, restored.stdout) == (0, done.stdout.replace("backed up", "restored"))
    again = run(other, "restore_corpus", backup)
    assert (again.returncode, again.stdout) == (2, "")
    assert "expected an empty database; `--replace` erases what is there" in again.stderr
    assert again.stderr.count("\n") == 1
    assert run(other, "restore_corpus", backup, "--replace").returncode == 0
    assert " unchanged 5 " in run(other, "import_corpus", PAGE).stdout


def test_what_is_no_backup_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    for name, expected in ((PAGE, "is no backup, or it was altered"), ("absent.gz", "absent.gz: No such file")):
        done = run(tmp_path, "restore_corpus", name)
        assert (done.returncode, done.stdout) == (2, "")
        assert expected in done.stderr
        assert done.stderr.count("\n") == 1


def test_the_help_says_that_texts_of_people_are_in_a_backup(tmp_path: Path) -> None:
    said = run(tmp_path, "backup_corpus", "--help").stdout
    assert "--without-texts" in said
    assert "holds\nthe texts that people sent with their feedback" in said
