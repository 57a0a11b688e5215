"""Run: one import of a feed, written batch by batch, so that one that was killed goes on where it stood.

A feed is a name under which the same records come again. What it said of each debunk the last time is remembered, so
that the same again changes nothing, also where a moderator has changed the debunk meanwhile.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Self

import sqlalchemy as sa

from corpus.model import Debunk, Rejected
from corpus.store import CorpusStore, Write
from corpus.tables import deliveries, runs

LOOKED_UP = 500  # ids a statement


@dataclass(frozen=True)
class Taken:
    """What became of a run's records: how many were put, unchanged, or kept out since they had been removed by hand."""

    put: int = 0
    unchanged: int = 0
    kept_out: int = 0
    rejected: tuple[Rejected, ...] = ()


@dataclass(frozen=True)
class Run:
    """An import of `feed` that has read and written `position` records; `took_up` is where it went on from."""

    store: CorpusStore
    feed: str
    id: int
    position: int
    took_up: int

    @classmethod
    def begin(cls, store: CorpusStore, feed: str, content: str) -> Self:
        """Return the unfinished run over the same content of the feed, to go on with, or a new one.

        `content` names the bytes of the source and the way that they are read.
        """
        with store.writing(_author(feed)) as write:
            same = sa.and_(runs.c.feed == feed, runs.c.content == content, runs.c.finished_at.is_(None))
            unfinished = sa.select(runs.c.id, runs.c.position).where(same).order_by(runs.c.id.desc()).limit(1)
            if row := write.connection.execute(unfinished).first():
                return cls(store, feed, row.id, row.position, row.position)
            number = 1 + int(write.connection.execute(sa.select(sa.func.max(runs.c.id))).scalar() or 0)
            begun = {"id": number, "feed": feed, "content": content, "position": 0, "started_at": datetime.now(UTC)}
            write.connection.execute(sa.insert(runs).values(**begun))
        return cls(store, feed, number, 0, 0)

    def take(self, records: Sequence[Debunk | Rejected]) -> tuple[Self, Taken]:
        """Write a batch in one transaction; return the run behind it, and what became of the batch."""
        position = self.position + len(records)
        with self.store.writing(_author(self.feed)) as write:
            taken = _Batch(self, write, [record for record in records if isinstance(record, Debunk)]).taken()
            write.connection.execute(sa.update(runs).where(runs.c.id == self.id).values(position=position))
        unreadable = tuple(record for record in records if isinstance(record, Rejected))
        return replace(self, position=position), replace(taken, rejected=(*unreadable, *taken.rejected))

    def finish(self, *, whole: bool) -> int:
        """End the run, and return how many debunks it withdrew.

        Where the source is the `whole` of the feed, what the feed held before and holds no more expires now, unless
        another feed delivers it still.
        """
        with self.store.writing(_author(self.feed)) as write:
            withdrawn = self._withdraw(write) if whole else 0
            ended = sa.update(runs).where(runs.c.id == self.id).values(finished_at=datetime.now(UTC))
            write.connection.execute(ended)
        return withdrawn

    def _withdraw(self, write: Write) -> int:
        absent = sa.and_(deliveries.c.feed == self.feed, deliveries.c.run != self.id)
        ids = list(write.connection.execute(sa.select(deliveries.c.debunk_id).where(absent)).scalars())
        write.connection.execute(sa.delete(deliveries).where(absent))
        now = datetime.now(UTC).isoformat(timespec="seconds")
        withdrawn = 0
        for debunk in _stored(write, ids).values():
            if debunk is not None:
                sources = tuple(source for source in debunk.sources if source != self.feed)
                expires = debunk.expires if sources else min(debunk.expires or now, now)
                put, _ = write.put([debunk.model_copy(update={"sources": sources, "expires": expires})])
                withdrawn += put if not sources else 0
        return withdrawn


class _Batch:
    """A batch of debunks beside what is stored of them and what the feed said of them before."""

    def __init__(self, run: Run, write: Write, debunks: Sequence[Debunk]) -> None:
        self._run, self._write, self._debunks = run, write, debunks
        ids = list(dict.fromkeys(debunk.id for debunk in debunks))
        self._stored = _stored(write, ids)
        self._said = _said(write, run.feed, ids)
        self._known = frozenset(self._said)
        self._rejected: list[Rejected] = []
        self._kept_out = 0

    def taken(self) -> Taken:
        wanted = {debunk.id: debunk for debunk in self._wanted()}
        put, _ = self._write.put(wanted.values())
        self._remember()
        unchanged = len(self._debunks) - put - self._kept_out - len(self._rejected)
        return Taken(put, unchanged, self._kept_out, tuple(self._rejected))

    def _wanted(self) -> Iterator[Debunk]:
        """Yield the debunks as they are to be stored, those alone that the feed changed or gave for the first time."""
        for debunk in self._debunks:
            digest, (said, met_in) = _digest(debunk), self._said.get(debunk.id, (None, None))
            if met_in == self._run.id and said != digest:
                why = f"id {debunk.id!r} already stands for another debunk in {self._run.feed}; give each its own id"
                self._rejected.append(Rejected(self._run.feed, why))
                continue
            self._said[debunk.id] = (digest, self._run.id)
            if said == digest:
                continue
            merged = self._merged(debunk, is_first=said is None)
            if merged is None:
                self._kept_out += 1
            else:
                self._stored[debunk.id] = merged
                yield merged

    def _merged(self, debunk: Debunk, *, is_first: bool) -> Debunk | None:
        """Return what is to be stored: of a stored debunk all that moderators gave it stays; None once it was removed.

        A feed that delivers for the first time what another delivered already adds its name and nothing else, unless
        its record was updated later.
        """
        stored = self._stored.get(debunk.id, debunk)
        if stored is None:
            return None
        sources = tuple(dict.fromkeys((*stored.sources, *debunk.sources, self._run.feed)))
        was_withdrawn = stored.expires is not None and not stored.sources
        is_newer = (debunk.updated or "") > (stored.updated or "")
        if is_first and debunk.id in self._stored and not (was_withdrawn or is_newer):
            return stored.model_copy(update={"sources": sources})
        kept = {
            "sources": sources,
            "variants": tuple(dict.fromkeys((*debunk.variants, *stored.variants))),
            "tags": tuple(dict.fromkeys((*debunk.tags, *stored.tags))),
            "suppressions": tuple(dict.fromkeys((*debunk.suppressions, *stored.suppressions))),
            "hold": stored.hold if stored.hold != "never" else debunk.hold,
            "disable_until": debunk.disable_until or stored.disable_until,
        }
        return debunk.model_copy(update=kept)

    def _remember(self) -> None:
        """Keep what the feed said of each debunk of the batch."""
        said = [{"this": key, "sha256": digest, "run": run} for key, (digest, run) in self._said.items()]
        feed = self._run.feed
        if new := [row for row in said if row["this"] not in self._known]:
            values = {"feed": feed, "debunk_id": sa.bindparam("this")}
            self._write.connection.execute(sa.insert(deliveries).values(**values), new)
        if known := [row for row in said if row["this"] in self._known]:
            this = sa.and_(deliveries.c.feed == feed, deliveries.c.debunk_id == sa.bindparam("this"))
            self._write.connection.execute(sa.update(deliveries).where(this), known)


def _author(feed: str) -> str:
    return f"import:{feed}"


def _digest(debunk: Debunk) -> str:
    return hashlib.sha256(debunk.model_dump_json(exclude_defaults=True).encode()).hexdigest()


def _stored(write: Write, ids: Collection[str]) -> dict[str, Debunk | None]:
    """Return the stored debunks of the ids that were ever put; None for a removed one."""
    return {key: debunk for some in _in_pieces(ids) for key, debunk in write.stored(some)}


def _said(write: Write, feed: str, ids: Collection[str]) -> dict[str, tuple[str, int]]:
    """Return the digest that the feed gave of each id the last time, and the run that met it."""
    said: dict[str, tuple[str, int]] = {}
    for some in _in_pieces(ids):
        of_these = sa.and_(deliveries.c.feed == feed, deliveries.c.debunk_id.in_(some))
        asked = sa.select(deliveries.c.debunk_id, deliveries.c.sha256, deliveries.c.run).where(of_these)
        said.update({row.debunk_id: (row.sha256, row.run) for row in write.connection.execute(asked)})
    return said


def _in_pieces(ids: Collection[str]) -> Iterable[list[str]]:
    ordered = list(ids)
    return (ordered[start : start + LOOKED_UP] for start in range(0, len(ordered), LOOKED_UP))
