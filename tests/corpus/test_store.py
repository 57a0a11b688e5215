"""CorpusStore: revisions, changes, and a real kill in the middle of a write."""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext

from corpus.database import MIGRATIONS
from corpus.errors import StoreError, UnknownRevision
from corpus.model import Changes, Debunk
from corpus.store import CorpusStore, Written
from corpus.tables import metadata
from tests.real_server import ROOT


def debunk(number: int, myth: str = "m") -> Debunk:
    return Debunk(id=f"d{number}", myth=myth, lang="en", rating="false")


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'corpus.db'}"


@pytest.fixture
def store(url: str) -> Iterator[CorpusStore]:
    with CorpusStore.open(url) as opened:
        yield opened


def test_a_new_store_is_empty_at_revision_0(store: CorpusStore) -> None:
    assert store.revision == 0
    assert store.changes_since(0) == Changes(0, (), ())
    assert store.get("d1") is None


def test_what_is_put_is_read_back_the_same(store: CorpusStore, nato_debunks: list[Debunk]) -> None:
    assert store.put(nato_debunks) == Written(revision=1, put=5, unchanged=0)
    assert list(store.changes_since(0).put) == nato_debunks
    assert [store.get(debunk.id) for debunk in nato_debunks] == nato_debunks


def test_the_revision_grows_by_one_per_write_that_changes_something(store: CorpusStore) -> None:
    assert store.put([debunk(1), debunk(2)]) == Written(1, 2, 0)
    assert store.put([debunk(1), debunk(2)]) == Written(1, 0, 2)
    assert store.put([debunk(1), debunk(2, "new")]) == Written(2, 1, 1)
    assert store.put([]) == Written(2, 0, 0)
    assert store.remove(["d1", "absent"]) == 1
    assert store.revision == 3
    assert store.remove(["d1", "absent"]) == 0
    assert store.revision == 3


def test_changes_since_tells_what_was_put_and_removed(store: CorpusStore) -> None:
    store.put([debunk(1), debunk(2), debunk(3)])
    store.put([debunk(2, "new")])
    store.remove(["d3"])
    assert store.changes_since(0) == Changes(3, (debunk(1), debunk(2, "new")), ("d3",))
    assert store.changes_since(1) == Changes(3, (debunk(2, "new"),), ("d3",))
    assert store.changes_since(2) == Changes(3, (), ("d3",))
    assert store.changes_since(3) == Changes(3, (), ())
    with pytest.raises(UnknownRevision, match="met revision 4; expected 0 to 3"):
        store.changes_since(4)


def test_every_state_of_a_debunk_is_remembered_with_its_author_and_time(store: CorpusStore) -> None:
    before = datetime.now(UTC)
    store.put([debunk(1)], "import of a.jsonl")
    store.put([debunk(1, "new"), debunk(2)], "key:anna")
    store.remove(["d1"], "key:ben")
    told = [(version.revision, version.author, version.debunk) for version in store.history("d1")]
    assert told == [(3, "key:ben", None), (2, "key:anna", debunk(1, "new")), (1, "import of a.jsonl", debunk(1))]
    times = [version.written_at for version in store.history("d1")]
    assert before <= times[2] <= times[1] <= times[0] <= datetime.now(UTC)
    assert store.version("d1") == store.history("d1")[0]
    assert store.history("absent") == []
    assert store.version("absent") is None


def test_a_corpus_revision_can_be_rebuilt_exactly(store: CorpusStore) -> None:
    store.put([debunk(1), debunk(2), debunk(3)])
    store.put([debunk(2, "new"), debunk(4)])
    store.remove(["d3", "d4"])
    assert list(store.debunks(0)) == []
    assert list(store.debunks(1)) == [debunk(1), debunk(2), debunk(3)]
    assert list(store.debunks(2)) == [debunk(1), debunk(2, "new"), debunk(3), debunk(4)]
    assert list(store.debunks(3)) == list(store.debunks()) == [debunk(1), debunk(2, "new")]
    assert list(store.changed(1, 2)) == [("d2", debunk(2, "new")), ("d4", debunk(4))]
    assert list(store.changed(2)) == [("d3", None), ("d4", None)]
    with pytest.raises(UnknownRevision, match="met revision 4; expected 0 to 3"):
        list(store.debunks(4))


def test_revisions_are_taken_in_rounds_of_bounded_size_and_each_whole(store: CorpusStore) -> None:
    for first in (10, 20, 30):
        store.put([debunk(first + number) for number in range(5)])
    assert [store.revision_within(0, writes) for writes in (1, 5, 9, 10, 14, 15, 100)] == [1, 1, 1, 2, 2, 3, 3]
    assert store.revision_within(2, 1) == 3
    assert store.revision_within(3, 1) == 3


def test_a_transaction_reads_what_it_wrote_and_leaves_nothing_when_it_fails(store: CorpusStore) -> None:
    store.put([debunk(1)])

    def failing() -> None:
        with store.writing("anna") as write:
            assert write.put([debunk(1, "new"), debunk(2)]) == (2, 0)
            assert write.put([debunk(2)]) == (0, 1)
            newest = write.get("d1")
            assert newest is not None
            assert (newest.revision, newest.author, newest.debunk) == (2, "anna", debunk(1, "new"))
            raise RuntimeError("broken off")

    with pytest.raises(RuntimeError, match="broken off"):
        failing()
    assert store.changes_since(0) == Changes(1, (debunk(1),), ())
    assert [version.revision for version in store.history("d1")] == [1]


def test_a_removed_debunk_can_be_put_again(store: CorpusStore) -> None:
    store.put([debunk(1)])
    store.remove(["d1"])
    assert store.get("d1") is None
    assert store.put([debunk(1)]) == Written(3, 1, 0)
    assert store.changes_since(2) == Changes(3, (debunk(1),), ())


def test_a_write_that_fails_in_the_middle_leaves_nothing(store: CorpusStore) -> None:
    def broken() -> Iterator[Debunk]:
        yield debunk(1)
        raise RuntimeError("the source broke off")

    with pytest.raises(RuntimeError, match="broke off"):
        store.put(broken())
    assert store.changes_since(0) == Changes(0, (), ())


def test_a_process_killed_in_the_middle_of_a_write_leaves_the_revision_before(store: CorpusStore, url: str) -> None:
    store.put([debunk(1)])
    writer = subprocess.Popen(
        [sys.executable, "-c", KILLED_WRITER, url], cwd=ROOT, stdout=subprocess.PIPE, stdin=subprocess.PIPE
    )
    assert writer.stdout is not None
    assert writer.stdin is not None
    assert writer.stdout.readline() == b"halfway\n"
    database = Path(url.removeprefix("sqlite:///"))
    assert database.with_name("corpus.db-wal").stat().st_size > 1_000_000  # half of the write lies on the disk
    writer.send_signal(signal.SIGKILL)
    assert writer.wait() == -signal.SIGKILL
    writer.stdout.close()
    writer.stdin.close()
    with CorpusStore.open(url) as reopened:
        assert reopened.changes_since(0) == Changes(1, (debunk(1),), ())
        assert reopened.put([debunk(2)]) == Written(2, 1, 0)


KILLED_WRITER = """
import sys
from corpus.model import Debunk
from corpus.store import CorpusStore

def debunks():
    for number in range(20_000):
        yield Debunk(id=f"k{number}", myth="m" * 500, lang="en", rating="false")
        if number == 10_000:
            print("halfway", flush=True)
            sys.stdin.read()

CorpusStore.open(sys.argv[1]).put(debunks())
"""


def test_readers_go_on_while_a_write_is_open(store: CorpusStore, url: str) -> None:
    store.put([debunk(1)])

    def slow() -> Iterator[Debunk]:
        yield debunk(2)
        with CorpusStore.open(url) as reader:
            assert reader.changes_since(0) == Changes(1, (debunk(1),), ())
        yield debunk(3)

    assert store.put(slow()) == Written(2, 2, 0)


def test_two_writers_at_once_lose_nothing(url: str) -> None:
    def write(first: int) -> None:
        with CorpusStore.open(url) as store:
            for number in range(first, first + 20):
                store.put([debunk(number)])

    writers = [threading.Thread(target=write, args=(first,)) for first in (0, 100)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    with CorpusStore.open(url) as store:
        assert store.revision == 40
        assert len(store.changes_since(0).put) == 40


def test_a_corpus_has_a_name_of_its_own(url: str, tmp_path: Path) -> None:
    with CorpusStore.open(url) as one, CorpusStore.open(f"sqlite:///{tmp_path / 'other.db'}") as other:
        assert one.corpus_id != other.corpus_id
        with CorpusStore.open(url) as again:
            assert again.corpus_id == one.corpus_id


def test_the_migrations_make_the_tables_that_the_code_uses_and_can_be_taken_back(url: str) -> None:
    CorpusStore.open(url).close()
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        assert sa.inspect(connection).get_table_names() == ["alembic_version"]
    engine.dispose()


def test_a_store_of_a_newer_schema_is_refused(url: str) -> None:
    CorpusStore.open(url).close()
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(StoreError, match="was it written by a newer Mythmatch"):
        CorpusStore.open(url)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "corpus.db").write_bytes(b"no database at all, " * 100)
    with pytest.raises(StoreError, match=r"corpus\.db: file is not a database; check the database URL"):
        CorpusStore.open(f"sqlite:///{tmp_path / 'corpus.db'}")


@pytest.mark.parametrize(
    ("url", "expected"),
    [("nonsense", "Could not parse"), ("nosuch://x", "nosuch"), ("sqlite:////proc/none/corpus.db", "No such file")],
)
def test_a_wrong_url_is_a_clear_error(url: str, expected: str) -> None:
    with pytest.raises(StoreError, match=expected):
        CorpusStore.open(url)


def test_an_error_does_not_show_a_password() -> None:
    with pytest.raises(StoreError) as caught:
        CorpusStore.open("nosuch://user:secret@127.0.0.1/corpus")
    assert "secret" not in str(caught.value)
