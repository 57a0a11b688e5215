"""Calibrating: from a corpus and judged posts to a calibration with its card."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from corpus.judged import JudgedPost
from corpus.model import Debunk
from corpus.store import CorpusStore
from embeddings.encoder import Encoder, PairModel
from embeddings.snapshot import Snapshot, load_snapshot
from service.builder import build_snapshot
from service.calibration_file import shipped_stance
from service.card import SHOWN
from service.matching.asked import AskedText
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
from service.matching.stance_evaluation import stances_by_group
from service.matching.stance_fitting import fit_stance
from service.stances import Asked, questions, stance_outcomes

MATCH_PRECISION = 0.98  # of all posts that are called a match, the share that is one, on the posts that decide
POSSIBLE_RECALL = 0.95  # of all posts about a debunk, the share that is called possible or match, and rightly
COMPARED = ("stance_auroc_repeats_denies",)  # with what cues alone reach
BARE = "bare-"  # before the id of a debunk whose variants and examples are kept from it


class Fitted:
    """What one run of fitting has in hand: the corpus with all its wordings, and with the myths' own words alone."""

    def __init__(
        self,
        debunks: Sequence[Debunk],
        unheard: Sequence[Debunk],
        judged: Sequence[JudgedPost],
        encoder: Encoder,
        pair_model: PairModel | None,
        folder: Path,
    ) -> None:
        """Build both snapshots; `unheard` are debunks that are fitted on as bare ones only."""
        self.encoder = encoder
        self.pair_model = pair_model
        self.folder = folder
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

    def asked(self, unheard_posts: Sequence[JudgedPost]) -> list[Asked]:
        """Return what is asked of the posts, and of others, about the stance they take to a myth."""
        retrieval = Retrieval(self.stripped)
        return questions(self.judged, retrieval, self.encoder, self.ids) + questions(
            unheard_posts, retrieval, self.encoder
        )

    def matcher(self, snapshot: Snapshot, calibration: Calibration) -> Matcher:
        """Return a matcher over one of the snapshots, or another one."""
        return Matcher(self.encoder, snapshot, calibration, self.pair_model)


@dataclass(frozen=True)
class ToMeasure:
    """A set of posts to measure on, about the debunks of the corpus, or about debunks of its own."""

    name: str
    posts: Sequence[JudgedPost]
    debunks: Sequence[Debunk] = ()


def calibrate(
    fitted: Fitted,
    unheard_posts: Sequence[JudgedPost],
    dev: Sequence[JudgedPost],
    measured: Sequence[ToMeasure],
) -> Calibration:
    """Return a calibration: scorers fitted on the judged posts, thresholds chosen on `dev`, a card of all `measured`.

    Without dev posts the judged ones choose the thresholds themselves, each scored by models that did not see it.
    """
    known, bare = fitted.known(), fitted.bare(unheard_posts)
    has_known = any(any(each.found.evidence.is_well_known) for each in known)
    bare_scorer = fit(bare, well_known=False)
    manifest = fitted.whole.manifest
    asked = fitted.asked(unheard_posts)
    stance = fit_stance(
        [each.question for each in asked],
        [each.stance for each in asked],
        [each.debunk_id for each in asked],
        fitted.pair_model,
    )
    fitted_stances = len(asked) if stance else 0
    stance = stance or shipped_stance(fitted.encoder, fitted.pair_model)
    draft = Calibration(
        "draft",
        manifest.encoder_fingerprint,
        manifest.examples_sha256,
        fit(known, well_known=True) if has_known else bare_scorer,
        bare_scorer,
        Thresholds(1.0, 0.0),
        stance,
        {},
    )
    answered = outcomes(dev, fitted.matcher(fitted.whole, draft)) if dev else _unseen_outcomes(fitted, draft)
    draft = replace(draft, thresholds=thresholds_for(answered, MATCH_PRECISION, POSSIBLE_RECALL))
    card: dict[str, Any] = {
        "encoder": f"{manifest.encoder_name}@{manifest.encoder_fingerprint}",
        "corpus": {"revision": manifest.corpus_revision, "debunks": manifest.documents, "passages": manifest.passages},
        "fitted_on": {"posts": len(fitted.judged), "unheard_posts": len(unheard_posts), "stances": fitted_stances},
        "thresholds_chosen_on": f"{len(dev)} dev posts" if dev else "the fitted posts, cross-fitted",
        "background_answered": round(background_answered(fitted.whole, draft), 4),
        "ece_of_unseen_myths": {
            "with_variants": _rounded(ece_of_unseen_myths(known, well_known=True)),
            "without_variants": _rounded(ece_of_unseen_myths(bare, well_known=False)),
        },
        "measured": _measured(fitted, draft, measured),
    }
    return replace(draft, card=card)


def _measured(fitted: Fitted, calibration: Calibration, measured: Sequence[ToMeasure]) -> dict[str, dict[str, Any]]:
    """Return the measures of each set: with the variants of the corpus's debunks and without, or of its own debunks."""
    sections = {}
    for each in measured:
        if each.debunks:
            snapshot = snapshot_of(each.debunks, fitted.judged, fitted.encoder, fitted.folder / each.name)
            sections[f"{each.name}, without variants"] = measures(each.posts, fitted.matcher(snapshot, calibration))
            continue
        for kind, snapshot, ids in (("with", fitted.whole, None), ("without", fitted.stripped, fitted.ids)):
            shown = measures(each.posts, fitted.matcher(snapshot, calibration), ids)
            sections[f"{each.name}, {kind} variants"] = shown
    return {name: measured_json(_shown(groups)) for name, groups in sections.items()}


Groups = dict[str, dict[str, Measured]]


def measures(posts: Sequence[JudgedPost], matcher: Matcher, ids: Mapping[str, str] | None = None) -> Groups:
    """Return the measures of deciding, ranking and stance, of all posts and of each language's."""
    return merged(by_group(outcomes(posts, matcher, ids)), stance_groups(posts, matcher, ids))


def stance_groups(posts: Sequence[JudgedPost], matcher: Matcher, ids: Mapping[str, str] | None = None) -> Groups:
    """Return the measures of stance, and of what cues alone reach; nothing where no post is about a debunk."""
    asked = questions(posts, matcher.retrieval, matcher.encoder, ids)
    if not asked:
        return {}
    judged = stances_by_group(stance_outcomes(asked, matcher.judge))
    by_cues = stances_by_group(stance_outcomes(asked, matcher.judge, closely=False))
    compared = {
        group: {f"{name}_by_cues": value for name, value in row.items() if name in COMPARED}
        for group, row in by_cues.items()
    }
    return merged(judged, compared)


def merged(one: Groups, other: Groups) -> Groups:
    """Return the measures of both, group by group."""
    return {group: one.get(group, {}) | other.get(group, {}) for group in dict.fromkeys((*one, *other))}


def _shown(groups: Mapping[str, Mapping[str, Measured]]) -> dict[str, dict[str, Measured]]:
    return {group: {name: value for name, value in row.items() if name in SHOWN} for group, row in groups.items()}


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
    answers = matcher.match_all([AskedText(post.text, limit, stance="any") for post in posts])
    found = []
    for post, answer in zip(posts, answers, strict=True):
        named = {debunk_id: (ids or {}).get(debunk_id, debunk_id) for debunk_id in post.debunk_ids}
        ranking = [(match.candidate.debunk_id, match.probability) for match in answer.matches]
        places = {match.candidate.debunk_id: match.places for match in answer.matches if match.decision != "no_match"}
        overlaps = [
            any(
                place.claim.start < span.end and span.start < place.claim.end
                for place in places.get(named[span.debunk_id], ())
            )
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
