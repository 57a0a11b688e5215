"""MatchRates: how many texts got each decision hour by hour, and how the last hours differ from the week before them.

Only counts are kept: in memory, and in a small file that the next start goes on from.
"""

import json
import logging
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import RootModel, ValidationError

from service.matching.answers import DECISIONS
from service.matching.scoring import Decision

log = logging.getLogger(__name__)
SECONDS_AN_HOUR = 3600
WEEK_HOURS = 7 * 24
WINDOWS = {"hour": 2, "day": 25}  # in hours: the running one, and as many whole ones before it as the name says
FEWEST_TEXTS = 50  # in a window and in its week; of fewer a ratio tells nothing
SAVED_SECONDS = 60.0


class Hours(RootModel[dict[int, dict[Decision, int]]]):
    """What the file holds: by hours since 1970 how many texts got each decision."""


@dataclass(frozen=True)
class Rates:
    """How many texts got each decision in a window, and in the week before it."""

    last: Mapping[Decision, int]
    before: Mapping[Decision, int]

    def ratio(self, decision: Decision) -> float | None:
        """Return the share of a decision in the window over that in the week; None where too little is known."""
        texts, usual = sum(self.last.values()), sum(self.before.values())
        if min(texts, usual) < FEWEST_TEXTS or not self.before.get(decision):
            return None
        return (self.last.get(decision, 0) / texts) / (self.before[decision] / usual)


class MatchRates:
    """Counts decisions by the hour; many threads may count at once."""

    def __init__(self, path: Path | None = None, clock: Callable[[], float] = time.time) -> None:
        """Go on from the file, where there is one; without a path nothing is kept. The clock tells seconds since 1970.

        A file that cannot be read is told in the log and begun anew.
        """
        self._path, self._clock = path, clock
        self._lock, self._saving = threading.Lock(), threading.Lock()
        self._hours: dict[int, Counter[Decision]] = {}
        self._saved_at, self._is_new = 0.0, False
        if path is not None and path.exists():
            self._hours = _read(path)
            self._forget()

    def count(self, decision: Decision) -> None:
        """Count a text."""
        with self._lock:
            hour = self._hour()
            if hour not in self._hours:
                self._hours[hour] = Counter()
                self._forget()
            self._hours[hour][decision] += 1
            self._is_new = True

    def rates(self) -> dict[str, Rates]:
        """Return the counts of each window, by its name."""
        with self._lock:
            hour = self._hour()
            return {
                name: Rates(self._sum(hour - hours, hour), self._sum(hour - hours - WEEK_HOURS, hour - hours))
                for name, hours in WINDOWS.items()
            }

    def save(self, *, at_once: bool = False) -> None:
        """Write what is new to the file, at most once a minute unless `at_once`; failing is told, and stops nothing."""
        if self._path is None or not self._saving.acquire(blocking=at_once):
            return
        try:
            with self._lock:
                is_due = at_once or self._clock() - self._saved_at >= SAVED_SECONDS
                if not (is_due and self._is_new):
                    return
                held = {hour: dict(counts) for hour, counts in self._hours.items()}
                self._saved_at, self._is_new = self._clock(), False
            _write(self._path, held)
        finally:
            self._saving.release()

    def _hour(self) -> int:
        return int(self._clock() // SECONDS_AN_HOUR)

    def _sum(self, after: int, upto: int) -> Counter[Decision]:
        counted: Counter[Decision] = Counter()
        for hour, counts in self._hours.items():
            if after < hour <= upto:
                counted.update(counts)
        return counted

    def _forget(self) -> None:
        """Forget what is older than any window looks back, or of a future that a clock once told."""
        hour = self._hour()
        oldest = hour - max(WINDOWS.values()) - WEEK_HOURS
        self._hours = {one: counts for one, counts in self._hours.items() if oldest < one <= hour}


def _read(path: Path) -> dict[int, Counter[Decision]]:
    try:
        hours = Hours.model_validate_json(path.read_bytes()).root
    except (OSError, ValidationError) as error:
        log.warning("%s holds no counts of decisions (%s); they are counted anew", path, type(error).__name__)
        return {}
    return {
        hour: Counter({decision: counts.get(decision, 0) for decision in DECISIONS}) for hour, counts in hours.items()
    }


def _write(path: Path, hours: Mapping[int, Mapping[Decision, int]]) -> None:
    draft = path.with_name(f".{path.name}-{uuid.uuid4().hex}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(json.dumps(hours), encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink()
        log.warning("cannot keep the counts of decisions in %s: %s", path, error.strerror)
