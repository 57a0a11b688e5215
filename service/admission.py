"""Admission: which texts are matched now, which wait for their turn, and which are refused at once.

Matching keeps the processor busy, so more of it at a time makes nothing faster: what comes beyond the slots waits in a
line, first come first served, and what comes beyond the line is refused before it costs anything. A batch has a slot
for one part at a time and stands in line again for the next, where it lets pass what comes within a second: whoever
waits for one answer waits for no more than the part that is under way. It keeps its thread meanwhile, so only a few
batches are taken at a time; they count towards nobody's line.
"""

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from service.errors import Overloaded
from service.settings import Settings

BATCHES = 4  # taken at a time, or as many as slots if these are more
LET_PASS_SECONDS = 1.0  # by which a part of a batch stands further back
BATCH_SECONDS = 60.0  # for which it stands in line at most: all ahead of it is matched in far less


@dataclass(eq=False)
class Turn:
    """One place in the line: whether a batch has it, from when on nobody passes it, and whether its turn has come."""

    of_batch: bool
    since: float
    come: threading.Event = field(default_factory=threading.Event)


class Admission:
    """Gives out the slots for matching; many threads may ask at once."""

    def __init__(self, slots: int, queue: int, queue_seconds: float) -> None:
        """Take how many texts are matched at a time, how many more wait, and how many seconds each waits at most."""
        self.slots, self.queue, self.queue_seconds = slots, queue, queue_seconds
        self.batches = max(BATCHES, slots)
        self._running = self._batches = self._refused = 0
        self._line: list[Turn] = []
        self._lock = threading.Lock()
        self._held = threading.local()

    @classmethod
    def of(cls, settings: Settings) -> "Admission":
        """Return the admission that the settings ask for."""
        return cls(settings.match_slots, settings.queue, settings.queue_seconds)

    @property
    def threads(self) -> int:
        """Return how many threads are held at most: by what is matched, what waits, and batches between two parts."""
        return self.slots + self.queue + self.batches

    @property
    def running(self) -> int:
        """Return how many slots are taken."""
        return self._running

    @property
    def waiting(self) -> int:
        """Return how many stand in line, batches included."""
        return len(self._line)

    @property
    def refused(self) -> int:
        """Return how many were refused since the start: at once, or after they had waited."""
        return self._refused

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Hold a slot while one text is matched; within a slot that this thread holds already it is that one.

        Raises Overloaded at once where the line is full, or where the turn does not come in time. A slot belongs to
        the thread that took it: do not keep one open over a `yield`.
        """
        if getattr(self._held, "slot", False):
            yield
        else:
            with self._hold(of_batch=False):
                yield

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Hold one of the few places for a batch, and no slot; raises Overloaded at once where all are taken."""
        with self._lock:
            if self._batches >= self.batches:
                raise self._refusal(f"{self._batches} batches are being matched already")
            self._batches += 1
        try:
            yield
        finally:
            with self._lock:
                self._batches -= 1

    @contextmanager
    def part(self) -> Iterator[None]:
        """Hold a slot for one part of a batch: as `slot`, but no line is too long for it, and it waits longer.

        Only for who is within `batch`, which bounds how many threads stand in line like this.
        """
        with self._hold(of_batch=True):
            yield

    @contextmanager
    def _hold(self, *, of_batch: bool) -> Iterator[None]:
        self._take(of_batch=of_batch)
        self._held.slot = True
        try:
            yield
        finally:
            self._held.slot = False
            self._give_back()

    def _take(self, *, of_batch: bool) -> None:
        with self._lock:
            if self._running < self.slots:  # nobody stands in line then: a slot that is given back goes to the first
                self._running += 1
                return
            ahead = sum(not turn.of_batch for turn in self._line)
            if not of_batch and ahead >= self.queue:
                raise self._refusal(f"{self.slots} texts are being matched and {ahead} wait already")
            turn = Turn(of_batch, time.monotonic() + (LET_PASS_SECONDS if of_batch else 0.0))
            self._line.append(turn)
        seconds = BATCH_SECONDS if of_batch else self.queue_seconds
        if not turn.come.wait(seconds):
            self._leave(turn, seconds)

    def _leave(self, turn: Turn, seconds: float) -> None:
        """Give up the place in the line and raise Overloaded, unless the turn has come in this very moment."""
        with self._lock:
            if not turn.come.is_set():
                self._line.remove(turn)
                raise self._refusal(f"the text has waited for {seconds:g} s, and others are matched still")

    def _give_back(self) -> None:
        """Hand the slot to who is first in line, so that nobody who comes now gets ahead."""
        with self._lock:
            if self._line:
                first = min(self._line, key=lambda turn: turn.since)
                self._line.remove(first)
                first.come.set()
            else:
                self._running -= 1

    def _refusal(self, met: str) -> Overloaded:
        """Return the error, counted; called with the lock held."""
        self._refused += 1
        seconds = max(1, math.ceil(self.queue_seconds))  # all that waits now is answered or gone by then
        return Overloaded(f"the service is overloaded: {met}; try again in {seconds} s", seconds)
