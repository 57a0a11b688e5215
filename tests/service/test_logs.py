"""Logs: one format for every line, each request's one access line with its id, and no line that somebody forged."""

import io
import json
import logging
import re
import socket
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from flask import Flask, g

from service.errors import InvalidSetting
from service.logs import MAX_PATH_CHARS, NOTES, JsonLines, OfRequest, TextLines, access_line
from service.settings import Settings
from tests.real_server import ROOT, RealServer, environment_in, serving

CANARY = "canary-of-somebodys-text"
MYTH = "NATO is at war with Russia in Ukraine"
FORGED = "a\n2026-01-01 00:00:00,000 ERROR service.app: forged\r\x1b[31m\u2028\u202e\x85b"
TOY = {"MYTHMATCH_ENCODER": "toy"}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
STARTS = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (DEBUG|INFO|WARNING|ERROR) [\w.]+: ")


def said(formatter: logging.Formatter, message: str, *arguments: object, **known: Any) -> str:
    """Return what a log on this formatter holds after one record."""
    output = io.StringIO()
    spoken = logging.StreamHandler(output)
    spoken.setFormatter(formatter)
    spoken.addFilter(OfRequest())
    log = logging.Logger("service.somewhere")
    log.addHandler(spoken)
    log.warning(message, *arguments, **known)
    return output.getvalue()


def test_a_line_of_json_says_when_how_bad_who_and_what() -> None:
    line = json.loads(said(JsonLines(), "ready: %d debunks", 5, extra={"took_ms": 1.5, "decision": None}))
    assert TIME.fullmatch(line["time"])
    assert datetime.fromisoformat(line.pop("time")).utcoffset() == timedelta(0)
    assert line == {"level": "warning", "logger": "service.somewhere", "message": "ready: 5 debunks", "took_ms": 1.5}


def test_a_record_that_a_request_causes_has_its_id() -> None:
    with Flask(__name__).test_request_context("/"):
        g.request_id = "my-id"
        assert json.loads(said(JsonLines(), "hello"))["request_id"] == "my-id"
        assert said(TextLines(), "hello").endswith("WARNING service.somewhere: hello request_id=my-id\n")
    assert "request_id" not in json.loads(said(JsonLines(), "hello"))


@pytest.mark.parametrize("as_argument", [True, False])
def test_nothing_that_is_logged_can_look_like_another_line(as_argument: bool) -> None:
    message = ("met %s", FORGED) if as_argument else (FORGED.replace("%", "%%"),)
    written = said(JsonLines(), *message, extra={"key": FORGED})
    assert written.isascii()
    assert written.count("\n") == 1
    assert json.loads(written)["key"] == FORGED
    text = said(TextLines(), *message, extra={"key": FORGED})
    assert [
        line for line in re.split(r"[\r\n\x85\u2028\u2029\x0b\x0c]", text)[1:-1] if not line.startswith("    ")
    ] == []
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202e]", text)


def test_a_traceback_is_indented_in_text_and_a_field_in_json() -> None:
    try:
        raise ValueError(FORGED)
    except ValueError as error:
        met = error
    text = said(TextLines(), "failed", exc_info=met)
    assert [line for line in text.splitlines()[1:] if not line.startswith("    ")] == []
    line = json.loads(said(JsonLines(), "failed", exc_info=met))
    assert line["exc_info"].startswith("Traceback (most recent call last):\n")


def test_an_access_line_has_no_query_and_of_a_path_only_its_beginning() -> None:
    environ = {
        "REMOTE_ADDR": "192.0.2.1",
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/a\nb\x80" + "c" * 1000,
        "QUERY_STRING": CANARY,
        "RAW_URI": CANARY,
        NOTES: {"request_id": "my-id", "endpoint": None},
    }
    message, fields = access_line(environ, "404 Not Found", 12, timedelta(milliseconds=3.26))
    assert len(fields.pop("path")) == MAX_PATH_CHARS  # type: ignore[arg-type]  # it is a string
    assert message.startswith('192.0.2.1 "GET /a%0Ab%80ccc')
    assert message.endswith('ccc" 404 12 bytes 3.3 ms')
    assert CANARY not in message + json.dumps(fields)
    known = {"request_id": "my-id", "endpoint": None, "client": "192.0.2.1", "method": "GET"}
    assert fields == {**known, "status": 404, "bytes": 12, "took_ms": 3.3}


@pytest.mark.parametrize("setting", ["log_format", "log_level"])
def test_a_format_or_level_that_there_is_not_is_told(setting: str) -> None:
    with pytest.raises(InvalidSetting, match=f"MYTHMATCH_{setting.upper()}: met 'xml'; expected one of"):
        Settings.from_environment({f"MYTHMATCH_{setting.upper()}": "xml"})


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> RealServer:
    """A server that logs JSON and was asked in many ways, with a change for its builder, and then stopped."""
    settings = {**TOY, "MYTHMATCH_LOG_FORMAT": "json", "MYTHMATCH_LOG_LEVEL": "debug"}
    with serving(tmp_path_factory.mktemp("json"), settings) as server:
        ask(server)
        bridge = {"id": "bridge", "myth": "The bridge was sold", "fact": "It was not."}
        httpx.post(f"{server.url}/v1/debunks", json=bridge, headers={"X-Request-ID": "write-1"}).raise_for_status()
        wait_until_matched(server, "bridge")
        assert server.stop() == 0
    return server


def ask(server: RealServer) -> None:
    for number, (method, path, body) in enumerate(
        [
            ("POST", "/v1/match", json.dumps({"text": f"{MYTH}"}).encode()),
            ("POST", "/v1/match", json.dumps({"text": CANARY, "lang": CANARY}).encode()),
            ("GET", f"/v1/match?text={CANARY}", b""),
            ("GET", "/a%0A%7B%22forged%22%3A1%7D", b""),
            ("GET", "/v1/debunks/a%0Ab", b""),
        ]
    ):
        httpx.request(method, f"{server.url}{path}", content=body, headers={"X-Request-ID": f"asked-{number}"})
    httpx.get(f"{server.url}/livez", headers={"X-Request-ID": "a\tb"})
    httpx.get(f"{server.url}/v1/match?text={CANARY * 1000}")
    address = httpx.URL(server.url)
    with socket.create_connection((address.host, address.port or 0), timeout=10) as connection:
        connection.sendall(b"GET /x HTTP/1.1\r\nHost: x\r\nX-Request-ID: a\rb\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass


def wait_until_matched(server: RealServer, debunk_id: str) -> None:
    for _ in range(300):
        answer = httpx.post(f"{server.url}/v1/match", json={"text": "The bridge was sold"}).json()
        if answer["matches"][0]["debunk"]["id"] == debunk_id:
            return
    raise AssertionError("it was not matched")


@pytest.fixture
def lines(told: RealServer) -> list[dict[str, Any]]:
    return [json.loads(line) for line in told.logged().splitlines()]


@pytest.mark.slow
def test_every_line_of_a_real_server_is_a_record_in_json(lines: list[dict[str, Any]]) -> None:
    for line in lines:
        assert {"time", "level", "logger", "message"} <= set(line), line
        assert TIME.fullmatch(line["time"]), line
    loggers = {line["logger"] for line in lines}
    assert {"gunicorn.error", "gunicorn.access", "service.worker", "service.watching", "scripts.serve"} <= loggers


@pytest.mark.slow
def test_a_request_has_one_access_line_with_its_id(lines: list[dict[str, Any]]) -> None:
    accessed = {line["request_id"]: line for line in lines if line["logger"] == "gunicorn.access"}
    assert len(accessed) == sum(line["logger"] == "gunicorn.access" for line in lines)
    matched = accessed["asked-0"]
    assert (matched["method"], matched["path"], matched["endpoint"]) == ("POST", "/v1/match", "match.post_match")
    assert (matched["status"], matched["decision"], matched["client"]) == (200, "match", "127.0.0.1")
    assert matched["bytes"] > 1000
    assert 0 < matched["took_ms"] < 60_000
    refused = accessed["asked-1"]
    assert (refused["status"], refused["error"]) == (422, "InvalidRequest")
    assert "decision" not in refused
    unknown = accessed["asked-3"]
    assert (unknown["status"], "endpoint" in unknown) == (404, False)
    assert unknown["path"] == "/a%0A%7B%22forged%22%3A1%7D"
    assert "a\tb" not in accessed


@pytest.mark.slow
def test_what_never_reached_the_application_has_a_line_with_an_id_too(lines: list[dict[str, Any]]) -> None:
    refused = [line for line in lines if line["message"].startswith("refused a request")]
    assert [(line["status"], line["error"]) for line in refused] == [
        (414, "LimitRequestLine"),
        (400, "InvalidHeader"),
    ]
    assert all(re.fullmatch(r"[0-9a-f]{32}", line["request_id"]) for line in refused)


@pytest.mark.slow
def test_a_log_of_json_holds_no_text_and_no_query(told: RealServer) -> None:
    assert CANARY not in told.logged()
    assert MYTH not in told.logged()


@pytest.mark.slow
def test_a_log_of_text_has_one_format_and_only_records_at_the_margin(tmp_path: Path) -> None:
    with serving(tmp_path, TOY) as server:
        ask(server)
        assert server.stop() == 0
    told_plainly = ("Mythmatch keeps its files", "Mythmatch listens on")
    margin = [line for line in server.logged().splitlines() if not line.startswith(("    ", *told_plainly))]
    assert len(margin) > 10
    assert [line for line in margin if not STARTS.match(line)] == []
    (matched,) = [line for line in margin if "request_id=asked-0" in line]
    assert '"POST /v1/match" 200' in matched
    assert matched.endswith(" request_id=asked-0 endpoint=match.post_match decision=match")
    assert CANARY not in server.logged()


@pytest.mark.slow
def test_a_warning_of_a_library_and_a_failing_thread_come_in_the_same_format(tmp_path: Path) -> None:
    program = f"""
import threading, warnings
from service.logs import configure
configure("json", "info")
warnings.warn("old {CANARY}", DeprecationWarning, stacklevel=1)
def fail(): raise RuntimeError("quotes-a-text")
thread = threading.Thread(target=fail, name="some-thread"); thread.start(); thread.join()
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment_in(tmp_path, {}),
        capture_output=True,
        text=True,
        check=True,
    )
    warned, failed = (json.loads(line) for line in done.stderr.splitlines())
    assert (warned["level"], warned["logger"]) == ("warning", "py.warnings")
    assert CANARY in warned["message"]
    assert failed["message"].startswith("the thread some-thread ended by RuntimeError\n")
    assert "quotes-a-text" not in done.stderr


@pytest.mark.slow
def test_a_level_leaves_out_what_is_below_it(tmp_path: Path) -> None:
    with serving(tmp_path, {**TOY, "MYTHMATCH_LOG_LEVEL": "error"}) as server:
        assert server.stop() == 0
    assert " INFO " not in server.logged()
    assert "GET /readyz" not in server.logged()
