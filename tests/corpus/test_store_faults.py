"""What a corpus goes through: kills at any moment, a full disk, damaged pages, several importers at once."""

import random
import re
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

import pytest
import sqlalchemy as sa

from corpus.errors import StoreError
from corpus.model import Debunk
from corpus.run import Run
from corpus.store import CorpusStore
from corpus.tables import deliveries, runs
from tests.postgres import empty_database
from tests.real_server import ROOT

pytestmark = pytest.mark.slow

PAGE_BYTES = 4096  # of SQLite


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with empty_database(request.param, tmp_path) as made:
        yield made


EACH = 600  # debunks a revision
WRITER = f"""
import sys
from corpus.model import Debunk
from corpus.store import CorpusStore

def debunks(number):
    for of in range({EACH}):
        if of % 50 == 0:
            print("on the way", flush=True)
        yield Debunk(id=f"r{{number}}-{{of}}", myth="m" * 300, lang="en", rating="false")

store = CorpusStore.open(sys.argv[1])
number = store.revision
while True:
    number += 1
    store.put(debunks(number))
    print("written", number, flush=True)
"""


def killed_while_it_writes(url: str, lines: int) -> int:
    """Write until the process has said so many lines, and kill it; return the last revision that it said is written."""
    writer = subprocess.Popen([sys.executable, "-c", WRITER, url], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    said = [writer.stdout.readline() for _ in range(lines)]
    writer.send_signal(signal.SIGKILL)
    said += writer.stdout.readlines()
    writer.stdout.close()
    assert writer.wait() == -signal.SIGKILL
    return max((int(line.split()[1]) for line in said if line.startswith("written")), default=0)


def test_a_writer_killed_at_any_moment_leaves_whole_revisions_and_all_that_it_said_are_written(url: str) -> None:
    moments = random.Random(20261124)
    with CorpusStore.open(url) as store:
        for _ in range(10):
            before = store.revision
            said = max(before, killed_while_it_writes(url, moments.randint(1, 30)))
            with store.writing() as write:  # once the killed one's connection has let the lock go
                revision = write.revision
            assert revision in (said, said + 1)
            for number in range(before + 1, revision + 1):
                assert sum(1 for _ in store.changed(number - 1, number)) == EACH
            assert sum(1 for _ in store.debunks()) == EACH * revision
            store.database.check()
        assert revision > 5


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 4 MB, of which 1 MB is taken by a file that can be removed."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"a small disk can be mounted by root alone: {mounted.stderr.strip()}")
    try:
        (folder / "removable").write_bytes(b"x" * 2**20)
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def batch(number: int) -> list[Debunk]:
    return [Debunk(id=f"b{number}-{of}", myth="m" * 500, lang="en", rating="false") for of in range(100)]


def test_a_full_disk_loses_nothing_and_writing_goes_on_once_there_is_room(small_disk: Path) -> None:
    url = f"sqlite:///{small_disk / 'corpus.db'}"
    full = "database or disk is full; make room on its disk; what was committed before is whole"
    with CorpusStore.open(url) as store:
        with pytest.raises(StoreError, match=full):
            deque(store.put(batch(number)) for number in range(1000))
        written = store.revision
        assert 5 < written < 1000
        with pytest.raises(StoreError, match=full):
            store.put(batch(written))
        whole = chain.from_iterable(map(batch, range(written)))
        assert list(store.debunks()) == sorted(whole, key=lambda debunk: debunk.id)
        (small_disk / "removable").unlink()
        assert store.put(batch(written)).revision == written + 1
        store.database.check()
    with CorpusStore.open(url) as reopened:
        assert len(list(reopened.debunks())) == 100 * (written + 1)


def numbered(number: int, myth: str = "m") -> Debunk:
    fact = "f" * (9000 if number % 10 == 0 else 40)  # some that need pages of their own
    return Debunk(id=f"d{number:03}", myth=myth, lang="en", passages=(fact,))


def everything(store: CorpusStore) -> list[object]:
    histories = [store.history(f"d{number:03}") for number in range(0, 30, 7)]
    return [store.revision, list(store.changed(0)), list(store.debunks(1)), list(store.debunks(2)), histories]


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """An SQLite file of some thirty pages."""
    database = tmp_path_factory.mktemp("healthy") / "corpus.db"
    with CorpusStore.open(f"sqlite:///{database}") as store:
        store.put(map(numbered, range(30)))
        store.put([numbered(number, "new") for number in range(0, 30, 3)])
        store.remove(["d007"])
    return database.read_bytes()


def damages(page: bytes, another: bytes, dice: random.Random) -> list[bytes]:
    """Return a page as it may be found: never written, overwritten whole, overwritten in part, another's."""
    return [bytes(PAGE_BYTES), dice.randbytes(PAGE_BYTES), page[:2048] + dice.randbytes(2048), another]


def test_a_damaged_page_is_told_with_what_to_do_and_no_row_is_lost_in_silence(healthy: bytes, tmp_path: Path) -> None:
    dice = random.Random(20261124)
    database = tmp_path / "corpus.db"
    database.write_bytes(healthy)
    with CorpusStore.open(f"sqlite:///{database}") as store:
        expected = everything(store)
    starts = range(0, len(healthy), PAGE_BYTES)
    told = 0
    for start in starts:
        other = dice.choice(starts)
        page, another = healthy[start : start + PAGE_BYTES], healthy[other : other + PAGE_BYTES]
        for damaged in damages(page, another, dice):
            database.write_bytes(healthy[:start] + damaged + healthy[start + PAGE_BYTES :])
            told += said_to_be_damaged(database, expected)
    assert told > 2 * len(starts)


def assert_advice(said: str) -> None:
    assert re.search(r"damaged; `PRAGMA integrity_check` .* restore a backup", said), said


def said_to_be_damaged(database: Path, expected: list[object]) -> bool:
    """Return whether reading or checking fails, with what to do; False where nothing that is stored was hurt."""
    try:
        with CorpusStore.open(f"sqlite:///{database}") as store:
            if everything(store) == expected:
                return False
            store.database.check()  # which a backup begins with
    except StoreError as error:
        assert_advice(str(error))
        return True
    pytest.fail("rows were lost in silence")


IMPORTER = """
import sys
from corpus.store import CorpusStore
from tests.corpus.test_store_faults import import_feed

with CorpusStore.open(sys.argv[1]) as store:
    import_feed(store, sys.argv[2])
"""
DELIVERED = 300


def import_feed(store: CorpusStore, feed: str) -> None:
    """Import the same debunks under the name of a feed, in batches."""
    run = Run.begin(store, feed, "content")
    for first in range(run.position, DELIVERED, 30):
        run, _ = run.take([numbered(number) for number in range(first, first + 30)])
    run.finish(whole=True)


def check_imports(url: str, feeds: set[str]) -> None:
    with CorpusStore.open(url) as store:
        stored = list(store.debunks())
        assert [debunk.id for debunk in stored] == [f"d{number:03}" for number in range(DELIVERED)]
        assert all(set(debunk.sources) == feeds and debunk.expires is None for debunk in stored)
        with store.database.reading() as connection:
            count = sa.select(deliveries.c.feed, sa.func.count()).group_by(deliveries.c.feed)
            assert {feed: rows for feed, rows in connection.execute(count)} == dict.fromkeys(feeds, DELIVERED)
            unfinished = sa.select(runs.c.id).where(runs.c.finished_at.is_(None))
            assert connection.execute(unfinished).all() == []


@pytest.mark.parametrize("feeds", [("a", "b"), ("a", "a")], ids=["two feeds", "one feed twice"])
def test_two_importing_processes_at_once_write_all_of_both(url: str, feeds: tuple[str, str]) -> None:
    importers = [subprocess.Popen([sys.executable, "-c", IMPORTER, url, feed], cwd=ROOT) for feed in feeds]
    assert [importer.wait() for importer in importers] == [0, 0]
    check_imports(url, set(feeds))


@pytest.mark.parametrize("feeds", [("a", "b", "c"), ("a", "a", "b")], ids=["three feeds", "one feed twice"])
def test_importing_threads_of_one_process_write_all_of_theirs(url: str, feeds: tuple[str, ...]) -> None:
    with CorpusStore.open(url) as store, ThreadPoolExecutor(len(feeds)) as pool:
        list(pool.map(lambda feed: import_feed(store, feed), feeds))
    check_imports(url, set(feeds))
