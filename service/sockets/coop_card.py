"""The model card and the thresholds that the plugin of ROOST Coop ships, made from the calibration and nothing else.

Coop asks for seven sections by their ids. `python -m scripts.write_coop_card` writes them beside the plugin.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from service.card import INTENDED_USE, SHOWN, UNINTENDED_USE, WEAKNESSES, cell
from service.matching.scoring import Calibration

CARD = Path(__file__).parent / "coop" / "card.json"
LINKS = {
    "The encoder": "https://huggingface.co/intfloat/multilingual-e5-small",
    "The corpus that ships": "https://www.nato.int/cps/en/natohq/115204.htm",
    "Plugins of Coop": "https://roostorg.github.io/coop/INTEGRATIONS_PLUGIN.html",
}
Field = dict[str, str]


def coop_card(calibration: Calibration) -> dict[str, Any]:
    """Return the thresholds of the signals, and the model card in the shape that Coop shows."""
    thresholds = calibration.thresholds
    return {
        "thresholds": {"highPrecisionThreshold": thresholds.match, "highRecallThreshold": thresholds.possible},
        "modelCard": {
            "modelName": f"Mythmatch on {calibration.card['encoder']}",
            "version": calibration.id,
            "sections": [
                _section("trainingData", "Training Data", _training(calibration.card)),
                _section("policyAndTaxonomy", "Policy and Taxonomy", _taxonomy()),
                _section("annotationMethodology", "Annotation Methodology", _annotation()),
                _benchmarks(calibration.card),
                _section("biasAndLimitations", "Bias and Limitations", _limitations()),
                _section("implementationGuidance", "Implementation Guidance", _guidance(calibration)),
                _section("relevantLinks", "Relevant Links", [_field(name, url) for name, url in LINKS.items()]),
            ],
        },
    }


def _training(card: Mapping[str, Any]) -> list[Field]:
    fitted, corpus = card["fitted_on"], card["corpus"]
    return [
        _field("Encoder", "multilingual-e5-small (MIT), with an adapter trained on posts written for this project"),
        _field(
            "Fitted on",
            f"{fitted['posts']} judged posts and {fitted['unheard_posts']} about debunks outside the corpus, which"
            f" holds {corpus['debunks']} debunks in {corpus['passages']} passages",
        ),
        _field("Thresholds chosen on", card["thresholds_chosen_on"]),
        _field("Origin of the posts", "written for this project by one writer model; nobody posted them"),
    ]


def _taxonomy() -> list[Field]:
    return [
        _field("Scope", "whether a text is about a myth that a published debunk in the corpus answers; nothing else"),
        _field(
            "Classes", "`match`, `possible`, `no_match`; and how the text puts it: repeats, denies, reports, unclear"
        ),
        _field("Intended use", " ".join(INTENDED_USE)),
        *(_field("Not for", sentence) for sentence in UNINTENDED_USE),
    ]


def _annotation() -> list[Field]:
    return [
        _field(
            "Rule", "a text is about a myth when both have the same truth conditions, or when it asserts or denies them"
        ),
        _field(
            "Near misses", "posts with the actors and words of a myth that make none of its claims are part of the set"
        ),
        _field("Agreement", "corpus/data/judged/README.md of Mythmatch says who labelled what a second time, and how"),
    ]


def _benchmarks(card: Mapping[str, Any]) -> dict[str, Any]:
    """Return every measure of every set of posts, by language, with its 95 % interval."""
    unseen = card["ece_of_unseen_myths"]
    sets = [{"title": name, "fields": list(_measures(groups))} for name, groups in card["measured"].items()]
    error = f"{unseen['with_variants']} with variants, {unseen['without_variants']} without"
    overall = [
        _field("How to read them", "*without variants* is a debunk that was imported a minute ago"),
        _field("Expected calibration error on myths that were left out of fitting", error),
    ]
    return {
        "id": "performanceBenchmarks",
        "title": "Performance and Benchmarks",
        "fields": overall,
        "subsections": sets,
    }


def _measures(groups: Mapping[str, Mapping[str, Any]]) -> Iterator[Field]:
    for measure, title in SHOWN.items():
        shown = [f"{group} {value}" for group, measures in groups.items() if (value := cell(measures.get(measure)))]
        if shown:
            yield _field(title, "; ".join(shown))


def _limitations() -> list[Field]:
    return [_field(f"Limitation {number}", sentence) for number, sentence in enumerate(WEAKNESSES, start=1)]


def _guidance(calibration: Calibration) -> list[Field]:
    match, possible = calibration.thresholds.match, calibration.thresholds.possible
    return [
        _field(
            "Fewer false positives",
            f"{match}: on the posts it was chosen on, 98 in 100 that reach it are matched rightly",
        ),
        _field("Fewer false negatives", f"{possible}: 95 in 100 of the posts about a known myth reach it"),
        _field(
            "Denials", "the probability is of being about a myth; use the second signal where a denial must not count"
        ),
        _field(
            "Another calibration", "a server that was calibrated anew has other thresholds: GET /v1/model tells them"
        ),
        _field("Actions", "route to review; the signals are kept out of automated rules"),
    ]


def _section(id_: str, title: str, fields: list[Field]) -> dict[str, Any]:
    return {"id": id_, "title": title, "fields": fields}


def _field(label: str, value: str) -> Field:
    return {"label": label, "value": value}
