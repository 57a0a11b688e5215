"""Answering: one request to match, answered from the worker; every route that matches a text goes through here."""

import time
from dataclasses import dataclass
from typing import Any

from service.flood import FloodControl, counted
from service.matching.answers import Answer
from service.matching.matcher import Matcher
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
        return answer_json(self.answer, self.matcher, request_id, self.took_ms)


class Answering:
    """Answers requests, and counts what matches."""

    def __init__(self, worker: Worker, flood: FloodControl) -> None:
        """Take who holds the matcher, and who counts matches by debunk."""
        self.worker, self.flood = worker, flood

    def answer(self, asked: MatchRequest) -> Answered:
        """Return the answer to a checked request; raises NotReady."""
        started = time.perf_counter()
        matcher = self.worker.matcher
        found = matcher.match(asked.text, asked.limit, asked.threshold, asked.lang, asked.stance, self.flood.is_flooded)
        self.flood.count(counted(found, matcher.calibration.thresholds.match))
        return Answered(found, matcher, (time.perf_counter() - started) * 1000)
