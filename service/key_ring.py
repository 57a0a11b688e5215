"""KeyRing: the keys as one process knows them, so that no request waits long for a database, nor needs one."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime

from corpus.errors import CorpusError, StoreError
from corpus.keys import Key, find
from service.stores import Stores

log = logging.getLogger(__name__)
FRESH_SECONDS = 2.0  # how long keys count as they were read: a key that was revoked is refused that much later at most
PATIENCE_SECONDS = 1.0  # how long requests wait for a reading before they go on with what was read before
FIRST_PATIENCE_SECONDS = 5.0  # the same where nothing was read before
HOW_TO_MAKE_ONE = (
    "keys are required, and none is in force: all but what is public is answered with 401; make one by"
    " `python -m scripts.keys make NAME --scope admin`"
)


class KeyRing:
    """Keys, read again when a request comes and they are no longer fresh; while the database is down they stay."""

    def __init__(self, stores: Stores) -> None:
        """Read nothing yet."""
        self._stores = stores
        self._keys: dict[str, Key] | None = None
        self._trouble: str | None = None
        self._turn = threading.Lock()
        self._begun = self._due = 0.0  # by the monotonic clock
        self._is_read = threading.Event()  # cleared while a reading goes on
        self._is_read.set()
        self._used: dict[str, date] = {}  # the day on which this process saw each key last
        self._unwritten: dict[str, date] = {}
        self._writing = threading.Lock()
        self._reader: threading.Thread | None = None
        self._writer: threading.Thread | None = None

    def find(self, text: str) -> Key | None:
        """Return the key that the text is, whether it is in force or not, None for none.

        Raises StoreError where the keys could not be read even once.
        """
        self.refresh()
        patience = FIRST_PATIENCE_SECONDS if self._keys is None else PATIENCE_SECONDS
        self._is_read.wait(max(0.0, self._begun + patience - time.monotonic()))
        known = self._keys
        if known is None:
            raise StoreError(f"cannot read the keys: {self._trouble or 'the database does not answer yet'}")
        return find(known, text)

    def refresh(self) -> None:
        """Begin to read the keys, in a thread of its own, unless they are fresh or are being read."""
        with self._turn:
            if self._is_read.is_set() and time.monotonic() >= self._due:
                self._begun = time.monotonic()
                self._is_read.clear()
                self._reader = _started(self._read, "mythmatch-keys")

    def note_use(self, key: Key) -> None:
        """Have today kept as the day of the key's last use, in a thread of its own and once a day."""
        today = datetime.now(UTC).date()
        if self._used.get(key.id, key.last_used) != today:
            self._used[key.id] = self._unwritten[key.id] = today
            self._write_soon()

    def close(self) -> None:
        """Wait for what was begun; the stores are to be closed after it."""
        for thread in (self._reader, self._writer):
            if thread is not None:
                thread.join(FIRST_PATIENCE_SECONDS)

    def _read(self) -> None:
        due = None
        try:
            keys = {key.id: key for key in self._stores.keys.all()}
            due = self._begun + FRESH_SECONDS
            self._take(keys)
        except CorpusError as error:
            if self._trouble is None:  # once, and not for as long as it lasts
                still = "" if self._keys is None else "; those that were read before stay as they were"
                log.error("cannot read the keys: %s%s", error, still)
            self._trouble = str(error)
        finally:
            self._due = due or time.monotonic() + FRESH_SECONDS
            self._is_read.set()
        if self._unwritten and due is not None:
            self._write_soon()

    def _take(self, keys: dict[str, Key]) -> None:
        now = datetime.now(UTC)
        is_first, self._keys, self._trouble = self._keys is None, keys, None
        if is_first and not any(key.is_in_force(now) for key in keys.values()):
            log.warning(HOW_TO_MAKE_ONE)

    def _write_soon(self) -> None:
        if self._writing.acquire(blocking=False):
            self._writer = _started(self._write, "mythmatch-key-uses")

    def _write(self) -> None:
        """Write the days of use; what cannot be written now is tried again after the next reading."""
        try:
            for key_id, day in list(self._unwritten.items()):
                self._stores.keys.note_use(key_id, day)
                if self._unwritten.get(key_id) == day:
                    del self._unwritten[key_id]
        except CorpusError as error:
            log.error("cannot write when keys were used last: %s", error)
        finally:
            self._writing.release()


def _started(work: Callable[[], None], name: str) -> threading.Thread:
    """Return a thread that works, and that the process does not wait for when it ends."""
    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    return thread
