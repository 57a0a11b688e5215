"""Surges: which debunks match more texts in some minutes than they should without anybody being told."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

PARTS = 60  # of the window: what is counted leaves it a part at a time


@dataclass
class _Counts:
    """How many matches there were in each part of the window, and when the debunk was told last, in seconds."""

    parts: deque[tuple[int, int]] = field(default_factory=deque)
    total: int = 0
    told: float | None = None

    def add(self, part: int) -> None:
        """Count one match."""
        count = self.parts.pop()[1] if self.parts and self.parts[-1][0] == part else 0
        self.parts.append((part, count + 1))
        self.total += 1

    def move_on(self, part: int) -> None:
        """Forget the parts that left the window."""
        while self.parts and self.parts[0][0] <= part - PARTS:
            self.total -= self.parts.popleft()[1]


class Surges:
    """Counts matches by debunk in the memory of one process; many threads may ask it at once.

    A debunk is told when it has more than `matches` in the last `minutes`, and while that lasts again every `minutes`:
    never twice within them, whether or not it fell below in between.
    """

    def __init__(self, matches: int, minutes: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Take what makes a surge; the clock tells seconds and never goes back."""
        self.minutes = minutes
        self._matches, self._window, self._clock = matches, 60.0 * minutes, clock
        self._counts: dict[str, _Counts] = {}
        self._lock = threading.Lock()
        self._swept = clock()

    def count(self, debunk_ids: Iterable[str]) -> list[tuple[str, int]]:
        """Count one match of each debunk, and return those to tell of now, each with its matches in the window."""
        with self._lock:
            now = self._clock()
            told = [(debunk_id, matches) for debunk_id in debunk_ids if (matches := self._add(debunk_id, now))]
            if now - self._swept >= self._window:
                self._sweep(now)
            return told

    def _add(self, debunk_id: str, now: float) -> int:
        """Count one match, and return the debunk's matches if they are to be told, else 0."""
        counts, part = self._counts.setdefault(debunk_id, _Counts()), self._part(now)
        counts.move_on(part)
        counts.add(part)
        if counts.total <= self._matches or (counts.told is not None and now - counts.told < self._window):
            return 0
        counts.told = now
        return counts.total

    def _part(self, now: float) -> int:
        return int(now * PARTS / self._window)

    def _sweep(self, now: float) -> None:
        """Forget the debunks that nothing matched in the window, and with that when they were told: longer ago."""
        for counts in self._counts.values():
            counts.move_on(self._part(now))
        self._counts = {one: counts for one, counts in self._counts.items() if counts.parts}
        self._swept = now
