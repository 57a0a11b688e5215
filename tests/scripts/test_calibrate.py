"""scripts.calibrate and scripts.evaluate at a terminal, with the toy encoder and few posts."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from corpus.judged import TRAIN
from tests.real_server import ROOT

LINES = TRAIN.read_text(encoding="utf-8").splitlines()
FEW = "\n".join(line for line in LINES if '"lang": "en"' in line and '"kind": "long' not in line)


def run(folder: Path, *arguments: str, more: Mapping[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MYTHMATCH_")}
    environment = {**kept, "MYTHMATCH_ENCODER": "toy", "MYTHMATCH_DATA_DIR": str(folder / "data"), **(more or {})}
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_a_calibration_is_fitted_on_own_posts_and_taken_into_use(tmp_path: Path) -> None:
    judged, output = tmp_path / "mine.jsonl", tmp_path / "mine.json"
    judged.write_text(FEW, encoding="utf-8")
    done = run(tmp_path, "scripts.calibrate", "--judged", str(judged), "--output", str(output))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{output}: match from ")
    assert "MYTHMATCH_CALIBRATION" in done.stderr
    assert "the fitted posts, cross-fitted" in output.with_suffix(".md").read_text(encoding="utf-8")
    mine = {"MYTHMATCH_CALIBRATION": str(output), "MYTHMATCH_JUDGED": str(judged)}
    text = "NATO is at war with Russia in Ukraine"
    answer = json.loads(run(tmp_path, "scripts.match_texts", text, more=mine).stdout)
    assert answer["decision"] == "match"
    assert (
        answer["model"]["calibration"]
        != json.loads(run(tmp_path, "scripts.match_texts", text).stdout)["model"]["calibration"]
    )
    refused = run(tmp_path, "scripts.match_texts", text, more={"MYTHMATCH_CALIBRATION": str(output)})
    assert refused.returncode == 2
    assert "was fitted beside other judged posts" in refused.stderr


def test_too_few_posts_are_refused_with_what_to_do(tmp_path: Path) -> None:
    judged = tmp_path / "few.jsonl"
    judged.write_text("\n".join(LINES[:10]), encoding="utf-8")
    done = run(tmp_path, "scripts.calibrate", "--judged", str(judged), "--output", str(tmp_path / "out.json"))
    assert done.returncode == 2
    assert "judge more posts, near misses above all" in done.stderr
    assert not (tmp_path / "out.json").exists()


def test_a_set_of_claims_and_posts_is_measured_and_compared(tmp_path: Path) -> None:
    claims = [
        {"id": f"c{n}", "text": f"claim number {n} of the {word}"} for n, word in enumerate(["sea", "sun", "tax"] * 4)
    ]
    posts = [{"id": f"p{n}", "text": claim["text"]} for n, claim in enumerate(claims)]
    for name, rows in (("claims", claims), ("posts", posts)):
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    qrels = "\n".join(["post\tclaim\trelevance", *(f"p{n}\tc{n}\t1" for n in range(len(posts)))])
    (tmp_path / "qrels.tsv").write_text(qrels, encoding="utf-8")
    given = ["--claims", str(tmp_path / "claims.jsonl"), "--queries", str(tmp_path / "posts.jsonl")]
    given += ["--qrels", str(tmp_path / "qrels.tsv")]
    report = tmp_path / "report.json"
    done = run(tmp_path, "scripts.evaluate", *given, "--json", str(report), "--plot", str(tmp_path / "plots"))
    assert done.returncode == 0, done.stderr
    assert "| MAP@5 | 1.000 (1.000-1.000) |" in done.stdout
    (section,) = json.loads(report.read_text(encoding="utf-8"))["sections"].values()
    assert section["all"]["posts"]["value"] == 12
    assert sorted(path.suffix for path in (tmp_path / "plots").iterdir()) == [".md", ".svg", ".svg"]
    again = run(tmp_path, "scripts.evaluate", *given, "--hide-half", "--compare", str(report))
    assert again.returncode == 0, again.stderr
    assert "auroc" in again.stdout or "others_refused" in again.stdout
    wrong = run(tmp_path, "scripts.evaluate", *given[:2])
    assert (wrong.returncode, "belong together" in wrong.stderr) == (2, True)
