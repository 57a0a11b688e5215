"""CorpusStore on SQLite: what is that database's own; what every database must do is in tests/contract."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from corpus.errors import StoreError
from corpus.model import Changes, Debunk
from corpus.store import CorpusStore, Written
from tests.real_server import ROOT


def debunk(number: int) -> Debunk:
    return Debunk(id=f"d{number}", myth="m", lang="en", rating="false")


def test_a_store_lies_in_a_folder_that_is_made_for_it(tmp_path: Path) -> None:
    CorpusStore.open(f"sqlite:///{tmp_path / 'new' / 'folder' / 'corpus.db'}").close()
    assert (tmp_path / "new" / "folder" / "corpus.db").is_file()


def test_a_process_killed_in_the_middle_of_a_write_leaves_the_revision_before(tmp_path: Path) -> None:
    database = tmp_path / "corpus.db"
    url = f"sqlite:///{database}"
    with CorpusStore.open(url) as store:
        store.put([debunk(1)])
    writer = subprocess.Popen(
        [sys.executable, "-c", KILLED_WRITER, url], cwd=ROOT, stdout=subprocess.PIPE, stdin=subprocess.PIPE
    )
    assert writer.stdout is not None
    assert writer.stdin is not None
    assert writer.stdout.readline() == b"halfway\n"
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


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "corpus.db").write_bytes(b"no database at all, " * 100)
    with pytest.raises(StoreError, match=r"corpus\.db: file is not a database; check the database URL"):
        CorpusStore.open(f"sqlite:///{tmp_path / 'corpus.db'}")
