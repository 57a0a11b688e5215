"""Calibrating: from a corpus and judged posts to a calibration with its card."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from corpus.judged import JudgedPost
from corpus.model import Debunk
from corpus.store import CorpusStore
from embeddings.encoder import Encoder
from embeddings.snapshot import Snapshot, load_snapshot
from service.builder import build_snapshot
from service.card import SHOWN
from service.matching.drift import background_answered
from service.matching.evaluation import Measured, Outcome, by_group, thresholds_for
from service.matching.fitting import (
    Observed,
    ece_of_unseen_myths,
    fit,
    observe,
    observe_unheard,
    observe_unseen,
)
from service.matching.matcher import Matcher
from service.matching.retrieval import Retrieval
from service.matching.scoring import Calibration, Thresholds

MATCH_PRECISION = 0.98  # of all posts that are called a match, the share that is one, on the posts that decide
POSSIBLE_RECALL = 0.95  # of all posts about a debunk, the share that is called possible or match, and rightly
BARE = "bare-"  # before the id of a debunk whose variants and examples are kept from it


class Fitted:
    """What one run of fitting has in hand: the corpus with all its wordings, and with the myths' own words alone."""

    def __init__(
        self,
        debunks: Sequence[Debunk],
        unheard: Sequence[Debunk],
        judged: Sequence[JudgedPost],
        encoder: Encoder,
        folder: Path,
    ) -> None:
        """Build both snapshots; `unheard` are debunks that are fitted on as bare ones only."""
        self.encoder = encoder
        self.judged = judged
        self.whole = snapshot_of(debunks, judged, encoder, folder / "whole")
        self.ids = {debunk.id: f"{BARE}{debunk.id}" for debunk in debunks}
        stripped = [debunk.model_copy(update={"id": self.ids[debunk.id], "variants": ()}) for debunk in debunks]
        self.stripped = snapshot_of([*stripped, *unheard], judged, encoder, folder / "stripped")

    def known(self) -> list[Observed]:
        """Return the evidence for the posts with all that is known: beside other posts, and as in a new language."""
        retrieval = Retrieval(self.whole)
        return observe_unseen(self.judged, retrieval, self.encoder) + observe_unheard(
            self.judged, retrieval, self.encoder
        )

    def bare(self, unheard_posts: Sequence[JudgedPost]) -> list[Observed]:
        """Return the evidence for the posts, and others, with debunks of which only myth and fact are known."""
        retrieval = Retrieval(self.stripped)
        return observe_unseen(self.judged, retrieval, self.encoder, self.ids) + observe(
            unheard_posts, retrieval, self.encoder
        )


def calibrate(
    fitted: Fitted,
    unheard_posts: Sequence[JudgedPost],
    dev: Sequence[JudgedPost],
    measured: Mapping[str, Sequence[JudgedPost]],
) -> Calibration:
    """Return a calibration: scorers fitted on the judged posts, thresholds chosen on `dev`, a card of all `measured`.

    Without dev posts the judged ones choose the thresholds themselves, each scored by models that did not see it.
    """
    known, bare = fitted.known(), fitted.bare(unheard_posts)
    has_known = any(any(each.found.evidence.is_well_known) for each in known)
    bare_scorer = fit(bare, well_known=False)
    manifest = fitted.whole.manifest
    draft = Calibration(
        "draft",
        manifest.encoder_fingerprint,
        manifest.examples_sha256,
        fit(known, well_known=True) if has_known else bare_scorer,
        bare_scorer,
        Thresholds(1.0, 0.0),
        {},
    )
    answered = outcomes(dev, Matcher(fitted.encoder, fitted.whole, draft)) if dev else _unseen_outcomes(fitted, draft)
    draft = replace(draft, thresholds=thresholds_for(answered, MATCH_PRECISION, POSSIBLE_RECALL))
    card: dict[str, Any] = {
        "encoder": f"{manifest.encoder_name}@{manifest.encoder_fingerprint}",
        "corpus": {"revision": manifest.corpus_revision, "debunks": manifest.documents, "passages": manifest.passages},
        "fitted_on": {"posts": len(fitted.judged), "unheard_posts": len(unheard_posts)},
        "thresholds_chosen_on": f"{len(dev)} dev posts" if dev else "the fitted posts, cross-fitted",
        "background_answered": round(background_answered(fitted.whole, draft), 4),
        "ece_of_unseen_myths": {
            "with_variants": _rounded(ece_of_unseen_myths(known, well_known=True)),
            "without_variants": _rounded(ece_of_unseen_myths(bare, well_known=False)),
        },
        "measured": _measured(fitted, draft, measured),
    }
    return replace(draft, card=card)


def _measured(
    fitted: Fitted, calibration: Calibration, measured: Mapping[str, Sequence[JudgedPost]]
) -> dict[str, dict[str, Any]]:
    """Return the measures of each set of posts, with the variants of the debunks and without."""
    sections = {}
    for name, posts in measured.items():
        for kind, snapshot, ids in (("with", fitted.whole, None), ("without", fitted.stripped, fitted.ids)):
            answered = outcomes(posts, Matcher(fitted.encoder, snapshot, calibration), ids)
            shown = {group: {m: v for m, v in row.items() if m in SHOWN} for group, row in by_group(answered).items()}
            sections[f"{name}, {kind} variants"] = measured_json(shown)
    return sections


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 4)


def _unseen_outcomes(fitted: Fitted, draft: Calibration) -> list[Outcome]:
    observed = observe_unseen(fitted.judged, Retrieval(fitted.whole), fitted.encoder)
    return [_outcome_of_observed(each, draft) for each in observed]


def _outcome_of_observed(each: Observed, calibration: Calibration) -> Outcome:
    best = calibration.probabilities(each.found.evidence).max(axis=0)
    ranking = sorted(zip(each.found.evidence.debunk_ids, map(float, best), strict=True), key=lambda pair: -pair[1])
    post = each.post
    return Outcome(post.id, "", post.lang, post.kind, post.relation, post.debunk_ids, ranking, "no_match")


def outcomes(
    posts: Sequence[JudgedPost], matcher: Matcher, ids: Mapping[str, str] | None = None, limit: int = 10
) -> list[Outcome]:
    """Return what the matcher answers to each post; `ids` translates the posts' debunks into those of the corpus."""
    answers = matcher.match_all([post.text for post in posts], limit)
    found = []
    for post, answer in zip(posts, answers, strict=True):
        named = {debunk_id: (ids or {}).get(debunk_id, debunk_id) for debunk_id in post.debunk_ids}
        ranking = [(match.candidate.debunk_id, match.probability) for match in answer.matches]
        spans = {match.candidate.debunk_id: match.spans for match in answer.matches if match.decision != "no_match"}
        overlaps = [
            any(claim.start < span.end and span.start < claim.end for claim, _ in spans.get(named[span.debunk_id], ()))
            for span in post.spans
        ]
        about = frozenset(named.values())
        found.append(
            Outcome(post.id, post.text, post.lang, post.kind, post.relation, about, ranking, answer.decision, overlaps)
        )
    return found


def snapshot_of(debunks: Sequence[Debunk], judged: Sequence[JudgedPost], encoder: Encoder, folder: Path) -> Snapshot:
    """Return a snapshot of these debunks, built in the folder."""
    with CorpusStore.open(f"sqlite:///{folder / 'corpus.db'}") as store:
        store.put(debunks)
        built = build_snapshot(store, encoder, folder / "snapshots", "flat", judged)
    return load_snapshot(built.folder)


def measured_json(groups: Mapping[str, Mapping[str, Measured]]) -> dict[str, Any]:
    """Return measures as JSON, rounded: {group: {measure: {value, low, high}}}."""
    return {
        group: {
            name: {key: None if number is None else round(number, 4) for key, number in asdict(measured).items()}
            for name, measured in measures.items()
        }
        for group, measures in groups.items()
    }
