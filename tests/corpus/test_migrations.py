"""The migrations, up and down with what is stored, and a corpus as an older Mythmatch left it."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from corpus.database import known_schemas, migrate, newest_schema
from corpus.errors import StoreError
from corpus.model import Debunk
from corpus.store import CorpusStore, Version, Written
from corpus.tables import metadata
from tests.postgres import cluster, empty_database

OLD = Path(__file__).parent / "data" / "corpus-0001.sql"  # SQLite's dump of a file that the first release's code wrote
OLD_ID = "8d6ae16f329549278710b453a52b4ad9"


def debunk(number: int, myth: str = "m") -> Debunk:
    return Debunk(id=f"d{number}", myth=myth, lang="en", rating="false")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with empty_database(request.param, tmp_path) as made:
        yield made


def test_the_migrations_make_the_tables_that_the_code_uses_and_can_be_taken_back(url: str) -> None:
    with CorpusStore.open(url) as store:
        store.put([debunk(1), debunk(2)])
        store.remove(["d2"])
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        migrate(connection, "0001")
        assert set(sa.inspect(connection).get_table_names()) == {"alembic_version", "debunks", "identity", "revisions"}
        migrate(connection)
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    with CorpusStore.open(url) as store:
        assert list(store.debunks()) == [debunk(1)]
        assert [version.debunk for version in store.history("d2")] == [None]  # what came before lay in what was dropped
    with engine.begin() as connection:
        migrate(connection, "base")
        assert sa.inspect(connection).get_table_names() == ["alembic_version"]
    engine.dispose()


def test_several_databases_are_made_at_a_time_in_one_process(tmp_path: Path) -> None:
    def made(number: int) -> str:
        with CorpusStore.open(f"sqlite:///{tmp_path / f'{number}.db'}") as store:
            return store.corpus_id

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(made, range(24)))) == 24


def test_the_newest_schema_is_one_of_those_that_are_known() -> None:
    assert newest_schema() in known_schemas()
    assert "0001" in known_schemas()


def test_a_store_of_a_newer_schema_is_refused(url: str) -> None:
    CorpusStore.open(url).close()
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(StoreError, match="was it written by a newer Mythmatch"):
        CorpusStore.open(url)


def test_a_migration_that_fails_leaves_the_schema_that_was(url: str) -> None:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE texts (of_another_program INTEGER)"))
    with pytest.raises(StoreError, match="already exists"):
        CorpusStore.open(url)
    with engine.begin() as connection:
        assert sa.inspect(connection).get_table_names() == ["texts"]
    engine.dispose()


def load_old(url: str) -> None:
    """Fill the empty database with the corpus of schema 0001."""
    script = OLD.read_text(encoding="utf-8")
    if url.startswith("sqlite"):
        database = sqlite3.connect(url.removeprefix("sqlite:///"))
        database.executescript(script)
        database.close()
        return
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        migrate(connection, "0001")
        connection.execute(sa.text("DELETE FROM identity"))
    engine.dispose()
    rows = [line for line in script.splitlines() if line.startswith("INSERT") and "alembic_version" not in line]
    rows.sort(key=lambda line: "revisions" not in line)  # the debunks refer to them
    cluster().execute("SET TIME ZONE 'UTC'; " + "\n".join(rows), url.rsplit("/", 1)[1])


def test_a_corpus_of_the_first_schema_is_opened_and_gone_on_with(url: str) -> None:
    load_old(url)
    bridge = Debunk(id="Міст", myth="Міст «продано».\nТак?", lang="uk", rating="false", tags=('it\'s; a "tag"',))
    with CorpusStore.open(url) as store:
        assert store.corpus_id == OLD_ID
        assert store.revision == 4
        stored = list(store.debunks())
        assert [debunk.id for debunk in stored] == [*(f"nato.int-115204-{number}" for number in range(1, 6)), "Міст"]
        assert stored[-1] == bridge
        assert stored[1].myth == "NATO promised Russia it would not expand after the Cold War"
        assert stored[1].passages[0].startswith("Such an agreement was never made. NATO’s door has been open")
        assert [debunk_id for debunk_id, debunk in store.changed(0) if debunk is None] == ["gone"]
        written_at = datetime(2026, 11, 24, 14, 34, 19, 900908, tzinfo=UTC)
        assert store.history("Міст") == [Version(2, written_at, "unknown", bridge)]
        assert store.put([debunk(1), bridge]) == Written(5, 1, 1)
