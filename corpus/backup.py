"""Backup: the whole corpus in one file that every database can be filled from, checked before anything is written.

The file is gzipped JSON Lines: a header, a line per row as [table, values], and the SHA-256 of all lines before. The
database is read as it stood at one moment, whoever writes meanwhile. Of keys it has the digests, as the database does.
"""

import gzip
import hashlib
import json
import os
import tempfile
import uuid
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import Any, BinaryIO, Literal

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, ValidationError

from corpus import tables
from corpus.columns import Moment
from corpus.database import Database, known_schemas, migrate, newest_schema
from corpus.erasing import erase
from corpus.errors import StoreError, UnreadableSource
from corpus.store import stored_debunk

TEXTS = ("feedback", "texts")  # the tables that hold what people sent
AT_ONCE = 500  # rows a statement
TIMES = (Moment, sa.DateTime)  # the second in a schema before this one
NAME = "identity"  # the table with the corpus's name
_MADE_BY = "make another by `python -m scripts.backup_corpus`"

Row = tuple[str, list[Any]]  # a table's name, and the values of its columns as JSON has them


class TableRows(BaseModel):
    """The columns of a table, in the order of the values, and how many rows it has."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: tuple[str, ...]
    rows: int


class Backup(BaseModel):
    """What a backup says of itself: of which corpus, at which revision, in which schema, and what it holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mythmatch_backup: Literal[1] = 1
    schema_revision: str
    corpus_id: str
    corpus_revision: int
    made_at: datetime
    tables: dict[str, TableRows]


def write_backup(database: Database, path: Path, *, with_texts: bool = True) -> Backup:
    """Write all that the database holds to a file, in place of one that lies there, and return what it says of itself.

    Without texts, feedback and kept texts are left out. The file can be read by its owner alone. Raises StoreError,
    also where the database is damaged, and OSError; then no file was written.
    """
    database.check()
    with _written_whole(path) as stream, database.reading() as connection:
        left_out = () if with_texts else TEXTS
        kept = [table for table in tables.metadata.sorted_tables if table.name not in left_out]
        backup = _described(connection, kept)
        digest = hashlib.sha256()
        for line in _lines(connection, backup, kept):
            digest.update(line)
            stream.write(line)
        stream.write(_line({"sha256": digest.hexdigest()}))
    return backup


@contextmanager
def _written_whole(path: Path) -> Iterator[gzip.GzipFile]:
    """Yield a stream that is zipped into a file beside `path`, which takes its place once all is on the disk."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as beside:
        try:
            with gzip.GzipFile(filename="", fileobj=beside, mode="wb", compresslevel=6, mtime=0) as stream:
                yield stream
            beside.flush()
            os.fsync(beside.fileno())
            Path(beside.name).replace(path)
        except BaseException:
            Path(beside.name).unlink(missing_ok=True)
            raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # so that the new name outlives a loss of power
    finally:
        os.close(folder)


def _described(connection: sa.Connection, kept: list[sa.Table]) -> Backup:
    def rows(table: sa.Table) -> int:
        return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())

    revision = connection.execute(sa.select(sa.func.max(tables.revisions.c.revision))).scalar()
    return Backup(
        schema_revision=newest_schema(),
        corpus_id=str(connection.execute(sa.select(tables.identity.c.corpus_id)).scalar_one()),
        corpus_revision=revision or 0,
        made_at=datetime.now(UTC),
        tables={table.name: TableRows(columns=tuple(table.columns.keys()), rows=rows(table)) for table in kept},
    )


def _lines(connection: sa.Connection, backup: Backup, kept: list[sa.Table]) -> Iterator[bytes]:
    yield _line(backup.model_dump(mode="json"))
    for table in kept:
        rows = sa.select(table).order_by(*table.primary_key)
        for row in connection.execution_options(yield_per=AT_ONCE).execute(rows):
            if table in (tables.debunks, tables.versions) and row.body is not None:
                stored_debunk(row[0], row.body)
            yield _line([table.name, [_as_json(value) for value in row]])


def _line(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _as_json(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


def restore_backup(database: Database, path: Path, *, replace: bool = False) -> Backup:
    """Fill the database from a backup, in one transaction, and return what the backup says of itself.

    With `replace` all that the database held is erased; a key that was revoked there stays revoked, though it was not
    yet when the backup was made. The restored corpus gets a name of its own, so that a snapshot of the lost one at a
    later revision is not taken for one of this. Raises UnreadableSource for a backup that is not whole, StoreError
    where the database is not empty, and OSError; then nothing was written.
    """
    with path.open("rb") as stream:
        backup = _verified(stream, path)
        stream.seek(0)
        with database.writing() as connection:
            revoked = _revoked(connection)
            _make_room(connection, database.url, replace=replace)
            if backup.schema_revision != newest_schema():
                migrate(connection, backup.schema_revision)
            _fill(connection, backup, islice(_read(stream, path), 1, None))
            migrate(connection)
            _revoke(connection, revoked)
            connection.execute(sa.update(tables.identity).values(corpus_id=uuid.uuid4().hex))
            if connection.dialect.name == "postgresql":
                _reset_sequences(connection)
    return backup


def _revoked(connection: sa.Connection) -> list[tuple[str, datetime]]:
    keys = tables.keys.c
    rows = connection.execute(sa.select(keys.id, keys.revoked_at).where(keys.revoked_at.is_not(None)))
    return [(key_id, time) for key_id, time in rows]


def _revoke(connection: sa.Connection, revoked: list[tuple[str, datetime]]) -> None:
    """Revoke those of the keys that were restored as if they had not been."""
    keys = tables.keys.c
    for key_id, time in revoked:
        still_taken = sa.and_(keys.id == key_id, keys.revoked_at.is_(None))
        connection.execute(sa.update(tables.keys).where(still_taken).values(revoked_at=time))


def _make_room(connection: sa.Connection, shown: str, *, replace: bool) -> None:
    others = [table for table in reversed(tables.metadata.sorted_tables) if table is not tables.identity]
    if not replace:
        met = [table.name for table in others if connection.execute(sa.select(sa.exists(sa.select(table)))).scalar()]
        if met:
            expected = "expected an empty database; `--replace` erases what is there"
            raise StoreError(f"{shown}: met rows in {', '.join(sorted(met))}; {expected}")
    for table in others:
        erase(connection, table)


def _fill(connection: sa.Connection, backup: Backup, rows: Iterator[Row]) -> None:
    """Insert the rows, into the tables as they were in the backup's schema."""
    schema = tables.metadata
    if backup.schema_revision != newest_schema():
        schema = sa.MetaData()
        schema.reflect(connection)
    connection.execute(sa.delete(schema.tables[NAME]))
    for name, of_table in groupby(rows, key=itemgetter(0)):
        table, columns = schema.tables[name], backup.tables[name].columns
        while some := [_row(table, columns, values) for _, values in islice(of_table, AT_ONCE)]:
            connection.execute(sa.insert(table), some)


def _row(table: sa.Table, columns: tuple[str, ...], values: list[Any]) -> dict[str, Any]:
    row = dict(zip(columns, values, strict=True))
    for name, value in row.items():
        if value is not None and isinstance(table.columns[name].type, TIMES):
            row[name] = datetime.fromisoformat(value)
    return row


def _reset_sequences(connection: sa.Connection) -> None:
    """Have PostgreSQL count on from the highest number that was restored."""
    for table in tables.metadata.sorted_tables:
        for column in filter(lambda column: column is table.autoincrement_column, table.columns):
            sequence = sa.func.pg_get_serial_sequence(table.name, column.name)
            following = sa.select(sa.func.coalesce(sa.func.max(column) + 1, 1)).scalar_subquery()
            connection.execute(sa.select(sa.func.setval(sequence, following, sa.false())))


def _verified(stream: BinaryIO, path: Path) -> Backup:
    """Return what the backup says of itself, once all of it was read and found as it was written."""
    rows = _read(stream, path)
    try:
        backup = Backup.model_validate(next(rows, None))
    except ValidationError as error:
        raise UnreadableSource(f"{path} is no backup of a corpus that this Mythmatch knows; {_MADE_BY}") from error
    if backup.schema_revision not in known_schemas():
        met = f"schema {backup.schema_revision!r}; expected one of {', '.join(sorted(known_schemas()))}"
        raise UnreadableSource(f"{path}: met {met}; it was made by a newer Mythmatch: restore it with that")
    counts = Counter(row[0] for row in rows if _fits(backup.tables, row))
    if counts != {name: table.rows for name, table in backup.tables.items() if table.rows}:
        raise UnreadableSource(f"{path}: met {dict(counts)} rows; its header says otherwise; {_MADE_BY}")
    return backup


def _fits(known: Mapping[str, TableRows], row: object) -> bool:
    match row:
        case [str(name), [*values]] if name in known:
            return len(values) == len(known[name].columns)
    return False


def _read(stream: BinaryIO, path: Path) -> Iterator[Any]:
    """Yield the header and the rows; at their end raise UnreadableSource unless all is there and as it was written."""
    digest = hashlib.sha256()
    try:
        with gzip.GzipFile(fileobj=stream, mode="rb") as lines:
            last = b""
            for line in lines:
                if last:
                    digest.update(last)
                    yield json.loads(last)
                last = line
        expected = json.loads(last)  # nothing at all is no JSON
    except EOFError as error:
        raise UnreadableSource(f"{path} breaks off in the middle: it was not copied as a whole") from error
    except (gzip.BadGzipFile, zlib.error, ValueError) as error:
        raise UnreadableSource(f"{path} is no backup, or it was altered ({error}); {_MADE_BY}") from error
    if expected != {"sha256": digest.hexdigest()}:
        raise UnreadableSource(f"{path}: its SHA-256 is not that of its content: it was altered or cut; {_MADE_BY}")
