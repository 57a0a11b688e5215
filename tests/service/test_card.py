"""The card: what ships says what was measured, and the page is made of it."""

import json

import pytest

from corpus.judged import TRAIN, read_judged
from embeddings.snapshot import examples_sha256
from service.builder import examples_of
from service.calibration_file import SHIPPED, read_calibration
from service.card import SHOWN, card_json, card_markdown
from tests.real_server import ROOT

CALIBRATION = read_calibration(SHIPPED / "multilingual-e5-small.json")


def test_the_shipped_card_is_the_page_in_the_docs() -> None:
    assert (ROOT / "docs/model-card.md").read_text(encoding="utf-8") == card_markdown(CALIBRATION)


@pytest.mark.parametrize("name", ["multilingual-e5-small", "toy"])
def test_a_shipped_calibration_belongs_to_the_judged_posts_that_ship(name: str) -> None:
    assert read_calibration(SHIPPED / f"{name}.json").examples_sha256 == examples_sha256(
        examples_of(read_judged(TRAIN))
    )


def test_the_card_gives_precision_and_recall_at_both_thresholds_by_language() -> None:
    card = json.loads(json.dumps(card_json(CALIBRATION)))
    for section in ("dev, with variants", "dev, without variants"):
        for group in ("all", "en", "ru", "uk", "fr"):
            measured = card["measured"][section][group]
            for measure in ("match_precision", "match_recall", "found_precision", "found_recall"):
                assert measured[measure]["low"] <= measured[measure]["value"] <= measured[measure]["high"]
    assert card["measured"]["dev, with variants"]["all"]["match_precision"]["value"] >= 0.98
    assert card["measured"]["dev, with variants"]["all"]["found_recall"]["value"] >= 0.95
    assert card["thresholds"]["possible"] < card["thresholds"]["match"]


def test_the_figures_of_the_readme_are_those_of_the_card() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    measured = CALIBRATION.card["measured"]
    for measure in ("answered_right_at_95_refused", "match_precision", "match_recall", "found_recall", "ece"):
        cells = [f"{measured[f'dev, {kind} variants']['all'][measure]['value']:.3f}" for kind in ("with", "without")]
        assert f"| {cells[0]} | {cells[1]} |" in readme, measure
    assert set(SHOWN) >= {"match_precision", "found_recall"}
