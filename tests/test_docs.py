"""The documents name all that there is, and what they show is what the code does."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from corpus.importers import jsonl
from corpus.model import Debunk
from corpus.source import Source, SourceMetadata
from service.settings import settings_table
from tests.real_server import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
SCRIPTS = sorted(path.stem for path in (ROOT / "scripts").glob("*.py") if "def main" in path.read_text())
DECISIONS = sorted(path.name for path in (ROOT / "docs/decisions").glob("*.md"))


def test_the_readmes_table_of_settings_is_the_codes() -> None:
    assert settings_table() in README


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_readme_names_every_script(name: str) -> None:
    assert f"python -m scripts.{name}" in README


def test_the_readme_names_every_make_target() -> None:
    targets = re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    assert {"help", "install", "run", "test", "lint", "fix"} <= set(targets)
    for target in set(targets) - {"help"}:
        assert f"`make {target}`" in README


def test_the_readmes_debunk_can_be_imported() -> None:
    line = re.search(r'^    (\{"id": "bridge".*\})$', README, re.M)
    assert line
    (debunk,) = jsonl.read(Source("README.jsonl", line[1].encode(), SourceMetadata()))
    assert isinstance(debunk, Debunk)
    assert debunk.url == "https://example.org/bridge"


def test_every_link_of_the_documents_leads_somewhere() -> None:
    for document in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")):
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_every_decision_has_a_question_options_a_measurement_and_a_choice() -> None:
    assert DECISIONS
    for number, name in enumerate(DECISIONS, start=1):
        assert name.startswith(f"{number:04d}-")
        text = (ROOT / "docs/decisions" / name).read_text(encoding="utf-8")
        assert re.findall(r"^## (\w+)", text, re.M) == ["Question", "Options", "Measurement", "Choice"], name


def test_every_dependency_is_pinned_and_has_its_reason() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
            if line and not line.startswith(("#", "-r")):
                assert re.fullmatch(r"[A-Za-z0-9_.-]+(\[\w+\])?==[\w.]+  # .{10,}", line), line


def test_the_notice_names_the_source_of_what_is_quoted() -> None:
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    assert "https://www.nato.int/cps/en/natohq/115204.htm" in notice
    assert "multilingual-e5-small" in notice


def readme_example() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the request that the README shows, and its answer; a text that is cut there ends with an ellipsis."""
    request = re.search(r"/v1/match \\\n +-d '(\{.*?\})'", README, re.S)
    answer = re.search(r"```json\n(\{.*?\n\})\n```", README, re.S)
    assert request
    assert answer
    return json.loads(request[1]), json.loads(answer[1])


def same_as_shown(shown: Any, real: Any, where: str = "answer") -> None:
    """Assert that the real answer is the one shown: keys in order, numbers within a thousandth, cut texts by prefix."""
    if isinstance(shown, dict):
        assert list(shown) == list(real), where
        for name, value in shown.items():
            same_as_shown(value, real[name], f"{where}.{name}")
    elif isinstance(shown, list):
        assert len(shown) == len(real), where
        for place, value in enumerate(shown):
            same_as_shown(value, real[place], f"{where}[{place}]")
    elif isinstance(shown, str) and shown.endswith("…"):
        assert isinstance(real, str), where
        assert real.startswith(shown[:-1]), where
    elif isinstance(shown, float):
        assert real == pytest.approx(shown, abs=1e-3), where
    else:
        assert real == shown, where


def test_the_comparison_with_the_readme_can_fail(tmp_path: Path) -> None:
    same_as_shown({"a": [1.0, "long t…"]}, {"a": [1.0004, "long text"]})
    for other in ({"a": [1.0]}, {"a": [1.1, "long text"]}, {"a": [1.0, "short"]}, {"b": [1.0, "long text"]}):
        with pytest.raises(AssertionError):
            same_as_shown({"a": [1.0, "long t…"]}, other)
