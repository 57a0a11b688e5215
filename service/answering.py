"""Answering: one request to match, answered from the worker; every route that matches a text goes through here."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from service.admission import Admission
from service.flood import FloodControl, counted
from service.matching.answers import Answer
from service.matching.matcher import Matcher
from service.matching.standing import Flooded, never_flooded
from service.matching.timing import Timed, untimed
from service.metrics import RENDER
from service.observed import Observed
from service.webhooks import Webhooks
from service.wire import MatchRequest, answer_json
from service.worker import Worker


@dataclass(frozen=True)
class Answered:
    """The answer to one text, the matcher that gave it, and how many milliseconds that took."""

    answer: Answer
    matcher: Matcher
    took_ms: float

    def json(self, request_id: str | None) -> dict[str, Any]:
        """Return the v1 answer."""
        with self.matcher.timed(RENDER, 1):
            return answer_json(self.answer, self.matcher, request_id, self.took_ms)


class Answering:
    """Answers requests, as many at a time as are admitted, and counts what matches."""

    def __init__(
        self,
        worker: Worker,
        flood: FloodControl,
        admission: Admission,
        webhooks: Webhooks | None = None,
        observed: Observed | None = None,
    ) -> None:
        """Take who holds the matcher, counts matches, gives out turns, tells somebody of many matches, and measures."""
        self.worker, self.flood, self.admission, self.webhooks = worker, flood, admission, webhooks
        self.observed = observed
        self.timed: Timed = untimed if observed is None else observed.timed

    def answer(self, asked: MatchRequest) -> Answered:
        """Return the answer to a checked request, once it has a slot; raises NotReady and Overloaded."""
        with self.admission.slot():
            return self._matched([asked])[0]

    def answer_all(self, asked: Sequence[MatchRequest]) -> list[Answered]:
        """Return the answers to one part of a batch, in order; for who is within `admission.batch`.

        Raises NotReady and Overloaded.
        """
        with self.admission.part():
            return self._matched(asked)

    def _matched(self, asked: Sequence[MatchRequest]) -> list[Answered]:
        matcher = self.worker.matcher.timed_by(self.timed)
        answers = matched(matcher, asked, self.flood.is_flooded)
        for answered in answers:
            self._count(answered.answer, matcher)
        return answers

    def _count(self, answer: Answer, matcher: Matcher) -> None:
        ids = counted(answer, matcher.calibration.thresholds.match)
        self.flood.count(ids)
        if self.webhooks is not None:
            self.webhooks.count(ids, matcher.snapshot)
        if self.observed is not None:
            self.observed.answered(answer)


def matched(matcher: Matcher, asked: Sequence[MatchRequest], is_flooded: Flooded = never_flooded) -> list[Answered]:
    """Return the answers of a matcher, in order; each took its share of the time that all of them took."""
    started = time.perf_counter()
    answers = matcher.match_all([each.asked for each in asked], is_flooded)
    took_ms = (time.perf_counter() - started) * 1000 / max(1, len(asked))
    return [Answered(answer, matcher, took_ms) for answer in answers]
