"""Access: every route asks for its scope, keys are taken from every place, and away from loopback all is closed."""

import base64
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from corpus.keys import SCOPES as ALL_SCOPES
from corpus.keys import KeyStore, Scope
from corpus.store import CorpusStore
from service import access
from service.access import KEY_RING, SCOPES, is_loopback, requires_keys
from service.app import STORES, create_app
from service.settings import Settings
from service.worker import Worker
from tests.service.parts import BRIDGE, message, told

# what may ever be seen without a key: liveness, and documents that are the same for everybody
PUBLIC = {
    "/livez",
    "/readyz",
    "/static/<path:filename>",
    "/openapi.json",
    "/reference",
    "/$discovery/rest",
    "/discovery/v1/apis/<api>/<version>/rest",
}
NOT_OFFERED = {"fact_check.pages", "discovery.unknown"}  # they only say so, whatever the method
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
NO_KEY, NO_SCOPE = 401, 403


@contextmanager
def requiring(settings: Settings) -> Iterator[Flask]:
    """Yield a service that requires keys."""
    app = create_app(settings.model_copy(update={"keys": "required"}), Worker(settings))
    yield app
    app.extensions[KEY_RING].close()
    app.extensions[STORES].close()


@pytest.fixture
def keys(store: CorpusStore) -> dict[Scope, str]:
    """A key of each scope, named after it."""
    made = KeyStore(store.database)
    return {scope: made.make(f"the-{scope}", [scope])[0] for scope in ALL_SCOPES}


@pytest.fixture
def app(edited: Settings, keys: dict[Scope, str]) -> Iterator[Flask]:
    """The service, which requires keys, and starts after they were made."""
    with requiring(edited) as made:
        yield made


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def paths(app: Flask) -> list[tuple[Rule, str]]:
    """Return every rule with a path that it takes."""
    return [(rule, re.sub(r"<[^>]*>", "7", rule.rule)) for rule in app.url_map.iter_rules()]


def endpoint_of(app: Flask, path: str, method: str) -> str | None:
    adapter = app.url_map.bind("localhost")
    return str(adapter.match(path, method)[0]) if adapter.test(path, method) else None


def test_without_a_key_every_route_and_method_but_the_public_ones_is_401(app: Flask, client: FlaskClient) -> None:
    open_rules = set()
    for rule, path in paths(app):
        for method in METHODS:
            answer = client.open(path, method=method)
            if method in (rule.methods or ()) and answer.status_code != NO_KEY:
                open_rules.add(rule.rule)
            elif answer.status_code == NO_KEY:
                assert len(answer.headers.getlist("WWW-Authenticate")) == 2, (method, path)
    assert open_rules <= PUBLIC
    assert open_rules >= {"/livez", "/readyz", "/static/<path:filename>"}


@pytest.mark.parametrize("held", ALL_SCOPES)
def test_a_key_gets_what_the_table_says_and_no_more(
    app: Flask, client: FlaskClient, keys: dict[Scope, str], held: Scope
) -> None:
    for _, path in paths(app):
        for method in METHODS:
            endpoint = endpoint_of(app, path, method)
            asked = None if endpoint is None or method == "OPTIONS" else SCOPES[endpoint]
            status = client.open(path, method=method, headers=bearer(keys[held])).status_code
            if asked is None or held in (asked, "admin"):
                assert status not in (NO_KEY, NO_SCOPE), (method, path)
            else:
                assert status == NO_SCOPE, (method, path)


def test_the_table_names_every_endpoint_and_no_other(app: Flask) -> None:
    assert {rule.endpoint for rule in app.url_map.iter_rules()} == set(SCOPES)


def test_what_changes_the_corpus_or_shows_what_people_sent_is_in_no_lower_scope(app: Flask) -> None:
    for rule, _ in paths(app):
        if {"PUT", "PATCH", "DELETE"} & (rule.methods or set()) and rule.endpoint not in NOT_OFFERED:
            assert SCOPES[rule.endpoint] in ("write", "admin"), rule
        if re.match(r"/v1/(feedback|texts)", rule.rule) and "POST" not in (rule.methods or ()):
            assert SCOPES[rule.endpoint] == "admin", rule


def test_an_endpoint_that_is_not_in_the_table_needs_admin(app: Flask, keys: dict[Scope, str]) -> None:
    app.add_url_rule("/forgotten", "forgotten", lambda: "open")
    client = app.test_client()
    assert client.get("/forgotten").status_code == NO_KEY
    statuses = [client.get("/forgotten", headers=bearer(keys[scope])).status_code for scope in ALL_SCOPES]
    assert statuses == [NO_SCOPE, NO_SCOPE, NO_SCOPE, 200]


@pytest.mark.parametrize("method", METHODS)
def test_without_a_key_nobody_learns_what_there_is(client: FlaskClient, keys: dict[Scope, str], method: str) -> None:
    for path in ("/absent", "/v1/model", "/v1/debunks/bridge", "/v1/match/", "/livez/"):
        assert client.open(path, method=method).status_code == NO_KEY
    assert client.open("/absent", method=method, headers=bearer(keys["read"])).status_code == 404
    allowed = client.open("/v1/match", method="PUT", headers=bearer(keys["read"]))
    assert (allowed.status_code, set(allowed.headers["Allow"].split(", "))) == (405, {"GET", "HEAD", "OPTIONS", "POST"})


def test_each_refusal_says_what_is_wrong(client: FlaskClient, keys: dict[Scope, str]) -> None:
    missing = client.get("/v1/model")
    assert "no key was sent, and this needs one; send it as `Authorization: Bearer" in message(
        missing, 401, "KeyMissing"
    )
    assert missing.headers.getlist("WWW-Authenticate") == [
        'Basic realm="Mythmatch", charset="UTF-8"',
        'Bearer realm="Mythmatch"',
    ]
    wrong = keys["read"][:-1] + ("A" if keys["read"][-1] != "A" else "B")
    for key in (wrong, f"mm_{'0' * 12}{keys['read'][15:]}", "x", "Ы", "mm_"):
        refused = client.get("/v1/model", query_string={"key": key})
        assert "is not known here; check that it was copied as a whole" in message(refused, 401, "KeyRefused")
        assert len(refused.headers.getlist("WWW-Authenticate")) == 2
    low = client.get("/v1/model", headers=bearer(keys["match"]))
    assert message(low, 403, "ScopeMissing") == (
        "the key 'the-match' has the scope match; this needs read: use a key that has it"
    )
    assert "WWW-Authenticate" not in low.headers


def test_a_key_that_is_revoked_or_expired_is_refused_with_the_reason(edited: Settings, store: CorpusStore) -> None:
    made = KeyStore(store.database)
    revoked, _ = made.make("rita", ["read"])
    made.revoke("rita")
    expired, _ = made.make("ed", ["read"], datetime.now(UTC) + timedelta(seconds=60))
    with store.database.writing() as connection:  # as if the minute had passed
        connection.execute(sa.text("UPDATE keys SET expires_at = '2026-01-01 00:00:00.000000' WHERE name = 'ed'"))
    with requiring(edited) as app:
        answers = [app.test_client().get("/v1/model", headers=bearer(key)) for key in (revoked, expired)]
    assert "the key 'rita' was revoked" in message(answers[0], 401, "KeyRefused")
    assert "the key 'ed' is expired" in message(answers[1], 401, "KeyRefused")


def ways(key: str) -> dict[str, tuple[dict[str, str], dict[str, str]]]:
    """Return the headers and the query of each way to send a key."""
    return {
        "bearer": (bearer(key), {}),
        "bearer in lower case": ({"Authorization": f"bearer {key}"}, {}),
        "X-API-Key": ({"X-API-Key": key}, {}),
        "X-goog-api-key": ({"X-goog-api-key": key}, {}),
        "query": ({}, {"key": key}),
        "password": (basic("anybody", key), {}),
        "user": (basic(key, ""), {}),
        "header beside a proxy's password": ({**basic("proxy", "secret"), "X-API-Key": key}, {}),
        "query beside a proxy's password": (basic("proxy", "secret"), {"key": key}),
        "header beside an empty field": ({"X-API-Key": key}, {"key": ""}),
    }


@pytest.mark.parametrize("way", ways(""))
def test_a_key_is_taken_from_every_place_that_clients_put_one(
    client: FlaskClient, keys: dict[Scope, str], way: str
) -> None:
    def listed(key: str) -> TestResponse:
        headers, query = ways(key)[way]
        return client.get("/v1/debunks", headers=headers, query_string={"limit": "1", **query})

    assert len(told(listed(keys["read"]), 200)["debunks"]) == 1
    assert listed(keys["match"]).status_code == NO_SCOPE
    assert listed("mm_unknown").status_code == NO_KEY


@pytest.mark.parametrize("sent", ["Basic", "Basic !!!", "Bearer", "Digest a=b", "Basic Og==", "\x00", "Bearer a=b"])
def test_an_authorization_that_holds_no_key_is_no_key(client: FlaskClient, sent: str) -> None:
    message(client.get("/v1/model", headers={"Authorization": sent}), 401, "KeyMissing")


def test_the_author_of_a_write_is_the_keys_name_and_not_who_it_says_it_is(
    client: FlaskClient, keys: dict[Scope, str]
) -> None:
    sent = {**bearer(keys["write"]), "X-Author": "somebody else"}
    told(client.post("/v1/debunks", json=BRIDGE, headers=sent), 201)
    word = {"verdict": "reject", "debunk_id": "bridge", "text": "t", "lang": "en"}
    told(client.post("/v1/feedback", json=word, headers=sent), 201)
    history = told(client.get("/v1/debunks/bridge/history", headers=bearer(keys["read"])), 200)
    assert [version["author"] for version in history["versions"]] == ["api:the-write"]
    feedback = client.get("/v1/feedback", headers=bearer(keys["admin"])).text
    assert '"api:the-write"' in feedback
    assert "somebody else" not in feedback


def test_the_page_opens_with_a_key_as_the_password(client: FlaskClient, keys: dict[Scope, str]) -> None:
    closed = client.post("/", data={"text": "said"})
    assert (closed.status_code, closed.mimetype) == (NO_KEY, "text/html")
    assert closed.headers.getlist("WWW-Authenticate")[0].startswith("Basic realm=")
    opened = client.get("/", headers=basic("", keys["match"]))
    assert (opened.status_code, "<textarea" in opened.text) == (200, True)
    assert client.post("/", data={"text": "said"}, headers=basic("", keys["match"])).status_code == 503  # not loaded


@pytest.mark.parametrize(("rule", "host"), [("auto", "127.0.0.1"), ("auto", "localhost"), ("off", "0.0.0.0")])
@pytest.mark.parametrize("way", ["bearer", "X-API-Key", "query", "password"])
def test_where_no_key_is_required_any_is_taken_and_ignored(
    edited: Settings, store: CorpusStore, rule: str, host: str, way: str
) -> None:
    app = create_app(edited.model_copy(update={"keys": rule, "host": host}), Worker(edited))
    headers, query = ways("whatever")[way]
    created = app.test_client().post(
        "/v1/debunks", json=BRIDGE, headers={**headers, "X-Author": "anna"}, query_string=query
    )
    told(created, 201)
    assert len(told(app.test_client().get("/v1/debunks", headers=headers, query_string=query), 200)["debunks"]) == 6
    assert store.history("bridge")[0].author == "api:anna"
    app.extensions[STORES].close()


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.9.10", True),
        ("::1", True),
        ("0:0:0:0:0:0:0:1", True),
        ("::ffff:127.0.0.1", True),
        ("localhost", True),
        ("LocalHost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("::ffff:0.0.0.0", False),
        ("10.0.0.1", False),
        ("192.168.1.1", False),
        ("169.254.1.1", False),
        ("128.0.0.1", False),
        ("fe80::1", False),
        ("example.org", False),
        ("localhost.example.org", False),
        ("127.0.0.1.example.org", False),
        ("unix", False),
        ("unix:/run/mythmatch.sock", False),
        ("127.1", False),  # is one for some programs and none for others, so it is safer to take it for none
        ("0", False),
        ("", False),
    ],
)
def test_a_loopback_host_is_told_from_every_other(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


def test_keys_are_required_as_they_are_set_or_away_from_loopback() -> None:
    required = {
        (rule, host): requires_keys(Settings(keys=rule, host=host))
        for rule in ("auto", "required", "off")
        for host in ("127.0.0.1", "0.0.0.0")
    }
    assert required == {
        ("auto", "127.0.0.1"): False,
        ("auto", "0.0.0.0"): True,
        ("required", "127.0.0.1"): True,
        ("required", "0.0.0.0"): True,
        ("off", "127.0.0.1"): False,
        ("off", "0.0.0.0"): False,
    }


def test_a_start_without_keys_says_once_how_to_make_one(
    edited: Settings, store: CorpusStore, caplog: pytest.LogCaptureFixture
) -> None:
    with requiring(edited) as app:
        for _ in range(3):
            assert app.test_client().get("/v1/model", headers=bearer("mm_unknown")).status_code == NO_KEY
    assert caplog.text.count("make one by `python -m scripts.keys make NAME --scope admin`") == 1


def test_a_start_with_keys_off_away_from_loopback_warns(edited: Settings, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        create_app(edited.model_copy(update={"keys": "off", "host": "0.0.0.0"}), Worker(edited))
    assert "keys are off on 0.0.0.0: whoever reaches it may write" in caplog.text


def test_a_key_is_in_no_answer_that_refuses_it(client: FlaskClient, keys: dict[Scope, str]) -> None:
    key = keys["match"]
    answers = [client.get(f"/v1/match?text=%20&key={quote(key)}"), client.get(f"/v1/debunks?key={quote(key)}")]
    assert [answer.status_code for answer in answers] == [422, NO_SCOPE]
    assert all(key not in answer.text for answer in answers)


def test_the_day_of_a_keys_last_use_is_kept(
    app: Flask, client: FlaskClient, keys: dict[Scope, str], store: CorpusStore
) -> None:
    assert client.get("/v1/debunks", headers=bearer(keys["read"])).status_code == 200
    assert client.get("/v1/debunks", headers=bearer(keys["match"])).status_code == NO_SCOPE
    app.extensions[KEY_RING].close()
    used = {key.name: key.last_used for key in KeyStore(store.database).all()}
    assert used.pop("the-read") in (datetime.now(UTC).date(), date.today())
    assert set(used.values()) == {None}


def test_a_key_is_asked_for_before_anything_is_read(client: FlaskClient) -> None:
    for body in (b"no JSON", b"{" * 100_000):
        assert message(client.post("/v1/match", data=body), 401, "KeyMissing")


def test_the_scopes_of_the_table_are_scopes() -> None:
    assert set(SCOPES.values()) <= {*ALL_SCOPES, None}
    assert access.ANY not in ALL_SCOPES


def test_a_database_that_was_never_reached_is_503_and_not_401(tmp_path: Path) -> None:
    (tmp_path / "late").write_text("a file where the folder should be", encoding="utf-8")
    url = f"sqlite:///{tmp_path / 'late'}/c.db"
    with requiring(Settings(encoder="toy", data_dir=tmp_path / "data", database_url=url)) as app:
        client = app.test_client()
        for _ in range(2):
            answer = client.get("/v1/model", headers=bearer("mm_x"))
            assert "cannot read the keys: " in message(answer, 503, "StoreError")
        assert client.get("/livez").status_code == 200
        assert client.get("/v1/model").status_code == NO_KEY
