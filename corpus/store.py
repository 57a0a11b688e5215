"""CorpusStore: where debunks are kept; every committed write is a revision of the corpus, and every one is remembered.

Two tables say it: `debunks` has the newest state of each id, `versions` every state that an id ever had.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Self

import sqlalchemy as sa
from pydantic import ValidationError

from corpus.database import DAMAGED, Database
from corpus.errors import InvalidDebunk, StoreError, UnknownRevision
from corpus.model import Changes, Debunk
from corpus.tables import debunks, identity, revisions, versions

UNKNOWN_AUTHOR = "unknown"
_OR_NEWER = f"unless a newer Mythmatch wrote it, {DAMAGED}"
AT_ONCE = 500  # debunks a statement; SQLite takes some 32,000 values in one


@dataclass(frozen=True)
class Written:
    """What one `put` did: the revision it left, and how many debunks it wrote or found unchanged."""

    revision: int
    put: int
    unchanged: int


@dataclass(frozen=True)
class Version:
    """A state that a debunk had: from which revision on, since when, by whose hand; None where it was removed."""

    revision: int
    written_at: datetime
    author: str
    debunk: Debunk | None


class CorpusStore:
    """Debunks in a SQL database; a write is seen whole or not at all, also when its process is killed."""

    def __init__(self, database: Database) -> None:
        """Take an opened database; use `open`."""
        self.database = database

    @classmethod
    def open(cls, url: str) -> Self:
        """Return the store at a database URL, its schema made or brought up to date; raises StoreError."""
        return cls(Database.open(url))

    def close(self) -> None:
        """Give the database's connections back."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def corpus_id(self) -> str:
        """Return the name that this corpus was given when it was made; no other has it."""
        with self.database.reading() as connection:
            return str(connection.execute(sa.select(identity.c.corpus_id)).scalar_one())

    @property
    def revision(self) -> int:
        """Return the number of the last committed write; 0 for a store that was never written."""
        with self.database.reading() as connection:
            return _revision(connection)

    def put(self, new: Iterable[Debunk], author: str = UNKNOWN_AUTHOR) -> Written:
        """Write the debunks in one transaction, each in place of the one with its id.

        The revision grows by one, or stays when every debunk is there as it is.
        """
        with self.writing(author) as write:
            put, unchanged = write.put(new)
        return Written(write.revision, put, unchanged)

    def remove(self, ids: Iterable[str], author: str = UNKNOWN_AUTHOR) -> int:
        """Take the debunks away in one transaction, and return how many of the ids there were."""
        with self.writing(author) as write:
            return write.remove(ids)

    @contextmanager
    def writing(self, author: str = UNKNOWN_AUTHOR) -> Iterator["Write"]:
        """Yield a transaction that reads and writes as one, while no other writes; it is kept unless it raises."""
        with self.database.writing() as connection:
            yield Write(connection, author)

    def get(self, debunk_id: str) -> Debunk | None:
        """Return the debunk, or None when there is none of that id."""
        version = self.version(debunk_id)
        return None if version is None else version.debunk

    def version(self, debunk_id: str) -> Version | None:
        """Return the newest state of a debunk, also one that says it was removed; None for an id never put."""
        if not _is_text(debunk_id):
            return None
        with self.database.reading() as connection:
            return _newest(connection, debunk_id)

    def history(self, debunk_id: str) -> list[Version]:
        """Return every state of a debunk, newest first; empty for an id that was never put."""
        states = _states().where(versions.c.debunk_id == debunk_id).order_by(versions.c.revision.desc())
        if not _is_text(debunk_id):
            return []
        with self.database.reading() as connection:
            return [_version(row) for row in connection.execute(states)]

    def debunks(self, revision: int | None = None) -> Iterator[Debunk]:
        """Yield the debunks of the corpus by id, as it is or as it was at that revision; raises UnknownRevision.

        They are read as they are asked for, from one state of the database.
        """
        for debunk_id, body in self._bodies(0, revision):
            if body is not None:
                yield stored_debunk(debunk_id, body)

    def changed(
        self, after: int, upto: int | None = None, but_for: Collection[str] = ()
    ) -> Iterator[tuple[str, Debunk | None]]:
        """Yield (id, debunk) of what was written after one revision and up to another, by id; None for a removed one.

        Each has the state that it had at `upto`, the newest revision when it is None; those of the ids `but_for` are
        left out. Raises UnknownRevision.
        """
        for debunk_id, body in self._bodies(after, upto):
            if debunk_id not in but_for:
                yield debunk_id, None if body is None else stored_debunk(debunk_id, body)

    def small_writes(self, after: int, most: int) -> list[tuple[int, str, Debunk | None]]:
        """Return (revision, id, debunk) of what small revisions beyond `after` wrote and none has written since.

        They come in order, None for a removed one; a revision is small when it wrote at most `most` debunks.
        """
        small = (
            sa.select(versions.c.revision)
            .where(versions.c.revision > after)
            .group_by(versions.c.revision)
            .having(sa.func.count() <= most)
        )
        columns = (debunks.c.revision, debunks.c.id, debunks.c.body)
        written = sa.select(*columns).where(debunks.c.revision.in_(small)).order_by(debunks.c.revision, debunks.c.id)
        with self.database.reading() as connection:
            rows = connection.execute(written).all()
        return [(revision, key, None if body is None else stored_debunk(key, body)) for revision, key, body in rows]

    def changes_since(self, revision: int) -> Changes:
        """Return what was put and removed after that revision, by id; from 0, the whole corpus.

        Raises UnknownRevision for one that was not written yet.
        """
        newest = self.revision
        changed = list(self.changed(revision, max(newest, revision)))
        put = tuple(debunk for _, debunk in changed if debunk is not None)
        return Changes(newest, put, tuple(debunk_id for debunk_id, debunk in changed if debunk is None))

    def revision_within(self, after: int, writes: int) -> int:
        """Return the highest revision such that at most so many writes of a debunk lie between `after` and it.

        It is at least the revision behind `after`, where there is one: a revision is taken whole.
        """
        behind = sa.select(versions.c.revision).where(versions.c.revision > after).order_by(versions.c.revision)
        with self.database.reading() as connection:
            newest = _revision(connection)
            first_beyond = connection.execute(behind.offset(writes).limit(1)).scalar()
        return newest if first_beyond is None else max(first_beyond - 1, min(after + 1, newest))

    def _bodies(self, after: int, upto: int | None) -> Iterator[tuple[str, str | None]]:
        with self.database.reading() as connection:
            newest = _revision(connection)
            upto = newest if upto is None else upto
            if not 0 <= after <= upto <= newest:
                wrong = after if not 0 <= after <= newest else upto
                raise UnknownRevision(f"met revision {wrong}; expected 0 to {newest}, the newest")
            rows = connection.execution_options(yield_per=AT_ONCE).execute(_as_of(after, upto, newest))
            yield from rows


class Write:
    """One transaction that writes; its first change begins a revision."""

    def __init__(self, connection: sa.Connection, author: str) -> None:
        self.connection = connection
        self.author = author
        self.revision = _revision(connection)
        self._changed = False

    def get(self, debunk_id: str) -> Version | None:
        """Return the newest state of a debunk; None for an id that was never put."""
        return _newest(self.connection, debunk_id) if _is_text(debunk_id) else None

    def stored(self, ids: Sequence[str]) -> list[tuple[str, Debunk | None]]:
        """Return (id, debunk) of those of the ids that were ever put, None for a removed one; in no order."""
        of_these = sa.select(debunks.c.id, debunks.c.body).where(debunks.c.id.in_(list(filter(_is_text, ids))))
        rows = self.connection.execute(of_these)
        return [(key, None if body is None else stored_debunk(key, body)) for key, body in rows]

    def put(self, new: Iterable[Debunk]) -> tuple[int, int]:
        """Write the debunks, each in place of the one with its id; return how many were put and found unchanged."""
        total = put = 0
        remaining = iter(new)
        while some := list(islice(remaining, AT_ONCE)):
            total += len(some)
            put += self._set_bodies({debunk.id: debunk.model_dump_json(exclude_defaults=True) for debunk in some})
        return put, total - put

    def remove(self, ids: Iterable[str]) -> int:
        """Take the debunks away, and return how many of the ids there were."""
        removed = 0
        remaining = filter(_is_text, ids)
        while some := list(islice(remaining, AT_ONCE)):
            removed += self._set_bodies(dict.fromkeys(some))
        return removed

    def _set_bodies(self, bodies: dict[str, str | None]) -> int:
        """Set the debunks' JSON, None to remove them, and return how many that changed."""
        known = sa.select(debunks.c.id, debunks.c.body).where(debunks.c.id.in_(bodies))
        stored = dict(tuple(row) for row in self.connection.execute(known))
        changed = {key: body for key, body in bodies.items() if body != stored.get(key)}
        if not changed:
            return 0
        self._begin_revision()
        self._insert(versions, [{"debunk_id": key, "body": body} for key, body in changed.items()])
        self._insert(debunks, [{"id": key, "body": changed[key]} for key in changed if key not in stored])
        present = [{"this": key, "body": changed[key], "revision": self.revision} for key in changed if key in stored]
        if present:
            update = sa.update(debunks).where(debunks.c.id == sa.bindparam("this"))
            self.connection.execute(update, present)
        return len(changed)

    def _insert(self, table: sa.Table, rows: Sequence[dict[str, str | None]]) -> None:
        if rows:
            self.connection.execute(sa.insert(table), [{**row, "revision": self.revision} for row in rows])

    def _begin_revision(self) -> None:
        if not self._changed:
            self._changed = True
            self.revision += 1
            begun = {"revision": self.revision, "written_at": datetime.now(UTC), "author": self.author}
            self.connection.execute(sa.insert(revisions).values(**begun))


def _revision(connection: sa.Connection) -> int:
    return int(connection.execute(sa.select(sa.func.max(revisions.c.revision))).scalar() or 0)


def _as_of(after: int, upto: int, newest: int) -> sa.Select[str, str | None]:
    """Return the query for (id, body) of all that was written in (after, upto], as it stood at `upto`, by id."""
    if upto == newest:  # the table of newest states says it without the others
        return sa.select(debunks.c.id, debunks.c.body).where(debunks.c.revision > after).order_by(debunks.c.id)
    within = sa.and_(versions.c.revision > after, versions.c.revision <= upto)
    last = (
        sa.select(versions.c.debunk_id, sa.func.max(versions.c.revision).label("revision"))
        .where(within)
        .group_by(versions.c.debunk_id)
        .subquery()
    )
    is_last = sa.and_(versions.c.debunk_id == last.c.debunk_id, versions.c.revision == last.c.revision)
    return sa.select(versions.c.debunk_id, versions.c.body).join(last, is_last).order_by(versions.c.debunk_id)


def _states() -> sa.Select[str, int, datetime, str, str | None]:
    columns = (versions.c.debunk_id, versions.c.revision, revisions.c.written_at, revisions.c.author, versions.c.body)
    return sa.select(*columns).join(revisions, versions.c.revision == revisions.c.revision)


def _newest(connection: sa.Connection, debunk_id: str) -> Version | None:
    newest = _states().where(versions.c.debunk_id == debunk_id).order_by(versions.c.revision.desc()).limit(1)
    row = connection.execute(newest).first()
    return None if row is None else _version(row)


def _version(row: sa.Row[str, int, datetime, str, str | None]) -> Version:
    debunk = None if row.body is None else stored_debunk(row.debunk_id, row.body)
    return Version(row.revision, row.written_at, row.author, debunk)


def stored_debunk(debunk_id: str, body: str) -> Debunk:
    """Return the debunk that is stored under the id; raises StoreError where that is none."""
    try:
        debunk = Debunk.model_validate_json(body)
    except (InvalidDebunk, ValidationError) as error:
        raise StoreError(f"debunk {debunk_id!r} is stored as what is none; {_OR_NEWER}") from error
    if debunk.id != debunk_id:
        raise StoreError(f"debunk {debunk_id!r} is stored as {debunk.id!r}; {DAMAGED}")
    return debunk


def _is_text(debunk_id: str) -> bool:
    """Return whether an id can be asked for at all: PostgreSQL takes no NUL, and no database half a surrogate pair."""
    return "\0" not in debunk_id and not any("\ud800" <= character <= "\udfff" for character in debunk_id)
