"""scripts.keys at a terminal: a key is printed once, listed without what it is, and revoked."""

import importlib
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from corpus.keys import Key, KeyStore
from corpus.store import CorpusStore
from scripts.terminal import run as run_main
from tests.real_server import ROOT, environment_in

Call = Callable[..., int | str | None]


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Run the script in this process, as `python -m` would, and return its exit code."""
    for name, value in environment_in(tmp_path, {"MYTHMATCH_ENCODER": "toy"}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(ROOT)

    def call(*arguments: str) -> int | str | None:
        monkeypatch.setattr(sys, "argv", ["keys", *arguments])
        with pytest.raises(SystemExit) as left:
            run_main(importlib.import_module("scripts.keys").main)
        return left.value.code

    return call


def stored(tmp_path: Path) -> list[Key]:
    with CorpusStore.open(f"sqlite:///{tmp_path / 'data' / 'corpus.db'}") as store:
        return KeyStore(store.database).all()


def test_a_key_is_printed_alone_and_once(keys: Call, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert keys("make", "Оля К.", "--scope", "read", "--scope", "match", "--expires", "2100-01-01") == 0
    printed = capsys.readouterr()
    text = printed.out.strip()
    assert re.fullmatch(r"mm_[0-9a-f]{12}_[\w-]{43}", text, re.ASCII)
    assert "it is not shown again" in printed.err
    assert text not in printed.err
    (key,) = stored(tmp_path)
    assert (key.name, key.scopes, key.expires_at) == ("Оля К.", ("read", "match"), datetime(2100, 1, 1, tzinfo=UTC))
    assert keys("list") == 0
    shown = capsys.readouterr().out
    assert key.id in shown
    assert text not in shown
    assert text[16:] not in shown
    assert key.digest not in shown


def test_the_list_shows_what_is_known_of_each_key(
    keys: Call, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert keys("list") == 0
    assert capsys.readouterr().out.split() == ["id", "name", "scopes", "made", "expires", "revoked", "last", "used"]
    keys("make", "anna", "--scope", "admin")
    keys("make", "ben", "--scope", "write", "--scope", "read", "--expires", "2100-01-01T12:30+02:00")
    anna, ben = stored(tmp_path)
    assert keys("revoke", anna.id) == 0
    capsys.readouterr()
    keys("list")
    _, *rows = [re.split(r" {2,}", line) for line in capsys.readouterr().out.splitlines()]
    made = [f"{key.made_at:%Y-%m-%dT%H:%MZ}" for key in (anna, ben)]
    assert rows[0][:5] == [anna.id, "anna", "admin", made[0], "-"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\dZ", rows[0][5])
    assert rows[1] == [ben.id, "ben", "read,write", made[1], "2100-01-01T10:30Z", "-", "-"]


def test_a_key_is_revoked_by_its_name_once(keys: Call, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    keys("make", "anna", "--scope", "read")
    capsys.readouterr()
    assert keys("revoke", "anna") == 0
    (key,) = stored(tmp_path)
    assert key.revoked_at is not None
    assert capsys.readouterr().out == f"revoked {key.id} anna\n"
    assert keys("revoke", "anna") == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("\n")) == ("", 1)
    assert "no key of that id or name is left to revoke" in printed.err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "the following arguments are required: make|list|revoke"),
        (["make", "anna"], "the following arguments are required: --scope"),
        (["make", "anna", "--scope", "root"], "invalid choice: 'root'"),
        (["make", "anna", "--scope", "read", "--expires", "soon"], "met 'soon'; expected a day or time in ISO 8601"),
        (["make", "anna", "--scope", "read", "--expires", "2020-01-01"], "which is past; expected a time to come"),
        (["make", "", "--scope", "read"], "name: met 0 characters"),
        (["revoke"], "the following arguments are required: ID_OR_NAME"),
    ],
)
def test_wrong_use_makes_no_key(
    keys: Call, capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: list[str], expected: str
) -> None:
    assert keys(*arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert expected in printed.err
    assert stored(tmp_path) == []


def test_help_of_each_verb_is_shown(keys: Call, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, expected in (
        (["--help"], "A key is printed once"),
        (["--help"], "MYTHMATCH_KEYS"),
        (["make", "--help"], "--expires TIME"),
    ):
        assert keys(*arguments) == 0
        assert expected in capsys.readouterr().out
