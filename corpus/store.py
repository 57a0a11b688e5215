"""CorpusStore: where debunks are kept; every committed write is a revision of the corpus."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from sqlite3 import Connection as SQLiteConnection
from typing import Self

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError

from corpus.errors import StoreError, UnknownRevision
from corpus.model import Changes, Debunk
from corpus.tables import debunks, identity, revisions

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_SECONDS = 60  # how long a writer waits for another before it gives up
WRITES = {"mythmatch_writes": True}  # execution option: the transaction takes the write lock at once


@dataclass(frozen=True)
class Written:
    """What one `put` did: the revision it left, and how many debunks it wrote or found unchanged."""

    revision: int
    put: int
    unchanged: int


class CorpusStore:
    """Debunks in a SQL database; a write is seen whole or not at all, also when its process is killed."""

    def __init__(self, engine: sa.Engine) -> None:
        """Take an engine whose schema is up to date; use `open`."""
        self._engine = engine

    @classmethod
    def open(cls, url: str) -> Self:
        """Return the store at a database URL, its schema made or brought up to date; raises StoreError."""
        with _translated(url):
            engine = _engine(sa.make_url(url))
            _bring_up_to_date(engine)
        return cls(engine)

    def close(self) -> None:
        """Give the database's connections back."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def corpus_id(self) -> str:
        """Return the name that this corpus was given when it was made; no other has it."""
        with self._reading() as connection:
            return str(connection.execute(sa.select(identity.c.corpus_id)).scalar_one())

    @property
    def revision(self) -> int:
        """Return the number of the last committed write; 0 for a store that was never written."""
        with self._reading() as connection:
            return _revision(connection)

    def put(self, new: Iterable[Debunk]) -> Written:
        """Write the debunks in one transaction, each in place of the one with its id.

        The revision grows by one, or stays when every debunk is there as it is.
        """
        put = unchanged = 0
        with self._writing() as write:
            for debunk in new:
                if write.set_body(debunk.id, debunk.model_dump_json(exclude_defaults=True)):
                    put += 1
                else:
                    unchanged += 1
        return Written(write.revision, put, unchanged)

    def remove(self, ids: Iterable[str]) -> int:
        """Take the debunks away in one transaction, and return how many of the ids there were."""
        with self._writing() as write:
            return sum(write.set_body(debunk_id, None) for debunk_id in ids)

    def get(self, debunk_id: str) -> Debunk | None:
        """Return the debunk, or None when there is none of that id."""
        with self._reading() as connection:
            body = connection.execute(sa.select(debunks.c.body).where(debunks.c.id == debunk_id)).scalar()
        return None if body is None else Debunk.model_validate_json(body)

    def changes_since(self, revision: int) -> Changes:
        """Return what was put and removed after that revision, by id; from 0, the whole corpus.

        Raises UnknownRevision for one that was not written yet.
        """
        with self._reading() as connection:
            newest = _revision(connection)
            if not 0 <= revision <= newest:
                raise UnknownRevision(f"met revision {revision}; expected 0 to {newest}, the newest")
            newer = sa.select(debunks.c.id, debunks.c.body).where(debunks.c.revision > revision).order_by(debunks.c.id)
            rows = connection.execute(newer).all()
        put = tuple(Debunk.model_validate_json(body) for _, body in rows if body is not None)
        return Changes(newest, put, tuple(debunk_id for debunk_id, body in rows if body is None))

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        with _translated(str(self._engine.url)), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator["_Write"]:
        with (
            _translated(str(self._engine.url)),
            self._engine.connect().execution_options(**WRITES) as connection,
            connection.begin(),
        ):
            yield _Write(connection)


class _Write:
    """One transaction that writes; its first change begins a revision."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self.revision = _revision(connection)
        self._changed = False

    def set_body(self, debunk_id: str, body: str | None) -> bool:
        """Set a debunk's JSON, None to remove it, and return whether that changed anything."""
        this = debunks.c.id == debunk_id
        stored = self._connection.execute(sa.select(debunks.c.body).where(this)).first()
        if body == (stored.body if stored else None):
            return False
        self._begin_revision()
        values = {"body": body, "revision": self.revision}
        write = sa.update(debunks).where(this) if stored else sa.insert(debunks).values(id=debunk_id)
        self._connection.execute(write.values(**values))
        return True

    def _begin_revision(self) -> None:
        if not self._changed:
            self._changed = True
            self.revision += 1
            begun = sa.insert(revisions).values(revision=self.revision, written_at=datetime.now(UTC))
            self._connection.execute(begun)


def _revision(connection: sa.Connection) -> int:
    return int(connection.execute(sa.select(sa.func.max(revisions.c.revision))).scalar() or 0)


def _engine(url: sa.URL) -> sa.Engine:
    if url.get_backend_name() != "sqlite":
        return sa.create_engine(url)
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(url, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: SQLiteConnection, _: object) -> None:
    """Leave BEGIN to `_begin_sqlite`, and let readers go on while one process writes."""
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA foreign_keys=ON")


def _begin_sqlite(connection: sa.Connection) -> None:
    """Take the write lock at once where a transaction writes: one that asks for it later can fail instead of wait."""
    writes = WRITES.items() <= connection.get_execution_options().items()
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _bring_up_to_date(engine: sa.Engine) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    newest = set(ScriptDirectory.from_config(config).get_heads())
    with engine.begin() as connection:
        if set(MigrationContext.configure(connection).get_current_heads()) == newest:
            return
    with engine.connect().execution_options(**WRITES) as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


@contextmanager
def _translated(url: str) -> Iterator[None]:
    """Turn the libraries' errors into StoreError, without the statements and texts that they would quote."""
    try:
        yield
    except CommandError as error:
        raise StoreError(f"{_shown(url)}: {error}; was it written by a newer Mythmatch?") from error
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        raise StoreError(f"{_shown(url)}: {cause}; check the database URL, its disk and its permissions") from error
    except ModuleNotFoundError as error:
        raise StoreError(f"{_shown(url)}: the driver {error.name!r} is not installed; `pip install` it") from error
    except OSError as error:
        raise StoreError(f"{_shown(url)}: {error.strerror}; check the folder of the database") from error


def _shown(url: str) -> str:
    try:
        return sa.make_url(url).render_as_string(hide_password=True)
    except SQLAlchemyError:
        return repr(url)
