"""Backups: everything comes back, on every kind of database, and what is not whole is refused before it is written."""

import gzip
import hashlib
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from corpus.backup import restore_backup, write_backup
from corpus.errors import StoreError, UnreadableSource
from corpus.model import Debunk
from corpus.store import CorpusStore, Written
from corpus.tables import deliveries, feedback, keys, metadata, runs, texts
from tests.corpus.test_migrations import OLD_ID, load_old
from tests.postgres import empty_database

pytestmark = pytest.mark.slow

KINDS = ["sqlite", "postgresql"]
SAID = "NATO\\ \x00 атакует 🤡 'now' \"\u2028"


def debunk(number: int, myth: str = "m") -> Debunk:
    return Debunk(id=f"d{number}", myth=myth, lang="en", rating="false")


def fill(store: CorpusStore) -> None:
    """Write something into every table."""
    store.put([debunk(number, f"{SAID} {number}") for number in range(1100)], "import:feed")
    store.put([debunk(1, "new")], "key:Анна")
    store.remove(["d2"])
    at = datetime(2026, 1, 1, 1, 2, 3, 456789, tzinfo=timezone(timedelta(hours=2)))
    with store.writing() as write:
        into = write.connection.execute
        delivered = {"feed": "feed", "debunk_id": "d1", "sha256": "0" * 64, "run": 7}
        into(sa.insert(deliveries).values(**delivered))
        into(sa.insert(runs).values(id=7, feed="feed", content="c", position=3, started_at=at, finished_at=None))
        into(sa.insert(runs).values(id=8, feed="feed", content="c", position=3, started_at=at, finished_at=at))
        word = {
            "author": "key:ben",
            "text": SAID,
            "lang": "ru",
            "debunk_id": "d1",
            "verdict": "other",
            "other_id": "d3",
        }
        into(sa.insert(feedback).values(id="f", given_at=at, **word))
        into(sa.insert(texts).values(request_id="r", kept_at=at, text=SAID, lang="ru", answer='{"a": "\\u0000"}'))
        made = {"name": "Анна", "scopes": "read match", "digest": "0" * 64, "made_at": at, "revoked_at": at}
        into(sa.insert(keys).values(id="0" * 12, **made, expires_at=None, last_used="2026-01-01"))


def everything(store: CorpusStore) -> dict[str, list[tuple[object, ...]]]:
    """Return the rows of every table but the corpus's name."""
    with store.database.reading() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key))]
            for table in metadata.sorted_tables
            if table.name != "identity"
        }


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CorpusStore]:
    with empty_database(request.param, tmp_path / "from") as url, CorpusStore.open(url) as opened:
        yield opened


@pytest.fixture(params=KINDS)
def other(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CorpusStore]:
    with empty_database(request.param, tmp_path / "to") as url, CorpusStore.open(url) as opened:
        yield opened


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[CorpusStore]:
    with CorpusStore.open(f"sqlite:///{tmp_path / 'sqlite' / 'corpus.db'}") as opened:
        yield opened


@pytest.fixture
def whole(sqlite: CorpusStore, tmp_path: Path) -> Path:
    """A backup of a filled corpus."""
    fill(sqlite)
    write_backup(sqlite.database, tmp_path / "whole.gz")
    return tmp_path / "whole.gz"


def test_everything_comes_back_whatever_the_databases_are(
    store: CorpusStore, other: CorpusStore, tmp_path: Path
) -> None:
    fill(store)
    written = write_backup(store.database, tmp_path / "corpus.gz")
    assert {name: table.rows for name, table in written.tables.items()} == {
        "identity": 1, "revisions": 3, "debunks": 1100, "versions": 1102, "deliveries": 1, "runs": 2, "feedback": 1,
        "texts": 1, "keys": 1,
    }  # fmt: skip
    assert restore_backup(other.database, tmp_path / "corpus.gz") == written
    assert everything(other) == everything(store)
    assert other.history("d1") == store.history("d1")
    assert other.put([debunk(5000)]) == Written(4, 1, 0)
    with other.writing() as write:  # the numbers go on behind those that were restored
        new = {"feed": "f", "content": "c", "position": 0, "started_at": datetime.now(UTC)}
        inserted = write.connection.execute(sa.insert(runs).values(**new))
        assert inserted.inserted_primary_key is not None
        assert inserted.inserted_primary_key.id == 9


def test_a_restored_corpus_has_a_name_of_its_own(sqlite: CorpusStore, whole: Path, other: CorpusStore) -> None:
    made = other.corpus_id
    backup = restore_backup(other.database, whole)
    assert backup.corpus_id == sqlite.corpus_id
    assert other.corpus_id not in (made, sqlite.corpus_id)


def test_an_empty_corpus_comes_back_too(store: CorpusStore, other: CorpusStore, tmp_path: Path) -> None:
    write_backup(store.database, tmp_path / "corpus.gz")
    assert restore_backup(other.database, tmp_path / "corpus.gz").corpus_revision == 0
    assert other.put([debunk(1)]) == Written(1, 1, 0)


def test_a_database_that_is_not_empty_is_kept_unless_it_is_to_be_replaced(other: CorpusStore, whole: Path) -> None:
    other.put([debunk(1, "mine"), debunk(9999)])
    before = everything(other)
    with pytest.raises(
        StoreError, match="met rows in debunks, revisions, versions; expected an empty database; `--repl"
    ):
        restore_backup(other.database, whole)
    assert everything(other) == before
    restore_backup(other.database, whole, replace=True)
    assert other.get("d9999") is None
    assert other.get("d1") == debunk(1, "new")
    assert other.revision == 3


def test_feedback_alone_makes_a_database_not_empty(other: CorpusStore, whole: Path) -> None:
    word = {"author": "a", "text": "t", "lang": "en", "debunk_id": "d1", "verdict": "reject"}
    with other.writing() as write:
        write.connection.execute(sa.insert(feedback).values(id="f", given_at=datetime.now(UTC), **word))
    with pytest.raises(StoreError, match="met rows in feedback;"):
        restore_backup(other.database, whole)


def test_texts_of_people_can_be_left_out(store: CorpusStore, other: CorpusStore, tmp_path: Path) -> None:
    fill(store)
    written = write_backup(store.database, tmp_path / "corpus.gz", with_texts=False)
    assert not {"feedback", "texts"} & set(written.tables)
    assert "key:ben" not in gzip.decompress((tmp_path / "corpus.gz").read_bytes()).decode()
    restore_backup(other.database, tmp_path / "corpus.gz")
    assert everything(other) == {**everything(store), "feedback": [], "texts": []}


def test_a_backup_is_of_one_moment_while_others_write(store: CorpusStore, tmp_path: Path) -> None:
    done = threading.Event()

    def write() -> None:
        number = 0
        while not done.is_set():
            store.put([debunk(number), debunk(number + 1)])
            number += 2

    writer = threading.Thread(target=write)
    writer.start()
    try:
        backups = [write_backup(store.database, tmp_path / f"{number}.gz") for number in range(5)]
    finally:
        done.set()
        writer.join()
    for number, backup in enumerate(backups):
        assert backup.tables["debunks"].rows == 2 * backup.corpus_revision == backup.tables["versions"].rows
        with CorpusStore.open(f"sqlite:///{tmp_path / f'{number}.db'}") as restored:
            assert restore_backup(restored.database, tmp_path / f"{number}.gz") == backup
            assert restored.revision == backup.corpus_revision


def test_a_backup_takes_the_place_of_an_older_one_only_when_it_is_whole(whole: Path, tmp_path: Path) -> None:
    before = whole.read_bytes()
    database = tmp_path / "sqlite" / "corpus.db"
    with CorpusStore.open(f"sqlite:///{database}") as damaged:
        with damaged.database.writing() as connection:
            connection.execute(sa.text("UPDATE debunks SET body = '{\"id\":' WHERE id = 'd7'"))
        with pytest.raises(StoreError, match=r"debunk 'd7' is stored as what is none; .* damaged; .*restore a backup"):
            write_backup(damaged.database, whole)
    assert whole.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sqlite", "whole.gz"]
    assert whole.stat().st_mode & 0o777 == 0o600


def test_a_backup_where_the_file_cannot_be_is_an_error_of_the_file(sqlite: CorpusStore, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_backup(sqlite.database, tmp_path / "absent" / "corpus.gz")


def test_a_backup_that_was_cut_is_refused(whole: Path, other: CorpusStore) -> None:
    content = whole.read_bytes()
    for share in (0.0, 0.0001, 0.3, 0.9, 0.999):
        whole.write_bytes(content[: int(share * len(content))])
        with pytest.raises(UnreadableSource, match=r"whole\.gz (breaks off in the middle|is no backup)"):
            restore_backup(other.database, whole)
    assert other.revision == 0


def test_a_backup_with_a_byte_altered_anywhere_is_refused(whole: Path, tmp_path: Path) -> None:
    content = whole.read_bytes()
    with CorpusStore.open(f"sqlite:///{tmp_path / 'new.db'}") as empty:
        for where in range(10, len(content), len(content) // 40):
            whole.write_bytes(content[:where] + bytes([content[where] ^ 0x10]) + content[where + 1 :])
            with pytest.raises(UnreadableSource):
                restore_backup(empty.database, whole)
        assert empty.revision == 0


def altered(whole: Path, change: Any, *, sign: bool) -> None:
    """Change the lines of a backup, and sign them anew or leave the old signature."""
    *lines, end = gzip.decompress(whole.read_bytes()).splitlines(keepends=True)
    lines = [line for line in (change(line) for line in lines) if line]
    if sign:
        end = json.dumps({"sha256": hashlib.sha256(b"".join(lines)).hexdigest()}).encode()
    whole.write_bytes(gzip.compress(b"".join([*lines, end])))


@pytest.mark.parametrize(
    ("change", "sign", "expected"),
    [
        (lambda line: line.replace(b'"new', b'"old'), False, "its SHA-256 is not that of its content"),
        (lambda line: None if b"key:ben" in line else line, False, "its SHA-256 is not that of its content"),
        (lambda line: None if b"key:ben" in line else line, True, "rows; its header says otherwise"),
        (lambda line: line.replace(b'["feedback",[', b'["feedback",[1,'), True, "rows; its header says otherwise"),
        (lambda line: line.replace(b'["feedback",', b'["unknown",'), True, "rows; its header says otherwise"),
        (lambda line: b"7\n" if b"key:ben" in line else line, True, "rows; its header says otherwise"),
        (lambda line: line.replace(b'"mythmatch_backup":1', b'"mythmatch_backup":2'), True, "is no backup of a corpus"),
        (lambda line: line.replace(b'"schema_revision":"', b'"schema_revision":"9'), True, "made by a newer Mythmatch"),
    ],
)
def test_a_backup_that_was_altered_is_refused(
    whole: Path, tmp_path: Path, change: Any, sign: bool, expected: str
) -> None:
    altered(whole, change, sign=sign)
    with CorpusStore.open(f"sqlite:///{tmp_path / 'new.db'}") as empty:
        with pytest.raises(UnreadableSource, match=expected):
            restore_backup(empty.database, whole)
        assert empty.revision == 0


@pytest.mark.parametrize("content", [b"", b"no backup", b"no backup\n", b"{}\n{}\n", b"7\n7\n"])
@pytest.mark.parametrize("zipped", [False, True])
def test_another_file_is_refused(sqlite: CorpusStore, tmp_path: Path, content: bytes, zipped: bool) -> None:
    (tmp_path / "x.gz").write_bytes(gzip.compress(content) if zipped else content)
    with pytest.raises(UnreadableSource, match=r"x\.gz is no backup"):
        restore_backup(sqlite.database, tmp_path / "x.gz")


def test_a_restore_that_fails_in_the_middle_leaves_what_was_there(whole: Path, other: CorpusStore) -> None:
    other.put([debunk(1, "mine")])
    altered(whole, lambda line: line.replace(b'["feedback",["f"', b'["feedback",[null'), sign=True)
    with pytest.raises(StoreError):
        restore_backup(other.database, whole, replace=True)
    assert list(other.debunks()) == [debunk(1, "mine")]


def test_a_backup_of_the_schema_before_is_restored_and_brought_up_to_date(tmp_path: Path, other: CorpusStore) -> None:
    (tmp_path / "old").mkdir()
    old = tmp_path / "old" / "corpus.db"
    load_old(f"sqlite:///{old}")
    columns = {
        "identity": ["corpus_id"],
        "revisions": ["revision", "written_at"],
        "debunks": ["id", "revision", "body"],
    }
    rows: dict[str, list[list[object]]] = {}
    engine = sa.create_engine(f"sqlite:///{old}")
    with engine.begin() as connection:
        for name, of_table in columns.items():
            read = connection.execute(sa.text(f"SELECT {', '.join(of_table)} FROM {name}"))
            rows[name] = [[f"{value}+00:00" if "14:34" in str(value) else value for value in row] for row in read]
    engine.dispose()
    head = {"mythmatch_backup": 1, "schema_revision": "0001", "corpus_id": OLD_ID, "corpus_revision": 4}
    described = {name: {"columns": columns[name], "rows": len(rows[name])} for name in columns}
    lines: list[object] = [{**head, "made_at": "2026-11-24T15:00:00+00:00", "tables": described}]
    lines += [[name, row] for name in columns for row in rows[name]]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    signature = json.dumps({"sha256": hashlib.sha256(text.encode()).hexdigest()})
    (tmp_path / "old.gz").write_bytes(gzip.compress((text + signature).encode()))
    other.put([debunk(1)])
    restore_backup(other.database, tmp_path / "old.gz", replace=True)
    with CorpusStore.open(f"sqlite:///{old}") as migrated:
        assert everything(other) == everything(migrated)
    assert other.revision == 4
    assert [version.revision for version in other.history("Міст")] == [2]
