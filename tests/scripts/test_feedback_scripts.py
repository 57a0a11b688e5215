"""scripts.export_feedback and scripts.erase at a terminal: feedback goes into a calibration, and is erased."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from corpus.feedback import Feedback, FeedbackStore
from corpus.judged import read_judged
from corpus.kept_texts import KeptText, KeptTexts
from corpus.model import Debunk
from corpus.store import CorpusStore
from tests.real_server import ROOT, environment_in

pytestmark = pytest.mark.slow

BRIDGE = Debunk(id="bridge", myth="The bridge was sold", lang="en", rating="false")
MOON = Debunk(id="moon", myth="The moon is made of cheese", lang="en", rating="false")


def run(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", *arguments]
    environment = environment_in(folder, {"MYTHMATCH_ENCODER": "toy"})
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a corpus, four words of feedback of which one is on a debunk that was removed, and two texts."""
    with CorpusStore.open(f"sqlite:///{tmp_path / 'data' / 'corpus.db'}") as store:
        store.put([BRIDGE, MOON])
        store.remove(["moon"])
        feedback, texts = FeedbackStore(store.database), KeptTexts(store.database)
        feedback.put(Feedback("They sold it", "en", "bridge", "confirm", None, "reports", id="f1"))
        feedback.put(Feedback("Мост покрасили", "ru", "bridge", "reject", id="f2"))
        feedback.put(Feedback("Cheese up there", "en", "bridge", "other", "moon", id="f3"))
        old = datetime(2020, 1, 1, tzinfo=UTC)
        feedback.put(Feedback("It was sold", "en", "bridge", "confirm", id="f4", given_at=old))
        texts.keep(KeptText("r1", "a", "en", "{}"))
        texts.keep(KeptText("r2", "b", "en", "{}", old))
    return tmp_path


def test_feedback_is_printed_as_posts_that_calibrate_reads(folder: Path) -> None:
    done = run(folder, "scripts.export_feedback")
    assert done.returncode == 0, done.stderr
    assert "3 posts (none: 1, repeats: 1, reports: 1)" in done.stderr
    assert "left out 1 about debunks that are no longer in the corpus" in done.stderr
    judged = folder / "feedback.jsonl"
    judged.write_text(done.stdout, encoding="utf-8")
    told = {post.id: (post.text, post.debunk_id, post.relation, post.near, post.kind) for post in read_judged(judged)}
    assert told == {
        "f1": ("They sold it", "bridge", "reports", None, "feedback"),
        "f2": ("Мост покрасили", None, "none", "bridge", "feedback"),
        "f4": ("It was sold", "bridge", "repeats", None, "feedback"),
    }
    taken = run(folder, "scripts.calibrate", "--judged", str(judged), "--output", str(folder / "mine.json"))
    assert taken.returncode == 2
    assert "met 2 posts about a debunk and 1 others; expected at least 20 and 20" in taken.stderr


@pytest.mark.parametrize(
    ("arguments", "printed", "left"),
    [
        (["--id", "f2"], "erased feedback 1 texts 0\n", (["f4", "f1", "f3"], ["r2", "r1"])),
        (["--id", "r1"], "erased feedback 0 texts 1\n", (["f4", "f1", "f2", "f3"], ["r2"])),
        (["--before", "2021-01-01"], "erased feedback 1 texts 1\n", (["f1", "f2", "f3"], ["r1"])),
        (["--all"], "erased feedback 4 texts 2\n", ([], [])),
    ],
)
def test_what_is_named_is_erased_and_the_rest_stays(
    folder: Path, arguments: list[str], printed: str, left: tuple[list[str], list[str]]
) -> None:
    done = run(folder, "scripts.erase", *arguments)
    assert (done.returncode, done.stdout) == (0, printed), done.stderr
    with CorpusStore.open(f"sqlite:///{folder / 'data' / 'corpus.db'}") as store:
        feedback = [given.id for given in FeedbackStore(store.database).export()]
        assert (feedback, [kept.request_id for kept in KeptTexts(store.database).export()]) == left
        assert store.get("bridge") == BRIDGE


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--id", "absent"], "neither feedback nor a kept text has the id 'absent'; nothing was erased"),
        (["--before", "soon"], "met 'soon'; expected a day or time in ISO 8601"),
        ([], "one of the arguments --id --before --all is required"),
        (["--all", "--id", "f1"], "not allowed with"),
    ],
)
def test_wrong_use_of_erase_is_told_and_erases_nothing(folder: Path, arguments: list[str], expected: str) -> None:
    done = run(folder, "scripts.erase", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert expected in done.stderr
    with CorpusStore.open(f"sqlite:///{folder / 'data' / 'corpus.db'}") as store:
        assert len(list(FeedbackStore(store.database).export())) == 4
