"""Retention: feedback and kept texts are erased once they are as old as the settings allow."""

import logging
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from corpus.database import Database
from corpus.errors import CorpusError
from corpus.feedback import FeedbackStore
from corpus.kept_texts import KeptTexts
from service.settings import Settings
from service.wiring import open_store

log = logging.getLogger(__name__)
PURGE_SECONDS = 3600.0


@dataclass(frozen=True)
class Erased:
    """How much was erased."""

    feedback: int = 0
    texts: int = 0


def purge(database: Database, retention_days: int, now: datetime) -> Erased:
    """Erase what is older than so many days, nothing where that is 0, and return how much; raises StoreError."""
    if not retention_days:
        return Erased()
    before = now - timedelta(days=retention_days)
    return Erased(FeedbackStore(database).erase_before(before), KeptTexts(database).erase_before(before))


class Retention:
    """Purges when it is started, and hourly until it is stopped, in a thread of its own."""

    def __init__(self, settings: Settings) -> None:
        """Do nothing yet."""
        self._settings = settings
        self._stopped = threading.Event()

    def start(self) -> None:
        """Purge now and hourly, unless the settings keep everything until it is told to be erased."""
        if self._settings.retention_days:
            threading.Thread(target=self._run, name="mythmatch-retention", daemon=True).start()

    def stop(self) -> None:
        """Purge no more."""
        self._stopped.set()

    def run_once(self, now: datetime) -> None:
        """Purge once; what is erased is counted in the log, and a database that cannot be reached is told there."""
        try:
            with open_store(self._settings) as store:
                erased = purge(store.database, self._settings.retention_days, now)
        except CorpusError as error:
            log.error("cannot erase what is old: %s; the next try is in an hour", error)
            return
        if erased != Erased():
            log.info("erased by age: %d words of feedback, %d texts", erased.feedback, erased.texts)

    def _run(self) -> None:
        while True:
            self.run_once(datetime.now(UTC))
            if self._stopped.wait(PURGE_SECONDS):
                return
