"""The model card of a calibration: what it is, what it was fitted and measured on, what it is for and what not.

Its headings are those of Mitchell et al., "Model Cards for Model Reporting", FAccT 2019.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from service.matching.scoring import Calibration

INTENDED_USE = (
    "Finding posts that are about a known, debunked myth, so that a moderator, an analyst or a reader sees the"
    " published answer. A match is a reason to look, and to show the fact.",
)
UNINTENDED_USE = (
    "Deleting, hiding or punishing by itself: a match says that a post is about a myth, and denials and reports"
    " of it are about it too.",
    "Judging whether a text is true: that nothing known matches says nothing about it.",
    "Judging people, or following what one person writes.",
)
WEAKNESSES = (
    "Probability is aboutness: denials and reports have it too. Stance says which it is, and says so wrongly or not at"
    " all far more often than a match is wrong; the tables say how often.",
    "The encoder sees which words there are rather than their order: the words of a myth in an order that claims"
    " nothing can match.",
    "A debunk without variants is found far less often; the tables say both. Variants in the language of the"
    " posts help.",
    "Without a wording in a post's language its probabilities are too low rather than too high.",
    "All posts that it was fitted and measured on, and all variants of the shipped myths, were written for this"
    " project by one writer model; nobody posted them. Real posts vary more, and half of them are not about a"
    " myth.",
    "Probabilities hold for a stream in which about half of the posts are about a known myth, as in the posts it"
    " was fitted on; where fewer are, more of the answers at a threshold are wrong. Refit with `python -m"
    " scripts.calibrate`.",
)
# the measures that the card shows, and how it calls them
SHOWN = {
    "posts": "posts",
    "match_precision": "match: precision",
    "match_recall": "match: recall",
    "found_precision": "possible or match: precision",
    "found_recall": "possible or match: recall",
    "others_not_matched": "other posts that are no match",
    "others_refused": "other posts that are neither",
    "answered_right_at_95_refused": "answered rightly where 95 % of others are refused",
    "auroc_near_misses": "AUROC against near misses",
    "auroc_far": "AUROC against far ones",
    "top1_of_repeats": "right myth first, of repeating posts",
    "ece": "expected calibration error",
    "span_overlap": "long posts: right myth and overlapping span",
    "stance_pairs": "pairs of claim and myth judged for stance",
    "stance_macro_f1": "stance: macro F1 of repeats, denies, reports",
    "stance_auroc_repeats_denies": "stance: AUROC of repeats against denies",
    "stance_auroc_repeats_denies_by_cues": "stance: the same by cues alone",
    "stance_denials_called_repeats": "denials called repeats",
    "stance_unclear": "stance unclear",
    "stance_ece": "stance: expected calibration error",
    "hostile_as_they_should_be": "hostile and degenerate texts answered as they should be",
}


def card_json(calibration: Calibration) -> dict[str, Any]:
    """Return the card as JSON: thresholds, data, measures by language, uses and weaknesses."""
    return {
        "calibration": calibration.id,
        "thresholds": {"match": calibration.thresholds.match, "possible": calibration.thresholds.possible},
        **calibration.card,
        "intended_use": list(INTENDED_USE),
        "unintended_use": list(UNINTENDED_USE),
        "known_weaknesses": list(WEAKNESSES),
    }


def card_markdown(calibration: Calibration) -> str:
    """Return the card as a page in Markdown."""
    card, thresholds = calibration.card, calibration.thresholds
    unseen = card["ece_of_unseen_myths"]
    parts = [
        "# Model card",
        f"Made by `python -m scripts.calibrate`, which fits and measures; do not edit. Calibration {calibration.id}"
        f" of"
        f" the encoder {card['encoder']}.",
        "## Intended use",
        *INTENDED_USE,
        "## Not for",
        _list(UNINTENDED_USE),
        "## Decisions",
        f"`match` from the probability {thresholds.match} on, `possible` from {thresholds.possible} on. They were"
        f" chosen"
        f" on {card['thresholds_chosen_on']}: the lowest with a precision of 0.98, and the highest with a recall of"
        f" 0.95.",
        "## Data",
        f"Fitted on {card['fitted_on']['posts']} judged posts and {card['fitted_on']['unheard_posts']} about debunks"
        f" outside the corpus, which holds {card['corpus']['debunks']} debunks in {card['corpus']['passages']}"
        f" passages"
        f" (revision {card['corpus']['revision']}). The posts and the variants that ship were written for this"
        f" project;"
        " `corpus/data/judged/README.md` says how, and how train and dev were kept apart.",
        "## Measured",
        "Each figure has its bootstrap 95 % interval. *Without variants* is a debunk that was imported a minute"
        " ago: its"
        " myth and its fact, no variants, no judged posts about it.",
        *(_table(name, groups) for name, groups in card["measured"].items()),
        f"Expected calibration error on myths that were left out of fitting, each in turn:"
        f" {_number(unseen['with_variants'])}"
        f" with variants, {_number(unseen['without_variants'])} without.",
        "## Known weaknesses",
        _list(WEAKNESSES),
    ]
    return "\n\n".join(parts) + "\n"


def _list(sentences: Sequence[str]) -> str:
    return "\n".join(f"- {sentence}" for sentence in sentences)


def _table(name: str, groups: Mapping[str, Mapping[str, Any]]) -> str:
    lines = [f"### {name}", "", f"| | {' | '.join(groups)} |", f"|---|{'---|' * len(groups)}"]
    for measure, title in SHOWN.items():
        cells = [cell(measures.get(measure)) for measures in groups.values()]
        if any(cells):
            lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def cell(measured: Mapping[str, float | None] | None) -> str:
    """Return a measure and its interval as they are shown; nothing where it was not measured."""
    if measured is None or measured["value"] is None:
        return ""
    if measured["low"] is None or measured["high"] is None:
        return f"{measured['value']:.0f}"
    return f"{measured['value']:.3f} ({measured['low']:.2f}-{measured['high']:.2f})"


def _number(number: float | None) -> str:
    return "not measured" if number is None else f"{number:.3f}"
