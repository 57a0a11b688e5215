"""Measures where a signal's match ends: by the rule that chooses a calibration's `match`, with cosines of wordings."""

from collections.abc import Sequence

from corpus.judged import JudgedPost
from corpus.model import Debunk
from embeddings.encoder import Encoder
from service.matching.evaluation import Outcome, thresholds_for
from service.sockets.signal_cuts import SignalCut, signal_rows, wordings_of

PRECISION, RECALL = 0.98, 0.95  # as in a calibration; a signal has no use for the second


def measured(encoder: Encoder, debunks: Sequence[Debunk], posts: Sequence[JudgedPost]) -> SignalCut:
    """Return the cut-off for the wordings of the debunks, and what it does with the judged posts."""
    owners, wordings = zip(*((debunk.id, text) for debunk in debunks for text in wordings_of(debunk)), strict=True)
    cosines = signal_rows(encoder, [post.text for post in posts]) @ signal_rows(encoder, wordings).T
    nearest = cosines.argmax(axis=1)
    outcomes = [
        _outcome(post, owners[place], float(row[place]))
        for post, place, row in zip(posts, nearest, cosines, strict=True)
    ]
    cosine = thresholds_for(outcomes, PRECISION, RECALL).match
    matched = [outcome for outcome in outcomes if outcome.probability >= cosine]
    right = sum(outcome.is_right for outcome in matched)
    about = sum(bool(post.debunk_ids) for post in posts)
    wrong_others = sum(not outcome.about for outcome in matched)
    return SignalCut(
        encoder.name,
        encoder.fingerprint,
        encoder.dimensions,
        cosine,
        len(posts),
        len(wordings),
        round(right / max(1, len(matched)), 4),
        round(right / max(1, about), 4),
        round(1 - wrong_others / max(1, len(posts) - about), 4),
    )


def _outcome(post: JudgedPost, debunk_id: str, cosine: float) -> Outcome:
    ranking = [(debunk_id, cosine)]
    return Outcome(post.id, post.text, post.lang, post.kind, post.relation, post.debunk_ids, ranking, "")
