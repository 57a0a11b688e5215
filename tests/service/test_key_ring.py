"""KeyRing: keys are at most seconds old, and what was read goes on while the database is down."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from corpus import database
from corpus.errors import StoreError
from corpus.keys import KeyStore
from corpus.store import CorpusStore
from service import key_ring
from service.key_ring import FRESH_SECONDS, KeyRing
from service.settings import Settings
from service.stores import Stores
from tests.postgres import cluster, empty_database

pytestmark = pytest.mark.slow

REVOKED_SECONDS = 5.0  # in which every worker has to refuse a key that was revoked
DOWN_SECONDS = 30.0


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with empty_database(request.param, tmp_path) as made:
        yield made


@pytest.fixture
def keys(url: str) -> Iterator[KeyStore]:
    with CorpusStore.open(url) as store:
        yield KeyStore(store.database)


@pytest.fixture
def ring(url: str, tmp_path: Path) -> Iterator[KeyRing]:
    stores = Stores(Settings(data_dir=tmp_path / "data", database_url=url))
    made = KeyRing(stores)
    yield made
    made.close()
    stores.close()


def wait_until(holds: Callable[[], bool], seconds: float) -> float:
    """Return after how many seconds it holds."""
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() < begun + seconds
        time.sleep(0.05)
    return time.monotonic() - begun


def is_taken(ring: KeyRing, text: str) -> bool:
    key = ring.find(text)
    return key is not None and key.is_in_force(datetime.now(UTC))


def test_a_new_key_is_taken_and_a_revoked_one_refused_within_seconds(ring: KeyRing, keys: KeyStore) -> None:
    assert not is_taken(ring, "mm_nothing")
    text, _ = keys.make("anna", ["read"])
    wait_until(lambda: is_taken(ring, text), REVOKED_SECONDS)
    keys.revoke("anna")
    assert wait_until(lambda: not is_taken(ring, text), REVOKED_SECONDS) <= REVOKED_SECONDS


def test_after_a_pause_the_first_request_knows_what_changed(ring: KeyRing, keys: KeyStore) -> None:
    text, _ = keys.make("anna", ["read"])
    assert is_taken(ring, text)
    keys.revoke("anna")
    ring._due = time.monotonic()  # as if the seconds had passed
    assert not is_taken(ring, text)


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_while_the_database_is_down_keys_go_on_without_waiting_and_then_are_read_again(
    ring: KeyRing, keys: KeyStore, caplog: pytest.LogCaptureFixture
) -> None:
    text, _ = keys.make("anna", ["read"])
    assert is_taken(ring, text)
    cluster().stop(keep=True)
    try:
        wait_until(lambda: is_taken(ring, text) and "cannot read the keys" in caplog.text, DOWN_SECONDS)
        slowest, end = 0.0, time.monotonic() + 2 * FRESH_SECONDS
        while (begun := time.monotonic()) < end:
            assert is_taken(ring, text)
            assert ring.find("mm_nothing") is None
            slowest = max(slowest, time.monotonic() - begun)
            time.sleep(0.05)
        assert slowest < 2 * key_ring.PATIENCE_SECONDS
        assert caplog.text.count("cannot read the keys") == 1
    finally:
        cluster().start()
    keys.revoke("anna")
    wait_until(lambda: not is_taken(ring, text), REVOKED_SECONDS)


def test_a_database_that_does_not_answer_holds_up_no_request_for_long(
    url: str, tmp_path: Path, keys: KeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_ring, "FIRST_PATIENCE_SECONDS", 0.3)
    stores = Stores(Settings(data_dir=tmp_path / "data", database_url=url))
    ring = KeyRing(stores)
    with stores._opening:  # as if it were being opened for long
        begun = time.monotonic()
        with pytest.raises(StoreError, match="cannot read the keys: the database does not answer yet"):
            ring.find("mm_x")
        assert 0.3 <= time.monotonic() - begun < 1.0
    text, _ = keys.make("anna", ["read"])
    wait_until(lambda: _known(ring, text), REVOKED_SECONDS + key_ring.PATIENCE_SECONDS)
    ring.close()
    stores.close()


def _known(ring: KeyRing, text: str) -> bool:
    try:
        return is_taken(ring, text)
    except StoreError:
        return False


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_database_that_stalls_holds_up_requests_for_a_second_at_most(ring: KeyRing, keys: KeyStore) -> None:
    text, _ = keys.make("anna", ["read"])
    assert is_taken(ring, text)
    with keys.database.writing() as connection:
        connection.exec_driver_sql("LOCK TABLE keys IN ACCESS EXCLUSIVE MODE")  # who reads it now waits
        ring._due = time.monotonic()
        waited = []
        for _ in range(3):
            begun = time.monotonic()
            assert is_taken(ring, text)
            waited.append(time.monotonic() - begun)
    assert 0.9 <= waited[0] < 2.0
    assert max(waited[1:]) < 0.5  # the wait is over for all requests at once


def test_a_use_is_written_once_a_day(ring: KeyRing, keys: KeyStore) -> None:
    text, made = keys.make("anna", ["read"])
    key = ring.find(text)
    assert key == made
    for _ in range(3):
        ring.note_use(key)
    writer = ring._writer
    ring.close()
    assert keys.all()[0].last_used == datetime.now(UTC).date()
    ring.note_use(key)
    assert ring._writer is writer


def test_a_use_that_could_not_be_written_is_written_later(
    ring: KeyRing, keys: KeyStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 1)
    text, _ = keys.make("anna", ["read"])
    key = ring.find(text)
    assert key is not None
    with keys.database.writing():  # nobody else can write
        ring.note_use(key)
        wait_until(lambda: "cannot write when keys were used last" in caplog.text, DOWN_SECONDS)
        assert is_taken(ring, text)
    wait_until(lambda: is_taken(ring, text) and keys.all()[0].last_used is not None, DOWN_SECONDS)
    assert keys.all()[0].last_used == datetime.now(UTC).date()
