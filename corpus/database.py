"""Database: the one SQL database that the corpus lives in, SQLite or PostgreSQL, opened, migrated and locked."""

from collections.abc import Iterator
from contextlib import contextmanager
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

from corpus.errors import StoreError

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_SECONDS = 60  # how long a writer waits for another before it gives up
WRITES = {"mythmatch_writes": True}  # execution option: the transaction takes the write lock at once
MIGRATION_LOCK = 0x6D797468  # PostgreSQL's advisory lock that one migrating process holds: "myth"


class Database:
    """Transactions on one database; a write is seen whole or not at all, also when its process is killed."""

    def __init__(self, engine: sa.Engine) -> None:
        """Take an engine whose schema is up to date; use `open`."""
        self._engine = engine
        self.url = str(engine.url)

    @classmethod
    def open(cls, url: str) -> Self:
        """Return the database at a URL, its schema made or brought up to date; raises StoreError."""
        with _translated(url):
            engine = _engine(sa.make_url(url))
            _bring_up_to_date(engine)
        return cls(engine)

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Yield a connection that sees one state of the database, whatever others write; raises StoreError."""
        with _translated(self.url), self._engine.connect() as connection, _unchanging(connection).begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Yield a connection whose transaction is the only one that writes, until it ends; raises StoreError."""
        with (
            _translated(self.url),
            self._engine.connect().execution_options(**WRITES) as connection,
            connection.begin(),
        ):
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("LOCK TABLE revisions IN SHARE ROW EXCLUSIVE MODE")
            yield connection


def _unchanging(connection: sa.Connection) -> sa.Connection:
    """Return the connection such that its statements all see one state; SQLite's transactions always do."""
    if connection.dialect.name == "sqlite":
        return connection
    return connection.execution_options(isolation_level="REPEATABLE READ")


def _engine(url: sa.URL) -> sa.Engine:
    if url.get_backend_name() != "sqlite":
        return sa.create_engine(url, pool_pre_ping=True)
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
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MIGRATION_LOCK)))
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
