"""Webhooks: a signed call to an address of the operator's when a debunk matches more than so many texts.

What is matched never waits for it: a match counts, and at most puts an event into a bounded queue; a thread of its own
keeps the events in a spool and makes the calls. A receiver may get an event twice, and knows it by its id.
"""

import json
import logging
import random
import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal, Self
from urllib.parse import urlsplit
from uuid import uuid4

import httpcore2

from corpus.errors import FetchFailed, FetchRefused
from corpus.web.network import PublicNetwork
from embeddings.snapshot import Snapshot
from service.settings import Settings
from service.signing import signed, signing_key
from service.spool import Event, Spool
from service.surges import Surges

log = logging.getLogger(__name__)
DELAYS = (5, 30, 300, 1800, 7200, 18_000, 36_000)  # seconds until it is tried again; then the event is given up
CALL_SECONDS = 15.0  # one call, with all that it waits for
MAX_WAITING = 1000  # events; beyond, the oldest is dropped
JITTER = 0.2  # delays are up to so much longer, so that receivers that come back are not met by all at once
GONE = 410  # by the convention: the receiver wants no more of it
EVENT_TYPE = "debunk.surge"
STOP_SECONDS = 2.0

Outcome = Literal["delivered", "failed", "given_up", "dropped"]  # what failed is tried again


@dataclass(frozen=True)
class Receiver:
    """Where calls go: an address, the key that signs them, and hosts that may be called though they are not public."""

    url: str
    key: bytes
    allowed_hosts: Collection[str] = ()
    seconds: float = CALL_SECONDS

    @property
    def host(self) -> str:
        """Return the host: all of the address that a log shows, as the rest may be secret."""
        return urlsplit(self.url).hostname or ""

    def call(self, event: Event) -> int:
        """Return the status that the receiver answers the event with; redirects are not followed.

        Raises FetchRefused for an address that is not public, FetchFailed or an httpcore2 error where nothing answers.
        """
        body = event.body.encode()
        headers = {
            "Host": urlsplit(self.url).netloc,
            "User-Agent": "Mythmatch",
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            **signed(self.key, event.id, int(time.time()), body),
        }
        network = PublicNetwork(self.allowed_hosts, time.monotonic() + self.seconds)
        with (
            httpcore2.ConnectionPool(network_backend=network) as pool,
            pool.stream("POST", self.url, headers=list(headers.items()), content=body) as answer,
        ):
            return answer.status


class Webhooks:
    """Counts matches, and tells the receiver of surges; many threads may count at once."""

    def __init__(
        self,
        receiver: Receiver,
        surges: Surges,
        spool: Spool,
        *,
        delays: Sequence[float] = DELAYS,
        most: int = MAX_WAITING,
        told: Callable[[Outcome], None] = lambda outcome: None,
    ) -> None:
        """Start the thread, which goes on with what the spool holds; `told` hears how each call ended.

        At `most` so many events wait; `delays` are the seconds until a call is made again.
        """
        self._receiver, self._surges, self._spool = receiver, surges, spool
        self._delays, self._most, self._told = delays, most, told
        self._waiting: dict[str, Event] = {}  # by id, the oldest first
        self._unkept: list[Event] = []  # not in the spool yet
        self._dropped: list[str] = []  # still in the spool
        self._changed = threading.Condition()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="mythmatch-webhooks", daemon=True)
        self._thread.start()

    @classmethod
    def of(cls, settings: Settings, told: Callable[[Outcome], None] = lambda outcome: None) -> Self | None:
        """Return what the settings ask for; None where they name no receiver."""
        if not settings.webhook_url:
            return None
        key = signing_key(settings.webhook_secret.get_secret_value())
        receiver = Receiver(settings.webhook_url, key, settings.allowed_hosts)
        surges = Surges(settings.webhook_matches, settings.webhook_minutes)
        return cls(receiver, surges, Spool(settings.webhooks_dir), told=told)

    def count(self, debunk_ids: Iterable[str], snapshot: Snapshot) -> None:
        """Count one match of each debunk of the snapshot, and have told what is a surge; waits for nothing."""
        for debunk_id, matches in self._surges.count(debunk_ids):
            self._put(self._event(debunk_id, matches, snapshot))

    def close(self) -> None:
        """Keep what is still to be told, and make no more calls; one that is being made may be made again."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        self._thread.join(STOP_SECONDS)
        self._keep()

    def _event(self, debunk_id: str, matches: int, snapshot: Snapshot) -> Event:
        document, now = snapshot.documents[debunk_id], datetime.now(UTC)
        event_id = f"msg_{now:%Y%m%d%H%M%S%f}_{uuid4().hex[:12]}"
        told = {
            "type": EVENT_TYPE,
            "id": event_id,
            "timestamp": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "data": {
                "debunk": {name: document[name] for name in ("id", "myth", "fact", "rating", "url")},
                "matches": matches,
                "minutes": self._surges.minutes,
                "corpus_revision": snapshot.manifest.corpus_revision,
            },
        }
        return Event(event_id, json.dumps(told, ensure_ascii=False), due=now.timestamp())

    def _put(self, event: Event) -> None:
        with self._changed:
            self._waiting[event.id] = event
            self._unkept.append(event)
            dropped = self._drop_oldest()
            self._changed.notify()
        if dropped:
            log.warning("webhooks: %d events wait for %s; the oldest is dropped", self._most, self._receiver.host)
            self._told("dropped")

    def _drop_oldest(self) -> bool:
        if len(self._waiting) <= self._most:
            return False
        oldest = next(iter(self._waiting))
        del self._waiting[oldest]
        self._unkept = [event for event in self._unkept if event.id != oldest]
        self._dropped.append(oldest)
        return True

    def _run(self) -> None:
        kept = self._spool.events(self._most)
        with self._changed:
            self._waiting = {**{event.id: event for event in kept}, **self._waiting}
            while self._drop_oldest():
                self._told("dropped")
        while (event := self._next()) is not None:
            self._keep()
            self._try(event)

    def _next(self) -> Event | None:
        """Return the event that is due first, when it is; None once there are to be no more calls."""
        longest = (1 + JITTER) * max(self._delays, default=0)  # where a clock was put back, nothing waits for longer
        with self._changed:
            while not self._stopped:
                first = min(self._waiting.values(), key=lambda event: event.due, default=None)
                if first is None:
                    self._changed.wait()
                elif not 0 < (wait := first.due - time.time()) <= longest:
                    return first
                else:
                    self._changed.wait(wait)
            return None

    def _keep(self) -> None:
        """Bring the spool up to what waits."""
        with self._changed:
            unkept, dropped = self._unkept, self._dropped
            self._unkept, self._dropped = [], []
        for event in unkept:
            self._spool.put(event)
        for event_id in dropped:
            self._spool.remove(event_id)

    def _try(self, event: Event) -> None:
        why, is_over = self._call(event)
        if not why:
            self._told("delivered")
            self._let_go(event)
        elif is_over or event.tried >= len(self._delays):
            log.error("webhooks: gave up event %s for %s: %s", event.id, self._receiver.host, why)
            self._told("given_up")
            self._let_go(event)
        else:
            delay = self._delays[event.tried] * (1 + JITTER * random.random())
            log.warning("webhooks: %s for event %s; it is tried again in %.0f s", why, event.id, delay)
            self._told("failed")
            self._put_off(replace(event, tried=event.tried + 1, due=time.time() + delay))

    def _call(self, event: Event) -> tuple[str, bool]:
        """Return why the call failed, empty where it did not, and whether the receiver wants no more of it."""
        try:
            status = self._receiver.call(event)
        except (FetchFailed, FetchRefused) as error:
            return str(error), False  # it names the host
        except (httpcore2.TimeoutException, httpcore2.NetworkError) as error:
            return f"{self._receiver.host}: {str(error) or type(error).__name__}", False
        except httpcore2.ProtocolError as error:
            return f"{self._receiver.host}: met no HTTP ({type(error).__name__})", False
        except Exception as error:  # one call's outermost line: the thread lives on, and the message may hold a secret
            return f"{self._receiver.host}: unexpected {type(error).__name__}", False
        return ("" if 200 <= status < 300 else f"{self._receiver.host}: met status {status}"), status == GONE

    def _put_off(self, event: Event) -> None:
        with self._changed:
            if event.id not in self._waiting:
                return  # it was dropped meanwhile
            self._waiting[event.id] = event
        self._spool.put(event)

    def _let_go(self, event: Event) -> None:
        with self._changed:
            self._waiting.pop(event.id, None)
        self._spool.remove(event.id)
