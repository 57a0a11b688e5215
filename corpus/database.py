"""Database: the one SQL database that the corpus lives in, SQLite or PostgreSQL, opened, migrated and locked."""

import re
import threading
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
CONNECT_SECONDS = 10  # how long a server may take to answer before it counts as unreachable
BUSY_SECONDS = 60  # how long a writer waits for another before it gives up
WRITES = {"mythmatch_writes": True}  # execution option: the transaction takes the write lock at once
MIGRATION_LOCK = 0x6D797468  # PostgreSQL's advisory lock that one migrating process holds: "myth"
ONE_MIGRATION = threading.Lock()  # Alembic keeps what it is about in its modules: one at a time in a process
# after 60 s of silence the other side counts as gone: without it a host that lost its power keeps the lock for hours
SILENCE = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
SECRETS = ("password", "sslpassword", "passfile")  # that may stand among a URL's parameters

DAMAGED = (
    "the database is damaged; `PRAGMA integrity_check` says more of an SQLite file: move it away, with its -wal and "
    "-shm, and restore a backup into a new one by `python -m scripts.restore_corpus`"
)
ADVICE = (  # what an error says, and what to do; the first that fits
    (r"malformed|not decode|invalid page|could not read block|could not open file", DAMAGED),
    (r"not a database", f"check the database URL; where it is right, {DAMAGED}"),
    (r"is full|No space left", "make room on its disk; what was committed before is whole"),
    (r"disk I/O", "check its disk, which is full or failing; what was committed before is whole"),
    (r"is locked|lock timeout", f"another process has been writing for {BUSY_SECONDS} s; try again once it is done"),
    (r"connection|connect|resolve|recovery mode|starting up|shutting down", "is its server up, and the URL right?"),
)


class Database:
    """Transactions on one database; a write is seen whole or not at all, also when its process is killed."""

    def __init__(self, engine: sa.Engine) -> None:
        """Take an engine whose schema is up to date; use `open`."""
        self._engine = engine
        self.url = _shown(engine.url)

    @classmethod
    def open(cls, url: str) -> Self:
        """Return the database at a URL, its schema made or brought up to date; raises StoreError."""
        parsed = _parsed(url)
        with _translated(_shown(parsed)):
            engine = _engine(parsed)
            try:
                _bring_up_to_date(engine)
            except BaseException:
                engine.dispose()
                raise
        return cls(engine)

    def check(self) -> None:
        """Raise StoreError where an SQLite file is damaged, also where that shows in no row; reads the whole file."""
        with self.reading() as connection:
            if connection.dialect.name == "sqlite":
                met = str(connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar())
                if met != "ok":
                    raise StoreError(f"{self.url}: {met}; {DAMAGED}")

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
        with _translated(self.url), _writing(self._engine) as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("LOCK TABLE revisions IN SHARE ROW EXCLUSIVE MODE")
            yield connection


def migrate(connection: sa.Connection, revision: str = "head") -> None:
    """Bring the schema to a revision, or to `base` before the first, in the connection's transaction."""
    config = _alembic()
    config.attributes["connection"] = connection
    above = {script.revision for script in ScriptDirectory.from_config(config).iterate_revisions("head", revision)}
    goes_down = MigrationContext.configure(connection).get_current_revision() in above
    with ONE_MIGRATION:
        (command.downgrade if goes_down else command.upgrade)(config, revision)


def newest_schema() -> str:
    """Return the revision of the schema that this code knows."""
    return str(ScriptDirectory.from_config(_alembic()).get_current_head())


def known_schemas() -> frozenset[str]:
    """Return the revisions of the schema that this code can migrate from."""
    return frozenset(script.revision for script in ScriptDirectory.from_config(_alembic()).walk_revisions())


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


@contextmanager
def _writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Yield a connection in a transaction that may write, and that waits for another's locks at most BUSY_SECONDS."""
    with engine.connect().execution_options(**WRITES) as connection:
        if connection.dialect.name == "postgresql":
            connection.execution_options(isolation_level="READ COMMITTED")  # sees what was committed while it waited
        with connection.begin():
            if connection.dialect.name == "postgresql":
                limits = {"lock_timeout": f"{BUSY_SECONDS}s", **{f"tcp_{name}": str(SILENCE[name]) for name in SILENCE}}
                for name, limit in limits.items():
                    connection.execute(sa.select(sa.func.set_config(name, limit, True)))
            yield connection


def _unchanging(connection: sa.Connection) -> sa.Connection:
    """Return the connection such that its statements all see one state; SQLite's transactions always do."""
    if connection.dialect.name == "sqlite":
        return connection
    return connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _parsed(url: str) -> sa.URL:
    """Return the URL; raises StoreError, which does not show it, since a password may stand anywhere in it."""
    try:
        parsed = sa.make_url(url)
    except (SQLAlchemyError, ValueError) as error:
        expected = "postgresql://user:password@host:5432/name or sqlite:////folder/corpus.db"
        raise StoreError(f"Could not parse the database URL; expected one such as {expected}") from error
    if parsed.drivername in ("postgres", "postgresql"):  # the first is what many a host calls it
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise StoreError(f"{_shown(parsed)}: met {parsed.get_backend_name()!r}; expected sqlite or postgresql")
    return parsed


def _engine(url: sa.URL) -> sa.Engine:
    if url.get_backend_name() == "postgresql":
        try:
            return sa.create_engine(url, pool_pre_ping=True, connect_args=_connect_args(url))
        except ModuleNotFoundError as error:
            missing = f"the driver {error.name!r} is not installed; `pip install` it"
            raise StoreError(f"{_shown(url)}: {missing}") from error
    if url.database and url.database != ":memory:":
        try:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{_shown(url)}: {error.strerror}; check the folder of the database") from error
    engine = sa.create_engine(url, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _connect_args(url: sa.URL) -> dict[str, int]:
    """Return what bounds the waiting for a server, unless the URL says it; drivers other than libpq's know none."""
    if url.get_driver_name() not in ("psycopg", "psycopg2"):
        return {}
    bounds = {"connect_timeout": CONNECT_SECONDS, "tcp_user_timeout": 1000 * BUSY_SECONDS, **SILENCE}
    return {name: bound for name, bound in bounds.items() if name not in url.query}


def _set_up_sqlite(connection: SQLiteConnection, _: object) -> None:
    """Leave BEGIN to `_begin_sqlite`, and let readers go on while one process writes."""
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA cell_size_check=ON")  # a damaged page is seen when it is read


def _begin_sqlite(connection: sa.Connection) -> None:
    """Take the write lock at once where a transaction writes: one that asks for it later can fail instead of wait."""
    writes = WRITES.items() <= connection.get_execution_options().items()
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _bring_up_to_date(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            _check_encoding(connection)
        heads = MigrationContext.configure(connection).get_current_heads()
        if heads == (newest_schema(),):
            return
        if len(heads) > 1:
            raise StoreError(f"{_shown(engine.url)}: met the schemas {' and '.join(map(repr, heads))}; {DAMAGED}")
    with _writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MIGRATION_LOCK)))
        migrate(connection)


def _check_encoding(connection: sa.Connection) -> None:
    encoding = connection.exec_driver_sql("SHOW server_encoding").scalar()
    if encoding != "UTF8":
        expected = "expected UTF8, which holds every text; make the database by `createdb --encoding=UTF8 -T template0`"
        raise StoreError(f"{_shown(connection.engine.url)}: met a database in the encoding {encoding}; {expected}")


@contextmanager
def _translated(shown: str) -> Iterator[None]:
    """Turn the database's errors into StoreError, without the statements and texts that they would quote."""
    try:
        yield
    except CommandError as error:
        raise StoreError(f"{shown}: {error}; was it written by a newer Mythmatch?") from error
    except SQLAlchemyError as error:
        cause = _cause(error)
        advice = next((advice for said, advice in ADVICE if re.search(said, cause)), None)
        advice = advice or "check the database URL, its disk and its permissions"
        raise StoreError(f"{shown}: {cause}; {advice}") from error
    except UnicodeEncodeError as error:
        raise StoreError(f"{shown}: met half of a surrogate pair; expected Unicode text") from error


def _cause(error: SQLAlchemyError) -> str:
    """Return what the database said, on one line; what it quotes of rows stands behind that, and is left out."""
    original = getattr(error, "orig", None) or error
    primary = getattr(getattr(original, "diag", None), "message_primary", None)
    said = " ".join(str(primary or original).split())
    return said.split(" with text ")[0]  # SQLite quotes a text that is no UTF-8


def _shown(url: sa.URL) -> str:
    hidden = {name: "***" for name in SECRETS if name in url.query}
    return url.update_query_dict(hidden).render_as_string(hide_password=True)
