"""Flood control: counts what matches each debunk, and tells when that is far beyond its usual rate."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from service.matching.answers import Answer

SECONDS_A_MINUTE = 60.0
RECENT_MINUTES = 10
KNOWN_MINUTES = 24 * 60
SWEEP_MINUTES = 60  # how often debunks are forgotten that nothing matched for a day


@dataclass
class _Counts:
    """How many matches there were in each of the last minutes, and before them in each ten minutes of a day."""

    recent: deque[tuple[int, int]] = field(default_factory=deque)
    older: deque[tuple[int, int]] = field(default_factory=deque)
    recent_sum: int = 0
    older_sum: int = 0

    def add(self, minute: int) -> None:
        _add(self.recent, minute, 1)
        self.recent_sum += 1

    def move_on(self, minute: int) -> None:
        """Have minutes that are no longer recent count among the older ones, and forget what is older than a day."""
        while self.recent and self.recent[0][0] <= minute - RECENT_MINUTES:
            counted_at, count = self.recent.popleft()
            _add(self.older, counted_at - counted_at % RECENT_MINUTES, count)
            self.recent_sum -= count
            self.older_sum += count
        while self.older and self.older[0][0] <= minute - KNOWN_MINUTES:
            self.older_sum -= self.older.popleft()[1]


class FloodControl:
    """Counts matches by debunk in the memory of one process; many threads may ask it at once.

    What was not seen counts as none: in its first ten minutes a debunk's usual rate is 0.
    """

    def __init__(self, factor: float, min_matches: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Take what makes a flood: more than `factor` times the usual, and more than `min_matches`, in ten minutes.

        The clock tells seconds; where it goes back, time goes on from there.
        """
        self._factor, self._min_matches, self._clock = factor, min_matches, clock
        self._counts: dict[str, _Counts] = {}
        self._lock = threading.Lock()
        self._told, self._seconds, self._swept = clock(), 0.0, 0

    def count(self, debunk_ids: Iterable[str]) -> None:
        """Count one match of each debunk."""
        with self._lock:
            minute = self._minute()
            for debunk_id in debunk_ids:
                counts = self._counts.setdefault(debunk_id, _Counts())
                counts.move_on(minute)
                counts.add(minute)
            if minute >= self._swept + SWEEP_MINUTES:
                self._sweep(minute)

    def is_flooded(self, debunk_id: str) -> bool:
        """Return whether the debunk matches far beyond its usual rate."""
        with self._lock:
            minute, counts = self._minute(), self._counts.get(debunk_id)
            if counts is None:
                return False
            counts.move_on(minute)
            windows = max(1.0, (min(minute + 1, KNOWN_MINUTES) - RECENT_MINUTES) / RECENT_MINUTES)
            usual = counts.older_sum / windows
            return counts.recent_sum > self._min_matches and counts.recent_sum > self._factor * usual

    def _minute(self) -> int:
        """Return the minutes since the start, in which a clock that was put back counts as one that stood still."""
        told = self._clock()
        self._seconds += max(0.0, told - self._told)
        self._told = told
        return int(self._seconds // SECONDS_A_MINUTE)

    def _sweep(self, minute: int) -> None:
        for counts in self._counts.values():
            counts.move_on(minute)
        self._counts = {one: counts for one, counts in self._counts.items() if counts.recent or counts.older}
        self._swept = minute


def counted(answer: Answer, surely: float) -> list[str]:
    """Return the debunks that the text counts as a match of: from the probability `surely` on, whatever was asked for.

    Those that only a flood makes possible count too: else holding the flood back would end it.
    """
    return [
        match.candidate.debunk_id
        for match in (*answer.matches, *answer.hidden)
        if match.probability >= surely and (match.decision == "match" or match.held == "flood")
    ]


def _add(counts: deque[tuple[int, int]], at: int, count: int) -> None:
    """Count at a time that is not before the last one."""
    if counts and counts[-1][0] == at:
        count += counts.pop()[1]
    counts.append((at, count))
