"""Calibration files: read back as they were written, and refused with what to do when anything is wrong."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from embeddings.toy import ToyEncoder
from service.calibration_file import SHIPPED, read_calibration, shipped_path, write_calibration
from service.matching.errors import CalibrationRefused

TOY = SHIPPED / "toy.json"


def test_a_calibration_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    calibration = read_calibration(TOY)
    write_calibration(tmp_path / "new" / "mine.json", calibration, ToyEncoder())
    again = read_calibration(tmp_path / "new" / "mine.json")
    assert (again.id, again.thresholds, again.card) == (calibration.id, calibration.thresholds, calibration.card)
    for one, other in ((again.well_known, calibration.well_known), (again.bare, calibration.bare)):
        assert np.allclose(one.weights, other.weights)
        assert one.bias == other.bias
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["mine.json"]


def test_another_threshold_is_another_calibration_and_another_card_is_not(tmp_path: Path) -> None:
    fields = json.loads(TOY.read_text(encoding="utf-8"))
    (tmp_path / "card.json").write_text(json.dumps({**fields, "card": {}}), encoding="utf-8")
    thresholds = {"match": 0.9, "possible": 0.1}
    (tmp_path / "other.json").write_text(json.dumps({**fields, "thresholds": thresholds}), encoding="utf-8")
    assert read_calibration(tmp_path / "card.json").id == read_calibration(TOY).id
    assert read_calibration(tmp_path / "other.json").id != read_calibration(TOY).id


def renamed_feature(fields: dict[str, Any]) -> dict[str, Any]:
    fields["scorers"]["bare"]["features"]["other"] = fields["scorers"]["bare"]["features"].pop("raw")
    return fields


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda fields: {**fields, "format": 99}, "met format 99, expected 1"),
        (lambda fields: {**fields, "thresholds": {"match": 1}}, "is no calibration (TypeError)"),
        (lambda fields: {name: fields[name] for name in fields if name != "scorers"}, "is no calibration (KeyError)"),
        (lambda fields: [], "is no calibration (TypeError)"),
        (renamed_feature, "its features differ in ['other', 'raw']"),
    ],
)
def test_what_is_no_calibration_is_refused_with_what_to_do(tmp_path: Path, change: Any, expected: str) -> None:
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(change(json.loads(TOY.read_text(encoding="utf-8")))), encoding="utf-8")
    with pytest.raises(CalibrationRefused) as caught:
        read_calibration(path)
    assert expected in str(caught.value)
    assert "scripts.calibrate" in str(caught.value)


def test_a_file_that_is_cut_off_or_absent_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cut.json").write_bytes(TOY.read_bytes()[:500])
    for name in ("cut.json", "absent.json"):
        with pytest.raises(CalibrationRefused, match="is no calibration"):
            read_calibration(tmp_path / name)


def test_an_encoder_without_a_calibration_is_told_which_have_one() -> None:
    class Other(ToyEncoder):
        name = "other"

    with pytest.raises(CalibrationRefused, match="no calibration ships for encoder 'other'") as caught:
        shipped_path(Other())
    assert "multilingual-e5-small, toy" in str(caught.value)
