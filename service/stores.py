"""Stores: the corpus, feedback, kept texts and keys of one database, opened when a request first asks for them."""

import threading

from corpus.errors import StoreError
from corpus.feedback import FeedbackStore
from corpus.kept_texts import KeptTexts
from corpus.keys import KeyStore
from corpus.store import CorpusStore
from service.settings import Settings
from service.wiring import open_store

PATIENCE_SECONDS = 1.0  # while one request waits for a database, the others must not: their threads answer matches too


class Stores:
    """What routes read and write; each property raises StoreError while the database cannot be reached."""

    def __init__(self, settings: Settings) -> None:
        """Open nothing yet: a database that is down now may be there when it is asked."""
        self._settings = settings
        self._corpus: CorpusStore | None = None
        self._opening = threading.Lock()

    @property
    def corpus(self) -> CorpusStore:
        """Return the debunks."""
        if self._corpus is not None:
            return self._corpus
        if not self._opening.acquire(timeout=PATIENCE_SECONDS):
            raise StoreError("the database is being opened, and does not answer yet; try again in a few seconds")
        try:
            if self._corpus is None:
                self._corpus = open_store(self._settings)
            return self._corpus
        finally:
            self._opening.release()

    @property
    def feedback(self) -> FeedbackStore:
        """Return what moderators said of answers."""
        return FeedbackStore(self.corpus.database)

    @property
    def texts(self) -> KeptTexts:
        """Return the texts that callers asked to keep."""
        return KeptTexts(self.corpus.database)

    @property
    def keys(self) -> KeyStore:
        """Return the keys that were made."""
        return KeyStore(self.corpus.database)

    def close(self) -> None:
        """Give the database's connections back; the next request opens it again."""
        with self._opening:
            if self._corpus is not None:
                self._corpus.close()
                self._corpus = None
