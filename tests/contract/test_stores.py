"""What the corpus must do on every kind of database, run on SQLite and on a real PostgreSQL."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus import database
from corpus.errors import StoreError, UnknownRevision
from corpus.model import Changes, Debunk
from corpus.store import CorpusStore, Written
from corpus.tables import feedback, revisions, runs
from tests.postgres import empty_database
from tests.real_server import ROOT

pytestmark = pytest.mark.slow


def debunk(number: int, myth: str = "m") -> Debunk:
    return Debunk(id=f"d{number}", myth=myth, lang="en", rating="false")


def named(debunk_id: str) -> Debunk:
    return Debunk(id=debunk_id, myth="m", lang="en", rating="false")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with empty_database(request.param, tmp_path) as made:
        yield made


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


def test_small_revisions_are_found_behind_a_bulk_and_what_was_taken_is_left_out(store: CorpusStore) -> None:
    store.put([debunk(1), debunk(2)])
    store.put(debunk(number) for number in range(10, 20))
    store.put([debunk(11, "new"), debunk(3)])
    store.remove(["d2"])
    store.put([debunk(4)])
    store.put(debunk(number, "newest") for number in range(2, 9))
    assert store.small_writes(1, 2) == [(3, "d11", debunk(11, "new"))]
    assert [(revision, debunk_id) for revision, debunk_id, _ in store.small_writes(0, 2)] == [(1, "d1"), (3, "d11")]
    store.remove(["d1"])
    assert store.small_writes(3, 2) == [(7, "d1", None)]
    assert store.small_writes(7, 2) == []
    left = [debunk_id for debunk_id, _ in store.changed(1, 2, {"d10", "d11", "d19"})]
    assert left == [f"d{number}" for number in range(12, 19)]


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
    with CorpusStore.open(url) as one, CorpusStore.open(f"sqlite:///{tmp_path / 'other' / 'corpus.db'}") as other:
        assert one.corpus_id != other.corpus_id
        with CorpusStore.open(url) as again:
            assert again.corpus_id == one.corpus_id


def test_ids_are_ordered_by_code_points(store: CorpusStore) -> None:
    ids = ["A", "B", "a", "b", "z", "\u00e9", "\u0436", "\uff01", "\U0001d4b3"]  # the last two: not as UTF-16 would
    store.put([named(debunk_id) for debunk_id in reversed(ids)])
    store.put([debunk(1)])
    assert [debunk.id for debunk in store.debunks()] == ["A", "B", "a", "b", "d1", *ids[4:]]
    assert [debunk.id for debunk in store.debunks(1)] == ids
    assert [debunk_id for debunk_id, _ in store.changed(0)] == ["A", "B", "a", "b", "d1", *ids[4:]]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(lambda text: bool(text.strip())))
def test_any_text_is_read_back_as_it_was(store: CorpusStore, text: str) -> None:
    told = Debunk(id="any", myth=text, lang="en", passages=(text, f"\0{text}\x7f\ufffe\\u0000"))
    store.put([told])
    assert store.get("any") == told
    assert list(store.debunks()) == [told]


def test_an_id_that_no_debunk_can_have_is_not_there(store: CorpusStore) -> None:
    for impossible in ("d1\0", "\ud800", "", "d" * 10_000):
        assert store.get(impossible) is None
        assert store.version(impossible) is None
        assert store.history(impossible) == []
        assert store.remove([impossible]) == 0
        with store.writing() as write:
            assert write.get(impossible) is None
            assert write.stored([impossible]) == []


def test_texts_that_nobody_checked_are_kept_but_for_what_no_database_stores(store: CorpusStore) -> None:
    said = {
        "author": "a\0",
        "text": "\0 \ud83d \\0 \U0001f921 \ufffe",
        "lang": "en",
        "debunk_id": "d1",
        "verdict": "reject",
    }
    with store.writing("key:\0\udcff") as write:
        write.connection.execute(sa.insert(feedback).values(id="f", given_at=datetime.now(UTC), **said))
        write.put([debunk(1)])
    with store.database.reading() as connection:
        row = connection.execute(sa.select(feedback.c.author, feedback.c.text)).one()
    assert tuple(row) == ("a\ufffd", "\ufffd \ufffd \\0 \U0001f921 \ufffe")
    assert [version.author for version in store.history("d1")] == ["key:\ufffd\ufffd"]


def test_half_of_a_surrogate_pair_where_text_was_to_be_is_refused(store: CorpusStore) -> None:
    def begin() -> None:
        with store.writing() as write:
            begun = {"feed": "\udcff", "content": "c", "position": 0, "started_at": datetime.now(UTC)}
            write.connection.execute(sa.insert(runs).values(**begun))

    with pytest.raises(StoreError, match="met half of a surrogate pair; expected Unicode text"):
        begin()


def test_a_time_is_read_back_in_utc_whatever_its_offset(store: CorpusStore) -> None:
    given_at = datetime(2026, 1, 1, 1, 30, 0, 123456, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    with store.writing() as write:
        write.connection.execute(sa.insert(revisions).values(revision=1, written_at=given_at))
    with store.database.reading() as connection:
        (read,) = connection.execute(sa.select(revisions.c.written_at)).scalars()
    assert read.isoformat() == "2025-12-31T20:00:00.123456+00:00"


def test_a_clock_that_goes_back_leaves_the_history_in_its_order(store: CorpusStore) -> None:
    store.put([debunk(1)])
    ahead = datetime(2099, 1, 1, tzinfo=UTC)
    with store.database.writing() as connection:  # as if the clock had been wrong, and was set right
        connection.execute(sa.update(revisions).values(written_at=ahead))
    store.put([debunk(1, "new")])
    store.remove(["d1"])
    history = store.history("d1")
    assert [(version.revision, version.debunk) for version in history] == [
        (3, None),
        (2, debunk(1, "new")),
        (1, debunk(1)),
    ]
    assert history[2].written_at == ahead > history[0].written_at
    assert store.version("d1") == history[0]
    assert list(store.debunks(2)) == [debunk(1, "new")]


def test_a_reader_sees_one_state_while_others_write(store: CorpusStore, url: str) -> None:
    store.put([debunk(number) for number in range(1200)])
    with CorpusStore.open(url) as writer, store.database.reading() as connection:
        count = sa.select(sa.func.count()).select_from(revisions)
        assert connection.execute(count).scalar() == 1
        reading = store.debunks()
        first = next(reading)
        writer.put([debunk(number, "new") for number in range(2000)])
        assert connection.execute(count).scalar() == 1
        assert {debunk.myth for debunk in (first, *reading)} == {"m"}
    assert len(list(store.debunks())) == 2000


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells the peak of a process's memory")
def test_a_whole_corpus_is_written_and_read_in_bounded_memory(url: str) -> None:
    done = subprocess.run([sys.executable, "-c", BIG, url], cwd=ROOT, capture_output=True, text=True, check=True)
    written, read = map(int, done.stdout.split())
    assert written < 40 * 2**20
    assert read < 30 * 2**20


BIG = """
import sys
from corpus.model import Debunk
from corpus.store import CorpusStore

def peak():  # not getrusage's: that one begins with the parent's
    lines = open("/proc/self/status").read().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))

with CorpusStore.open(sys.argv[1]) as store:
    fact = "f" * 20_000
    store.put([Debunk(id="first", myth="m", lang="en", passages=(fact,))])
    before = peak()
    store.put(Debunk(id=f"d{number}", myth="m", lang="en", passages=(fact,)) for number in range(4_000))  # 80 MB
    written = peak()
    assert sum(1 for _ in store.debunks()) == sum(1 for _ in store.debunks(2)) == 4_001
    print(written - before, peak() - written)
"""


def test_a_writer_waits_for_another_but_not_for_ever(
    store: CorpusStore, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 1)
    with CorpusStore.open(url) as impatient, store.writing() as write:
        write.put([debunk(1)])
        with pytest.raises(StoreError, match=r"another process has been writing .*; try again once it is done"):
            impatient.put([debunk(2)])
    assert store.put([debunk(2)]) == Written(2, 1, 0)


def test_processes_that_open_an_empty_database_at_once_make_one_corpus(url: str) -> None:
    command = [sys.executable, "-c", OPENER, url]
    openers = [
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    for opener in openers:
        assert opener.stdout is not None
        assert opener.stdout.readline() == "ready\n"
    for opener in openers:
        assert opener.stdin is not None
        opener.stdin.write("go\n")
        opener.stdin.flush()
    said = [opener.communicate()[0] for opener in openers]
    assert [opener.returncode for opener in openers] == [0, 0, 0, 0]
    with CorpusStore.open(url) as opened:
        assert said == [f"{opened.corpus_id}\n"] * 4


OPENER = """
import sys
from corpus.store import CorpusStore

print("ready", flush=True)
sys.stdin.readline()
with CorpusStore.open(sys.argv[1]) as store:
    print(store.corpus_id)
"""
