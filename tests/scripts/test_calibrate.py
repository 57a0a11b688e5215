"""scripts.calibrate and scripts.evaluate at a terminal, with the toy encoder and few posts."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from corpus.judged import TRAIN
from service.app import create_app
from service.calibration_file import read_calibration
from service.card import card_markdown
from service.settings import Settings
from service.worker import Worker
from tests.real_server import ROOT

pytestmark = pytest.mark.slow

ON_ONE_WORKER = pytest.mark.xdist_group("calibrate")  # what is fitted is fitted once


def run(folder: Path, *arguments: str, more: Mapping[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MYTHMATCH_")}
    environment = {**kept, "MYTHMATCH_ENCODER": "toy", "MYTHMATCH_DATA_DIR": str(folder / "data"), **(more or {})}
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


CORPUS = """
{"id": "bridge", "myth": "The bridge was sold", "fact": "It was not. It belongs to the city."}
{"id": "moon", "myth": "The moon is made of cheese", "fact": "It is rock. Astronauts brought some home."}
"""
MOON = "The moon is made of cheese"
CAKE = "Her sister came late when the snow fell"


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory, judged_file: Path) -> Path:
    """A folder with a corpus of two debunks, and the calibration `mine.json` that was fitted on posts about them."""
    folder = tmp_path_factory.mktemp("fitted")
    (folder / "corpus.jsonl").write_text(CORPUS, encoding="utf-8")
    assert run(folder, "scripts.import_corpus", str(folder / "corpus.jsonl")).returncode == 0
    output = folder / "mine.json"
    done = run(folder, "scripts.calibrate", "--judged", str(judged_file), "--output", str(output))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{output}: match from 0.")
    assert done.stdout.count("\n") == 1
    assert "fitting on 60 posts" in done.stderr
    assert "set MYTHMATCH_CALIBRATION to this file, and MYTHMATCH_JUDGED to the judged posts" in done.stderr
    return folder


def settings_of(folder: Path, judged_file: Path) -> Settings:
    return Settings(
        encoder="toy", data_dir=folder / "data", calibration=str(folder / "mine.json"), judged=str(judged_file)
    )


@ON_ONE_WORKER
def test_the_calibration_says_what_it_was_fitted_on(fitted: Path) -> None:
    calibration = read_calibration(fitted / "mine.json")
    assert 0 < calibration.thresholds.possible <= calibration.thresholds.match < 1
    card = calibration.card
    assert card["encoder"] == f"toy@{calibration.encoder_fingerprint}"
    assert card["corpus"] == {"revision": 1, "debunks": 2, "passages": 4}
    assert card["fitted_on"] == {"posts": 60, "unheard_posts": 0, "stances": 0}
    assert card["thresholds_chosen_on"] == "the fitted posts, cross-fitted"
    assert (fitted / "mine.md").read_text(encoding="utf-8") == card_markdown(calibration)


@ON_ONE_WORKER
def test_the_service_answers_with_the_calibration_that_was_written(fitted: Path, judged_file: Path) -> None:
    settings = settings_of(fitted, judged_file)
    worker = Worker(settings)
    worker.load()
    client = create_app(settings, worker).test_client()
    calibration = read_calibration(fitted / "mine.json")
    for text, decision, debunk_id in (
        (MOON, "match", "moon"),
        ("They sold our bridge yesterday night, says my uncle Boris", "possible", "bridge"),  # he only reports it
        (CAKE, "no_match", None),
    ):
        answer = client.post("/v1/match", json={"text": text}).json
        assert answer is not None
        assert (answer["decision"], answer["claims"][0]["best"]) == (decision, debunk_id)
        assert answer["model"]["calibration"] == calibration.id
        assert answer["thresholds"]["match"] == calibration.thresholds.match
    model = client.get("/v1/model").json
    assert model is not None
    assert (model["warning"], model["card"]["fitted_on"]["posts"]) == (None, 60)


@ON_ONE_WORKER
def test_scripts_take_the_calibration_with_its_posts_and_refuse_it_without(fitted: Path, judged_file: Path) -> None:
    mine = {"MYTHMATCH_CALIBRATION": str(fitted / "mine.json"), "MYTHMATCH_JUDGED": str(judged_file)}
    answer = json.loads(run(fitted, "scripts.match_texts", MOON, more=mine).stdout)
    assert (answer["decision"], answer["matches"][0]["probability"]) == ("match", 1.0)
    assert answer["model"]["calibration"] == read_calibration(fitted / "mine.json").id
    refused = run(fitted, "scripts.match_texts", MOON, more={"MYTHMATCH_CALIBRATION": mine["MYTHMATCH_CALIBRATION"]})
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "was fitted beside other judged posts" in refused.stderr
    assert "scripts.calibrate" in refused.stderr


@ON_ONE_WORKER
def test_the_same_posts_give_the_same_calibration_and_dev_posts_choose_its_thresholds(
    fitted: Path, judged_file: Path
) -> None:
    output, card = fitted / "again.json", fitted / "card.md"
    same = run(fitted, "scripts.calibrate", "--judged", str(judged_file), "--output", str(output))
    assert same.returncode == 0, same.stderr
    assert output.read_bytes() == (fitted / "mine.json").read_bytes()
    given = ["--judged", str(judged_file), "--dev", str(judged_file), "--output", str(output), "--card", str(card)]
    done = run(fitted, "scripts.calibrate", *given)
    assert done.returncode == 0, done.stderr
    fitted_on_dev = read_calibration(output).card
    assert fitted_on_dev["thresholds_chosen_on"] == "60 dev posts"
    assert set(fitted_on_dev["measured"]) == {"judged, with variants", "judged, without variants"}
    assert "chosen on 60 dev posts" in card.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--judged", "absent.jsonl", "--output", "out.json"], "absent.jsonl: cannot be read"),
        (["--judged", "pyproject.toml", "--output", "out.json"], "pyproject.toml, line 1: expected one JSON object"),
        (["--output", "out.json"], "--judged"),
        (["--judged", str(TRAIN)], "--output"),
    ],
)
def test_wrong_use_of_calibrate_is_told_and_writes_nothing(tmp_path: Path, arguments: list[str], expected: str) -> None:
    done = run(tmp_path, "scripts.calibrate", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert expected in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("first", "last", "counts"), [(11, 60, (19, 30)), (0, 49, (30, 19))])
def test_too_few_posts_are_refused_with_what_to_do(
    tmp_path: Path, judged_file: Path, first: int, last: int, counts: tuple[int, int]
) -> None:
    judged = tmp_path / "few.jsonl"
    judged.write_text("\n".join(judged_file.read_text(encoding="utf-8").splitlines()[first:last]), encoding="utf-8")
    done = run(tmp_path, "scripts.calibrate", "--judged", str(judged), "--output", str(tmp_path / "out.json"))
    assert (done.returncode, done.stdout) == (2, "")
    assert f"met {counts[0]} posts about a debunk and {counts[1]} others; expected at least 20 and 20" in done.stderr
    assert "judge more posts, near misses above all" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["few.jsonl"]


@ON_ONE_WORKER
def test_a_set_of_claims_and_posts_is_measured_and_compared(fitted: Path, judged_file: Path, tmp_path: Path) -> None:
    mine = {"MYTHMATCH_CALIBRATION": str(fitted / "mine.json"), "MYTHMATCH_JUDGED": str(judged_file)}
    claims = [
        {"id": f"c{n}", "text": f"claim number {n} of the {word}"} for n, word in enumerate(["sea", "sun", "tax"] * 10)
    ]
    posts = [{"id": f"p{n}", "text": claim["text"]} for n, claim in enumerate(claims)]
    for name, rows in (("claims", claims), ("posts", posts)):
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    qrels = "\n".join(["post\tclaim\trelevance", *(f"p{n}\tc{n}\t1" for n in range(len(posts)))])
    (tmp_path / "qrels.tsv").write_text(qrels, encoding="utf-8")
    given = ["--claims", str(tmp_path / "claims.jsonl"), "--queries", str(tmp_path / "posts.jsonl")]
    given += ["--qrels", str(tmp_path / "qrels.tsv")]
    report = tmp_path / "report.json"
    done = run(
        tmp_path, "scripts.evaluate", *given, "--json", str(report), "--plot", str(tmp_path / "plots"), more=mine
    )
    assert done.returncode == 0, done.stderr
    assert "| MAP@5 | 1.000 (1.000-1.000) |" in done.stdout
    (section,) = json.loads(report.read_text(encoding="utf-8"))["sections"].values()
    assert section["all"]["posts"]["value"] == 30
    assert sorted(path.suffix for path in (tmp_path / "plots").iterdir()) == [".md", ".svg", ".svg"]
    again = run(tmp_path, "scripts.evaluate", *given, "--hide-half", "--compare", str(report), more=mine)
    assert again.returncode == 0, again.stderr
    assert "| others_refused |" in again.stdout
    assert " / all / posts: " not in again.stdout
    wrong = run(tmp_path, "scripts.evaluate", *given[:2])
    assert (wrong.returncode, "belong together" in wrong.stderr) == (2, True)
