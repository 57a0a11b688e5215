"""Standing: which debunks may answer now, and which may answer only so far, whatever the evidence."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from service.matching.scoring import RULED_OUT

Held = Literal["rated_true", "always", "flood"]
HOLDS = ("always", "flood")
Flooded = Callable[[str], bool]  # of a debunk's id: whether it matches far beyond its usual rate
ALWAYS, NEVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
OF_FIRST_DAY = {len("2022"): "-01-01", len("2022-09"): "-01"}  # what a year and a month lack


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


def never_flooded(debunk_id: str) -> bool:
    """Return False: where nothing is counted, nothing is a flood."""
    return False


def begins(date: str) -> datetime:
    """Return when a year, month, day or time begins; a time without an offset is one of UTC.

    Raises ValueError where it is none of these.
    """
    time = datetime.fromisoformat(date + OF_FIRST_DAY.get(len(date), ""))
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time


class Standing:
    """What a snapshot's debunks may do."""

    def __init__(self, marks: Mapping[str, Mapping[str, Any]]) -> None:
        """Read the marks of the debunks that have any: those fields of their documents that say something."""
        self._spans = dict[str, tuple[datetime, datetime]]()
        self._held = dict[str, Held]()
        for debunk_id, said in marks.items():
            start, end = said.get("disable_until"), said.get("expires")
            if start or end:
                self._spans[debunk_id] = begins(start) if start else ALWAYS, begins(end) if end else NEVER
            if said.get("rating") == "true":
                self._held[debunk_id] = "rated_true"
            elif said.get("hold") in HOLDS:
                self._held[debunk_id] = said["hold"]
        self._turns = sorted({turn for span in self._spans.values() for turn in span} | {ALWAYS, NEVER})
        self._absent: tuple[datetime, datetime, frozenset[str]] = (NEVER, ALWAYS, frozenset())

    def absent(self, now: datetime) -> frozenset[str]:
        """Return the debunks that match nothing now: disabled still, or expired."""
        since, until, absent = self._absent
        if not since <= now < until:  # none came or went in between
            absent = frozenset(id_ for id_, (start, end) in self._spans.items() if not start <= now < end)
            since = max(turn for turn in self._turns if turn <= now)
            until = min((turn for turn in self._turns if turn > now), default=NEVER)
            self._absent = since, until, absent
        return absent

    def held(self, debunk_id: str, is_flooded: Flooded) -> Held | None:
        """Return why the debunk's matches are at most possible, None where they are not."""
        held = self._held.get(debunk_id)
        return None if held == "flood" and not is_flooded(debunk_id) else held

    def deciding(self, probabilities: npt.NDArray[np.float64], debunk_ids: Sequence[str]) -> npt.NDArray[np.float64]:
        """Return the probabilities, shape (claims, debunks), with those of claims that were found true ruled out."""
        is_true = np.array([self._held.get(debunk_id) == "rated_true" for debunk_id in debunk_ids], dtype=bool)
        return np.where(is_true[None, :], RULED_OUT, probabilities)
