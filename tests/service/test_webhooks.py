"""Webhooks, called on real receivers on loopback: what they get, when, and what happens when they do not take it."""

import json
import logging
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from service.app import STORES, WEBHOOKS, create_app
from service.client import Client
from service.errors import InvalidSetting
from service.settings import Settings, settings_table
from service.signing import signing_key
from service.spool import Event, Spool
from service.surges import Surges
from service.webhooks import Receiver, Webhooks
from service.worker import Worker
from tests.real_server import ROOT, serving

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # of the convention's own examples
MYTH, DEBUNK_ID = "NATO is at war with Russia in Ukraine", "nato.int-115204-1"
CANARY = "Xenia next door paints her kitchen"
LONG_SECONDS = 20.0  # no condition takes as long
HANG = 0  # in place of a status: no answer until the test ends


@dataclass
class Desk:
    """A receiver: the statuses that it answers with, the last of them for good, and what it was sent."""

    statuses: list[int]
    calls: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    port: int = 0
    closed: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook/token-of-ours"

    def ids(self) -> list[str]:
        return [headers["webhook-id"] for _, headers, _ in self.calls]


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk([204])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = desk.statuses.pop(0) if len(desk.statuses) > 1 else desk.statuses[0]
            desk.calls.append((self.path, dict(self.headers), body))
            if status == HANG:
                desk.closed.wait(LONG_SECONDS)
                return
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    desk.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield desk
    desk.closed.set()
    server.shutdown()
    thread.join()
    server.server_close()


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + LONG_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "waited for too long"
        time.sleep(0.005)


def verified(call: tuple[str, dict[str, str], bytes]) -> Any:
    """Return the event of a call that the convention's own library found to be ours."""
    _, headers, body = call
    return Webhook(SECRET).verify(body, headers)


class Told:
    """Webhooks of a receiver, with how their calls ended; each debunk is told at its first match."""

    def __init__(self, url: str, folder: Path, worker: Worker, **options: Any) -> None:
        self.outcomes: list[str] = []
        self.snapshot = worker.matcher.snapshot
        self.ids = sorted(self.snapshot.documents)
        hosts = options.pop("hosts", ("127.0.0.1",))
        receiver = Receiver(url, signing_key(SECRET), hosts, options.pop("seconds", 5.0))
        self.webhooks = Webhooks(receiver, Surges(0, 10), Spool(folder), told=self.outcomes.append, **options)

    def tell(self, *debunk_ids: str) -> None:
        self.webhooks.count(debunk_ids or self.ids[:1], self.snapshot)


@pytest.fixture
def telling(desk: Desk, tmp_path: Path, toy_worker: Worker) -> Iterator[Callable[..., Told]]:
    """What makes webhooks on the desk, and closes them."""
    made: list[Told] = []

    def make(url: str = "", **options: Any) -> Told:
        made.append(Told(url or desk.url, tmp_path / "spool", toy_worker, **{"delays": (0.01, 0.01), **options}))
        return made[-1]

    yield make
    desk.closed.set()
    for each in made:
        each.webhooks.close()


@pytest.fixture
def settings(toy_settings: Settings, desk: Desk) -> Settings:
    told = {"WEBHOOK_URL": desk.url, "WEBHOOK_SECRET": SECRET, "WEBHOOK_MATCHES": "2", "FETCH_HOSTS": "127.0.0.1"}
    more = {"DATA_DIR": str(toy_settings.data_dir), "ENCODER": "toy"}
    return Settings.from_environment({f"MYTHMATCH_{name}": value for name, value in {**told, **more}.items()})


def test_a_debunk_with_more_matches_than_it_should_is_told_once_without_a_word_of_the_texts(
    settings: Settings, desk: Desk, toy_worker: Worker
) -> None:
    app = create_app(settings, toy_worker)
    client = app.test_client()
    for _ in range(2):
        assert client.post("/v1/match", json={"text": f"{MYTH}! {CANARY}."}).status_code == 200
    assert app.extensions[WEBHOOKS]._waiting == {}
    for _ in range(3):
        client.post("/v1/match", json={"text": f"{MYTH}! {CANARY}."})
    until(lambda: desk.calls and not app.extensions[WEBHOOKS]._waiting)
    assert 'mythmatch_webhooks_total{outcome="delivered"} 1.0' in client.get("/metrics").text
    app.extensions[WEBHOOKS].close()
    app.extensions[STORES].close()
    ((path, headers, body),) = desk.calls
    assert path == "/hook/token-of-ours"
    assert headers["Content-Type"] == "application/json"
    event = verified(desk.calls[0])
    assert set(event) == {"type", "id", "timestamp", "data"}
    assert (event["type"], event["id"]) == ("debunk.surge", headers["webhook-id"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event["timestamp"])
    debunk = toy_worker.matcher.snapshot.documents[DEBUNK_ID]
    shown = {name: debunk[name] for name in ("id", "myth", "fact", "rating", "url")}
    assert event["data"] == {"debunk": shown, "matches": 3, "minutes": 10, "corpus_revision": 1}
    assert shown["fact"]
    assert "Xenia" not in body.decode()


def test_a_signature_holds_for_its_body_its_time_and_its_secret_alone(desk: Desk, telling: Callable[..., Told]) -> None:
    telling().tell()
    until(lambda: desk.calls)
    path, headers, body = desk.calls[0]
    verified(desk.calls[0])
    later = {**headers, "webhook-timestamp": str(int(headers["webhook-timestamp"]) + 1)}
    for forged in ((path, headers, body.replace(b"false", b"true")), (path, later, body)):
        with pytest.raises(WebhookVerificationError):
            verified(forged)
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "A" * 32).verify(body, headers)


def test_a_receiver_that_fails_twice_gets_the_same_event_a_third_time(
    desk: Desk, telling: Callable[..., Told], tmp_path: Path
) -> None:
    desk.statuses = [500, 503, 200]
    told = telling()
    told.tell()
    until(lambda: "delivered" in told.outcomes)
    assert told.outcomes == ["failed", "failed", "delivered"]
    assert len(set(desk.ids())) == 1
    assert len({body for _, _, body in desk.calls}) == 1
    for call in desk.calls:
        verified(call)
    until(lambda: not list((tmp_path / "spool").iterdir()))


def test_a_receiver_that_is_down_is_given_up_after_a_bounded_number_of_calls(
    telling: Callable[..., Told], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound and not listening: nobody else can take the port
        told = telling(f"http://127.0.0.1:{closed.getsockname()[1]}/token-of-ours")
        with caplog.at_level(logging.DEBUG):
            told.tell()
            until(lambda: "given_up" in told.outcomes)
            until(lambda: not list((tmp_path / "spool").iterdir()))
    assert told.outcomes == ["failed", "failed", "given_up"]
    assert "gave up event msg_" in caplog.text
    assert "127.0.0.1" in caplog.text
    assert "token-of-ours" not in caplog.text
    assert SECRET.removeprefix("whsec_") not in caplog.text


@pytest.mark.parametrize(("status", "outcomes"), [(410, ["given_up"]), (302, ["failed", "failed", "given_up"])])
def test_a_receiver_that_is_gone_is_called_once_and_one_that_moved_is_not_followed(
    desk: Desk, telling: Callable[..., Told], status: int, outcomes: list[str]
) -> None:
    desk.statuses = [status]
    told = telling()
    told.tell()
    until(lambda: "given_up" in told.outcomes)
    assert told.outcomes == outcomes
    assert [path for path, _, _ in desk.calls] == ["/hook/token-of-ours"] * len(outcomes)


def test_an_address_that_is_not_public_is_called_only_where_its_host_is_named(
    desk: Desk, telling: Callable[..., Told], caplog: pytest.LogCaptureFixture
) -> None:
    for url in (desk.url, desk.url.replace("127.0.0.1", "localhost"), "http://[::ffff:127.0.0.1]:9/"):
        told = telling(url, hosts=("other.example",), delays=())
        told.tell()
        until(partial(len, told.outcomes))
        assert told.outcomes == ["given_up"]
    assert desk.calls == []
    assert caplog.text.count("which is not public") == 3


@pytest.mark.slow
def test_matching_waits_for_no_receiver_that_hangs(settings: Settings, desk: Desk, toy_worker: Worker) -> None:
    desk.statuses = [HANG]
    app = create_app(settings.model_copy(update={"webhook_matches": 0}), toy_worker)
    client = app.test_client()
    client.post("/v1/match", json={"text": MYTH})
    until(lambda: desk.calls)
    started = time.perf_counter()
    for _ in range(100):
        assert client.post("/v1/match", json={"text": MYTH}).status_code == 200
    for number in range(2, 6):  # these are told too, and have to wait
        debunk = toy_worker.matcher.snapshot.documents[f"nato.int-115204-{number}"]
        assert client.post("/v1/match", json={"text": debunk["myth"]}).status_code == 200
    assert time.perf_counter() - started < 10.0  # one call alone may hang for 15
    assert len(desk.calls) == 1
    assert len(app.extensions[WEBHOOKS]._waiting) == 5
    app.extensions[WEBHOOKS].close()
    app.extensions[STORES].close()
    assert len(Spool(settings.webhooks_dir).events(10)) == 5  # none is lost


def test_a_receiver_that_hangs_is_left_in_time(desk: Desk, telling: Callable[..., Told]) -> None:
    desk.statuses = [HANG, 200]
    told = telling(seconds=0.2)
    told.tell()
    until(lambda: "delivered" in told.outcomes)
    assert told.outcomes == ["failed", "delivered"]


def test_what_waits_outlives_a_restart(desk: Desk, telling: Callable[..., Told]) -> None:
    desk.statuses = [500]
    before = telling(delays=(0.3,))
    before.tell()
    until(lambda: before.outcomes)
    before.webhooks.close()
    calls, desk.statuses = len(desk.calls), [200]
    after = telling(delays=(0.3,))
    until(lambda: after.outcomes)
    assert after.outcomes == ["delivered"]
    assert len(desk.calls) == calls + 1
    assert len(set(desk.ids())) == 1
    verified(desk.calls[-1])


def test_when_too_many_wait_the_oldest_is_dropped_and_counted(
    desk: Desk, telling: Callable[..., Told], tmp_path: Path
) -> None:
    desk.statuses = [HANG]
    told = telling(most=2)
    told.tell(told.ids[0])
    until(lambda: desk.calls)
    for debunk_id in told.ids[1:4]:
        told.tell(debunk_id)
    assert told.outcomes == ["dropped", "dropped"]
    desk.closed.set()
    told.webhooks.close()
    waiting = [json.loads(event.body)["data"]["debunk"]["id"] for event in Spool(tmp_path / "spool").events(10)]
    assert waiting == told.ids[2:4]


def test_a_damaged_file_of_the_spool_stops_nothing(
    desk: Desk, telling: Callable[..., Told], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spool = Spool(tmp_path / "spool")
    spool.put(Event("msg_1", "{}"))
    for number, content in enumerate((b"", b"[]", b'{"id": 1, "more": 2}', b"\xff")):
        (tmp_path / "spool" / f"msg_0{number}.json").write_bytes(content)
    told = telling()
    until(lambda: told.outcomes)
    assert (told.outcomes, desk.ids()) == (["delivered"], ["msg_1"])
    until(lambda: not list((tmp_path / "spool").iterdir()))
    assert caplog.text.count("is no event") == 4


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"URL": "https://a.example/token-of-ours"}, "MYTHMATCH_WEBHOOK_SECRET"),
        ({"SECRET": "token-of-ours"}, "MYTHMATCH_WEBHOOK_SECRET"),
        ({"SECRET": "whsec_dG9rZW4tb2Ytb3Vycw=="}, "MYTHMATCH_WEBHOOK_SECRET"),
        ({"URL": "ftp://a.example/token-of-ours", "SECRET": SECRET}, "MYTHMATCH_WEBHOOK_URL"),
        ({"URL": "https://u:token-of-ours@a.example/", "SECRET": SECRET}, "MYTHMATCH_WEBHOOK_URL"),
        ({"URL": "https://a.example:port/token-of-ours", "SECRET": SECRET}, "MYTHMATCH_WEBHOOK_URL"),
    ],
)
def test_a_wrong_setting_is_told_by_its_name_and_never_shown(variables: dict[str, str], named: str) -> None:
    with pytest.raises(InvalidSetting) as caught:
        Settings.from_environment({f"MYTHMATCH_WEBHOOK_{name}": value for name, value in variables.items()})
    assert str(caught.value).startswith(f"{named}: met a value that is not shown; expected ")
    shown = f"{caught.value}{caught.value.__cause__}"
    assert not [secret for secret in ("token-of-ours", "dG9rZW4", SECRET) if secret in shown]


def test_the_settings_show_neither_the_address_nor_the_secret(settings: Settings) -> None:
    for shown in (repr(settings), str(settings)):
        assert "token-of-ours" not in shown
        assert SECRET not in shown
    assert SECRET not in str(settings.model_dump())
    assert "| `MYTHMATCH_WEBHOOK_SECRET` | secret | empty |" in settings_table()


def test_without_an_address_nothing_is_started(toy_settings: Settings, toy_worker: Worker) -> None:
    threads = threading.active_count()
    assert create_app(toy_settings, toy_worker).extensions[WEBHOOKS] is None
    assert threading.active_count() == threads


@pytest.mark.slow
def test_the_documents_receiver_verifies_a_call(telling: Callable[..., Told], tmp_path: Path) -> None:
    page = (ROOT / "docs/webhooks.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"```python\n(.*?)```", page, re.S)
    assert len(program.splitlines()) <= 12
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "MYTHMATCH_WEBHOOK_SECRET": SECRET, "PORT": str(port)}
    with (tmp_path / "printed").open("wb") as output:
        receiver = subprocess.Popen(
            [sys.executable, "-c", program], env=environment, stdout=output, stderr=subprocess.DEVNULL
        )
    try:
        told = telling(f"http://127.0.0.1:{port}/", delays=(0.2,) * 50)  # until it listens
        told.tell(DEBUNK_ID)
        until(lambda: "delivered" in told.outcomes)
    finally:
        receiver.terminate()
        receiver.wait(LONG_SECONDS)
    printed = (tmp_path / "printed").read_text(encoding="utf-8").split()
    assert printed[1:] == ["https://www.nato.int/cps/en/natohq/115204.htm", "1"]


def test_the_documents_event_has_the_shape_of_a_real_one(desk: Desk, telling: Callable[..., Told]) -> None:
    page = (ROOT / "docs/webhooks.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```json\n(.*?)```", page, re.S)
    telling().tell()
    until(lambda: desk.calls)
    assert shape(json.loads(shown)) == shape(verified(desk.calls[0]))


def shape(value: Any) -> Any:
    return {name: shape(inner) for name, inner in value.items()} if isinstance(value, dict) else type(value)


@pytest.mark.slow
def test_a_server_that_is_stopped_while_a_receiver_hangs_tells_it_when_it_is_started_again(
    desk: Desk, tmp_path: Path
) -> None:
    desk.statuses = [HANG, 204]
    told = {"URL": desk.url, "SECRET": SECRET, "MATCHES": "0"}
    settings = {f"MYTHMATCH_WEBHOOK_{name}": value for name, value in told.items()}
    settings |= {"MYTHMATCH_ENCODER": "toy", "MYTHMATCH_BUILDER": "off", "MYTHMATCH_FETCH_HOSTS": "127.0.0.1"}
    with serving(tmp_path, settings) as server, Client(server.url) as client:
        assert client.match(MYTH)["decision"] == "match"
        until(lambda: desk.calls)
        assert client.match(MYTH)["decision"] == "match"
        client.debunks.get(DEBUNK_ID)
        assert server.stop() == 0
        assert not re.search(r"token-of-ours|MfKQ9r8G", server.logged())
    with serving(tmp_path, settings):
        until(lambda: len(desk.calls) == 2)
    assert len(set(desk.ids())) == 1
    verified(desk.calls[1])
