"""Calibration files: read back as they were written, and refused with what to do when anything is wrong."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from embeddings.toy import ToyEncoder
from service.calibration_file import SHIPPED, read_calibration, shipped_path, write_calibration
from service.matching.errors import CalibrationRefused
from service.matching.evidence import FEATURES
from service.matching.scoring import Scorer, Thresholds

TOY = SHIPPED / "toy.json"
COUNT = len(FEATURES)
WHAT_TO_DO = "run `python -m scripts.calibrate` and set MYTHMATCH_CALIBRATION and MYTHMATCH_JUDGED"


def test_a_calibration_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    calibration = read_calibration(TOY)
    write_calibration(tmp_path / "new" / "mine.json", calibration, ToyEncoder())
    again = read_calibration(tmp_path / "new" / "mine.json")
    assert (again.id, again.thresholds, again.card) == (calibration.id, calibration.thresholds, calibration.card)
    for one, other in ((again.well_known, calibration.well_known), (again.bare, calibration.bare)):
        assert np.allclose(one.weights, other.weights)
        assert one.bias == other.bias
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["mine.json"]


def test_numbers_are_kept_to_six_digits_and_written_again_as_they_were(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    scorer = Scorer(random.normal(size=COUNT) * 100, random.normal(size=COUNT), random.random(COUNT) + 0.01, 1 / 7)
    fitted = replace(read_calibration(TOY), bare=scorer, thresholds=Thresholds(0.91, 0.25), card={"note": "Ґ"})
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    write_calibration(one, fitted, ToyEncoder())
    read = read_calibration(one)
    for name in ("weights", "means", "scales", "bias"):
        assert getattr(read.bare, name) == pytest.approx(getattr(scorer, name), abs=5.1e-7)
    assert (read.thresholds, read.card) == (Thresholds(0.91, 0.25), {"note": "Ґ"})
    belongs = (read.encoder_fingerprint, read.examples_sha256)
    assert belongs == (fitted.encoder_fingerprint, fitted.examples_sha256)
    write_calibration(two, read, ToyEncoder())
    assert two.read_bytes() == one.read_bytes()


def test_the_id_changes_with_all_that_decides(tmp_path: Path) -> None:
    first = read_calibration(TOY)
    assert len(first.id) == 12
    int(first.id, 16)
    others = [
        replace(first, thresholds=replace(first.thresholds, possible=0.01)),
        replace(first, examples_sha256="fedcba9876543210"),
        replace(first, encoder_fingerprint="fedcba9876543210"),
        replace(first, bare=replace(first.bare, bias=first.bare.bias + 1e-4)),
        replace(first, well_known=replace(first.well_known, weights=first.well_known.weights + 1e-4)),
    ]
    ids = {first.id}
    for calibration in others:
        write_calibration(tmp_path / "other.json", calibration, ToyEncoder())
        ids.add(read_calibration(tmp_path / "other.json").id)
    assert len(ids) == 6


def test_another_threshold_is_another_calibration_and_another_card_is_not(tmp_path: Path) -> None:
    fields = json.loads(TOY.read_text(encoding="utf-8"))
    (tmp_path / "card.json").write_text(json.dumps({**fields, "card": {}}), encoding="utf-8")
    thresholds = {"match": 0.9, "possible": 0.1}
    (tmp_path / "other.json").write_text(json.dumps({**fields, "thresholds": thresholds}), encoding="utf-8")
    assert read_calibration(tmp_path / "card.json").id == read_calibration(TOY).id
    assert read_calibration(tmp_path / "other.json").id != read_calibration(TOY).id


def without(*path: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return a change that takes away what stands under these names."""

    def change(fields: dict[str, Any]) -> dict[str, Any]:
        inner = fields
        for name in path[:-1]:
            inner = inner[name]
        del inner[path[-1]]
        return fields

    return change


def with_another_feature(fields: dict[str, Any]) -> dict[str, Any]:
    fields["scorers"]["well_known"]["features"]["stance"] = {"weight": 1.0, "mean": 0.0, "scale": 1.0}
    return fields


def renamed_feature(fields: dict[str, Any]) -> dict[str, Any]:
    fields["scorers"]["bare"]["features"]["other"] = fields["scorers"]["bare"]["features"].pop("raw")
    return fields


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda fields: {**fields, "format": 99}, "met format 99, expected 2"),
        (lambda fields: {**fields, "thresholds": {"match": 1}}, "is no calibration (TypeError)"),
        (
            lambda fields: {**fields, "thresholds": {"match": 0.2, "possible": 0.4}},
            "met thresholds {'match': 0.2, 'possible': 0.4}, expected 0 <= possible <= match <= 1",
        ),
        (without("stance"), "is no calibration (KeyError)"),
        (without("stance", "cues", "bias"), "is no calibration (KeyError)"),
        (without("stance", "cues", "features", "debunks"), "its features differ in ['debunks']"),
        (without("scorers"), "is no calibration (KeyError)"),
        (without("scorers", "bare"), "is no calibration (KeyError)"),
        (without("scorers", "bare", "features", "raw", "scale"), "is no calibration (KeyError)"),
        (without("scorers", "bare", "features", "names"), "its features differ in ['names']"),
        (without("encoder", "fingerprint"), "is no calibration (KeyError)"),
        (without("examples_sha256"), "is no calibration (KeyError)"),
        (with_another_feature, "its features differ in ['stance']"),
        (lambda fields: [], "is no calibration (TypeError)"),
        (renamed_feature, "its features differ in ['other', 'raw']"),
    ],
)
def test_what_is_no_calibration_is_refused_with_what_to_do(tmp_path: Path, change: Any, expected: str) -> None:
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(change(json.loads(TOY.read_text(encoding="utf-8")))), encoding="utf-8")
    with pytest.raises(CalibrationRefused) as caught:
        read_calibration(path)
    assert str(caught.value).startswith(str(path))
    assert expected in str(caught.value)
    assert WHAT_TO_DO in str(caught.value)


def test_a_file_that_is_cut_off_or_absent_is_refused(tmp_path: Path) -> None:
    for name, length in (("empty.json", 0), ("one.json", 1), ("cut.json", 500), ("almost.json", -2)):
        (tmp_path / name).write_bytes(TOY.read_bytes()[:length])
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "folder.json").mkdir()
    for name in ("empty", "one", "cut", "almost", "bytes", "folder", "absent"):
        with pytest.raises(CalibrationRefused) as caught:
            read_calibration(tmp_path / f"{name}.json")
        assert str(caught.value).startswith(f"{tmp_path / name}.json is no calibration")
        assert WHAT_TO_DO in str(caught.value)


def test_an_encoder_without_a_calibration_is_told_which_have_one() -> None:
    class Other(ToyEncoder):
        name = "other"

    with pytest.raises(CalibrationRefused, match="no calibration ships for encoder 'other'") as caught:
        shipped_path(Other())
    assert "multilingual-e5-small, toy" in str(caught.value)
