"""Database: wrong URLs, and a real PostgreSQL that is away, slow, restarted or set up otherwise."""

import gc
import re
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from corpus import database
from corpus.errors import StoreError
from corpus.model import Changes, Debunk
from corpus.store import CorpusStore, Written
from tests.postgres import USER, cluster, fresh_database

pytestmark = pytest.mark.slow


def debunk(number: int) -> Debunk:
    return Debunk(id=f"d{number}", myth="m", lang="en", rating="false")


@pytest.fixture
def url() -> Iterator[str]:
    with fresh_database() as made:
        yield made


def password_of(url: str) -> str:
    return url.split("@")[0].rsplit(":", 1)[1]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("", "Could not parse the database URL; expected one such as postgresql://user:password@host:5432/name"),
        ("nonsense", "Could not parse"),
        ("postgresql://host:port/corpus", "Could not parse"),
        ("nosuch://x", "nosuch://x: met 'nosuch'; expected sqlite or postgresql"),
        ("mysql://host/corpus", "met 'mysql'; expected sqlite or postgresql"),
        ("sqlite:////proc/none/corpus.db", "sqlite:////proc/none/corpus.db: No such file"),
        ("postgresql+pg8000://host/corpus", "the driver 'pg8000' is not installed; `pip install` it"),
    ],
)
def test_a_wrong_url_is_a_clear_error(url: str, expected: str) -> None:
    with pytest.raises(StoreError, match=re.escape(expected)):
        CorpusStore.open(url)


@pytest.mark.parametrize(
    "url",
    [
        "nosuch://user:secret@127.0.0.1/corpus",
        "user:secret@127.0.0.1/corpus",
        "postgresql:/user:secret@127.0.0.1",
        "postgresql://user:secret@127.0.0.1:port/corpus",
        "postgresql://user:secret@127.0.0.1:1/corpus",
        "postgresql://127.0.0.1:1/corpus?user=u&password=secret",
        "postgresql+psycopg://user:secret@/corpus?host=/nowhere",
    ],
)
def test_an_error_does_not_show_a_password(url: str) -> None:
    with pytest.raises(StoreError) as caught:
        CorpusStore.open(url)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_refused_login_and_an_absent_database_are_clear_errors_without_the_password(url: str) -> None:
    for wrong, expected in (
        (url.replace(password_of(url), "S3cret"), f'password authentication failed for user "{USER}"'),
        (f"{url}x", "does not exist"),
    ):
        with pytest.raises(StoreError, match=expected) as caught:
            CorpusStore.open(wrong)
        assert password_of(wrong) not in str(caught.value)
        assert f"{USER}:***@127.0.0.1" in str(caught.value)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_name_of_postgresql_is_taken(url: str, scheme: str) -> None:
    with CorpusStore.open(url.replace("postgresql+psycopg", scheme)) as store:
        assert store.put([debunk(1)]) == Written(1, 1, 0)


def test_a_server_that_does_not_answer_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "CONNECT_SECONDS", 2)
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections and says nothing
        started = time.monotonic()
        with pytest.raises(StoreError, match=r"connection timeout expired; is its server up, and the URL right\?"):
            CorpusStore.open(f"postgresql://user:secret@127.0.0.1:{silent.getsockname()[1]}/corpus")
    assert time.monotonic() - started < 10


def test_a_url_sets_its_own_bounds(url: str) -> None:
    assert database._connect_args(database._parsed(f"{url}?connect_timeout=3")).keys() >= {"keepalives_idle"}
    assert "connect_timeout" not in database._connect_args(database._parsed(f"{url}?connect_timeout=3"))
    with CorpusStore.open(f"{url}?connect_timeout=3&application_name=mine") as store:
        assert store.revision == 0


def test_a_store_does_not_notice_that_its_server_was_restarted(url: str) -> None:
    with CorpusStore.open(url) as store:
        store.put([debunk(1)])
        cluster().stop(keep=True)
        cluster().start()
        assert store.put([debunk(2)]) == Written(2, 1, 0)


def test_a_store_says_that_its_server_is_down_and_goes_on_once_it_is_up(url: str) -> None:
    with CorpusStore.open(url) as store:
        store.put([debunk(1)])
        cluster().stop(keep=True)
        try:
            with pytest.raises(StoreError, match=r"is its server up, and the URL right\?") as caught:
                store.put([debunk(2)])
        finally:
            cluster().start()
        assert password_of(url) not in str(caught.value)
        assert store.changes_since(0) == Changes(1, (debunk(1),), ())
        assert store.put([debunk(2)]) == Written(2, 1, 0)


END_ALL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 'corpus%'"


def test_a_connection_that_breaks_in_the_middle_of_a_write_leaves_nothing_of_it(url: str) -> None:
    def broken() -> Iterator[Debunk]:
        yield from map(debunk, range(1000))
        cluster().execute(END_ALL)
        yield debunk(1000)

    with CorpusStore.open(url) as store:
        with pytest.raises(StoreError, match=r"is its server up, and the URL right\?"):
            store.put(broken())
        assert store.put(map(debunk, range(1100))) == Written(1, 1100, 0)


@pytest.mark.filterwarnings("ignore:.*ServerCursor.* was deleted while still open:ResourceWarning")  # nothing to close
def test_a_connection_that_breaks_in_the_middle_of_reading_is_no_end_of_the_rows(url: str) -> None:
    with CorpusStore.open(url) as store:
        store.put(map(debunk, range(1100)))
        reading = store.debunks()
        next(reading)
        cluster().execute(END_ALL)
        with pytest.raises(StoreError, match=r"is its server up, and the URL right\?"):
            list(reading)
        del reading
        gc.collect()
        assert len(list(store.debunks())) == 1100


def test_a_writer_whose_host_vanished_lets_the_lock_go_within_minutes(url: str) -> None:
    with CorpusStore.open(url) as store, store.writing() as write:
        told = [
            write.connection.exec_driver_sql(f"SHOW tcp_keepalives_{name}").scalar()
            for name in ("idle", "interval", "count")
        ]
        assert told == ["30", "10", "3"]
        assert write.connection.exec_driver_sql("SHOW transaction_isolation").scalar() == "read committed"


def test_rows_are_read_through_a_cursor_on_the_server(url: str) -> None:
    running = "SELECT query FROM pg_stat_activity WHERE state = 'idle in transaction' AND datname LIKE 'corpus%'"
    with CorpusStore.open(url) as store:
        store.put(map(debunk, range(1100)))
        reading = store.debunks()
        next(reading)
        ((query,),) = cluster().execute(running)
        assert str(query).startswith("FETCH FORWARD")
        assert len(list(reading)) == 1099


def test_a_database_that_cannot_hold_every_text_is_refused(url: str) -> None:
    server, name = cluster(), "corpus_latin1"
    server.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING LATIN1 LC_COLLATE 'C' LC_CTYPE 'C'")
    try:
        with pytest.raises(StoreError, match=r"met a database in the encoding LATIN1; expected UTF8"):
            CorpusStore.open(server.url(name))
    finally:
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_readers_need_no_right_to_write(url: str) -> None:
    CorpusStore.open(url).close()
    server, name = cluster(), url.rsplit("/", 1)[1]
    server.execute("CREATE ROLE reader LOGIN PASSWORD 'reader'")
    server.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader", name)
    try:
        as_reader = url.replace(f"{USER}:{password_of(url)}", "reader:reader")
        with CorpusStore.open(as_reader) as store:
            assert store.changes_since(0) == Changes(0, (), ())
            with pytest.raises(StoreError, match="permission denied for .*; check the database URL"):  # noqa: RUF043
                store.put([debunk(1)])
    finally:
        server.execute("DROP OWNED BY reader", name)
        server.execute("DROP ROLE reader")


def test_many_threads_share_one_store(url: str) -> None:
    with CorpusStore.open(url) as store:
        writers = [threading.Thread(target=store.put, args=([debunk(number)],)) for number in range(12)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        assert store.revision == 12
        assert len(list(store.debunks())) == 12
