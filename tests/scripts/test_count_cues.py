"""scripts.count_cues: how many judged posts have each cue word, and that the page on cue words shows it."""

import json
import sys
from pathlib import Path

import pytest

from corpus.judged import JUDGED
from scripts.count_cues import LEARNED_FROM
from scripts.count_cues import main as count_cues
from scripts.terminal import run
from service.matching.cues import words_met
from tests.real_server import ROOT

POSTS = (
    ("en", "denies", "It’s NOT true, no one sold it: the sale is a myth"),
    ("en", "denies", "Myths, myths. They never sold it"),
    ("en", "repeats", "They sold it and nobody says so"),
    ("en", "none", "Notes on mythology"),
    ("ru", "reports", "Министр сказал: мост якобы продали"),
    ("be", "denies", "Это миф"),  # Belarusian is read with Russian words
)


@pytest.fixture
def few(tmp_path: Path) -> Path:
    path = tmp_path / "few.jsonl"
    posts = [
        {"id": f"p{n}", "text": text, "lang": lang, "relation": relation, "kind": "direct"}
        for n, (lang, relation, text) in enumerate(POSTS)
    ]
    lines = [json.dumps({**post, "debunk_id": None if post["relation"] == "none" else "bridge"}) for post in posts]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    monkeypatch.setattr(sys, "argv", ["count_cues", *arguments])
    assert count_cues() == 0
    return capsys.readouterr().out.splitlines()


def test_each_kind_is_counted_by_language_with_its_share_of_each_relation(
    few: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = printed(monkeypatch, capsys, "--judged", str(few))
    for line in (
        "| language | kind | words | met | posts | repeats | denies | reports | none |",
        "| en | (all posts) |  |  | 4 | 1 | 2 | 0 | 1 |",
        "| en | negations | 22 | 5 | 3 | 1.00 | 1.00 | - | 0.00 |",  # not, never, no, nobody, no one
        "| en | debunks | 60 | 1 | 3 | 0.00 | 1.00 | - | 1.00 |",  # myth*
        "| en | reports | 28 | 1 | 1 | 1.00 | 0.00 | - | 0.00 |",  # says
        "| ru | (all posts) |  |  | 2 | 0 | 1 | 1 | 0 |",
        "| ru | debunks | 60 | 1 | 1 | - | 1.00 | 0.00 | - |",  # миф*
        "| ru | hedges | 9 | 1 | 1 | - | 0.00 | 1.00 | - |",  # якобы
        "| fr | negations | 15 | 0 | 0 | - | - | - | - |",
        "- ru hedges, never met: будто, дескать, мол, так называем*, вроде как, как бы, предположительно, видимо",
    ):
        assert line in lines
    assert not any(line.startswith("| not |") for line in lines)


def test_each_word_is_counted_where_it_is_asked_for_once_a_post_and_commonest_first(
    few: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = printed(monkeypatch, capsys, "--judged", str(few), "--words")
    start = lines.index("| en debunks | posts | repeats | denies | reports | none |")
    assert lines[start + 2 : start + 4] == ["| myth* | 3 | 0 | 2 | 0 | 1 |", "| fake* | 0 | 0 | 0 | 0 | 0 |"]
    assert "| no one | 1 | 0 | 1 | 0 | 0 |" in lines
    assert "| n't | 0 | 0 | 0 | 0 | 0 |" in lines


def test_the_words_met_are_those_of_the_table_in_its_order() -> None:
    assert words_met("negations", "I don’t know, NO ONE does", "en-GB") == ["n't", "no", "no one"]
    assert words_met("debunks", "Ещё один МИФ и фейки", "ru") == ["миф*", "фейк*"]
    assert words_met("debunks", "mythology, and a legendary lie", "en") == ["myth*", "lie"]
    assert words_met("debunks", "believe", "en") == []


@pytest.mark.slow
def test_the_page_on_cue_words_shows_what_is_printed_of_the_posts_that_are_learned_from(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert [path.relative_to(JUDGED).as_posix() for path in LEARNED_FROM] == [
        "train.jsonl",
        "open-train.jsonl",
        "open-fit.jsonl",
    ]
    lines = printed(monkeypatch, capsys)
    shown = (ROOT / "docs/cues.md").read_text(encoding="utf-8")
    end = lines.index("")
    assert "\n".join(lines[:end]) in shown
    for line in lines[end + 1 :]:
        assert (line in shown) == line.startswith(("- en ", "- ru ", "- uk ", "- fr ")), line


def test_a_file_that_is_not_there_is_named_with_exit_code_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["count_cues", "--judged", str(tmp_path / "absent.jsonl")])
    with pytest.raises(SystemExit) as left:
        run(count_cues)
    assert left.value.code == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "absent.jsonl: cannot be read" in said.err
