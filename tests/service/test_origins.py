"""Which web pages may use the service through somebody's browser: its own, those that are named, and no others."""

from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service.app import create_app
from service.errors import InvalidSetting
from service.settings import Settings
from service.worker import Worker

DESK = "https://desk.example"
EVIL = "https://evil.example"
BRIDGE = {"id": "bridge", "myth": "The bridge was sold.", "fact": "It was not."}
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization, content-type"}


def client_of(toy_worker: Worker, folder: Path, **settings: Any) -> FlaskClient:
    """Return a client of an application with its own corpus, and the settings that are given."""
    own = Settings(encoder="toy", data_dir=folder, **settings)
    worker = Worker(own)
    worker._matcher = toy_worker.matcher
    return create_app(own, worker).test_client()


@pytest.fixture
def client(toy_worker: Worker, tmp_path: Path) -> FlaskClient:
    """A client of a service on loopback, with keys off and no origin named."""
    return client_of(toy_worker, tmp_path)


@pytest.fixture
def shared(toy_worker: Worker, tmp_path: Path) -> FlaskClient:
    """A client of a service that the pages of two origins may use."""
    return client_of(toy_worker, tmp_path, cors_origins=f"{DESK}, http://[::1]:3000")


def told(answer: TestResponse) -> tuple[int, str | None]:
    """Return the status, and the error's type where it is one."""
    return answer.status_code, (answer.json or {}).get("error", {}).get("type")


FOREIGN = [
    {"Origin": EVIL},
    {"Origin": "null"},
    {"Origin": "http://localhost:81"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://["},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
]


@pytest.mark.parametrize("headers", FOREIGN)
def test_a_page_of_another_origin_changes_nothing(client: FlaskClient, headers: dict[str, str]) -> None:
    assert told(client.post("/v1/debunks", json=BRIDGE, headers=headers)) == (403, "ForeignOrigin")
    assert told(client.put("/v1/debunks/bridge", json=BRIDGE, headers=headers)) == (403, "ForeignOrigin")
    assert told(client.delete("/v1/feedback?before=2100-01-01T00:00Z", headers=headers)) == (403, "ForeignOrigin")
    plain = {**headers, "Content-Type": "text/plain"}
    assert told(client.post("/v1/match", data='{"text": "a b c d"}', headers=plain)) == (403, "ForeignOrigin")
    assert client.post("/", data={"text": "a b c d"}, headers=headers).status_code == 403
    assert client.get("/v1/debunks/bridge").status_code == 404
    assert client.get("/v1/match?text=a+b+c+d", headers=headers).status_code == 200  # which the page cannot read


@pytest.mark.parametrize(
    "headers",
    [{}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}, {"Origin": "http://localhost"}],
)
def test_its_own_pages_and_what_is_no_browser_write(client: FlaskClient, headers: dict[str, str]) -> None:
    assert client.post("/v1/debunks", json=BRIDGE, headers=headers).status_code == 201
    assert client.post("/", data={"text": "a b c d"}, headers=headers).status_code == 200
    assert client.post("/v1/match", data='{"text": "a b c d"}', headers=headers).status_code == 200


def test_an_origin_with_the_port_of_the_host_is_its_own(client: FlaskClient) -> None:
    same = {"Host": "127.0.0.1:8000", "Origin": "http://127.0.0.1:8000"}
    assert client.post("/v1/debunks", json=BRIDGE, headers=same).status_code == 201


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:8000",
        "localhost.",
        "app.localhost",
        "127.0.0.1:8000",
        "127.9.9.9",
        "[::1]:8000",
        "[::1]",
    ],
)
def test_a_loopback_service_answers_to_its_own_names(client: FlaskClient, host: str) -> None:
    assert client.get("/livez", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example:8000",
        "127.0.0.1.evil.example",
        "10.0.0.1",
        "0.0.0.0",
        "[2001:db8::1]",
        "localhost.evil.example",
        "a b",
    ],
)
def test_a_name_that_was_bound_anew_to_loopback_reads_nothing(client: FlaskClient, host: str) -> None:
    for path in ("/livez", "/v1/debunks", "/v1/feedback", "/nothing"):
        answer = client.get(path, headers={"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"})
        assert told(answer) == (421, "UnknownHost"), path
    assert "MYTHMATCH_HOSTS" in answer.text


def test_a_named_host_is_answered(toy_worker: Worker, tmp_path: Path) -> None:
    client = client_of(toy_worker, tmp_path, hosts="myth.example, Other.example")
    for host, status in (("myth.example", 200), ("OTHER.example:443", 200), ("evil.example", 421)):
        assert client.get("/livez", headers={"Host": host}).status_code == status


@pytest.mark.parametrize("settings", [{"keys": "required"}, {"host": "0.0.0.0", "keys": "off"}])
def test_where_keys_or_a_proxy_guard_the_service_any_host_is_answered(
    toy_worker: Worker, tmp_path: Path, settings: dict[str, str]
) -> None:
    client = client_of(toy_worker, tmp_path, **settings)
    assert client.get("/livez", headers={"Host": "myth.example"}).status_code == 200


def test_no_cors_header_is_sent_where_no_origin_is_named(client: FlaskClient) -> None:
    answers = (
        client.options("/v1/match", headers={"Origin": DESK, **PREFLIGHT}),
        client.get("/v1/match?text=a+b+c+d", headers={"Origin": DESK}),
    )
    for answer in answers:
        assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]


@pytest.mark.parametrize("origin", [DESK, "HTTPS://desk.example", "http://[::1]:3000"])
def test_a_named_origin_is_told_what_it_may_send(shared: FlaskClient, origin: str) -> None:
    answer = shared.options("/v1/match", headers={"Origin": origin, **PREFLIGHT})
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == origin
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert answer.headers["Access-Control-Allow-Headers"] == "authorization, content-type"
    assert answer.headers["Access-Control-Max-Age"] == "600"
    assert answer.headers.getlist("Vary") == ["Origin"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_a_named_origin_reads_answers_and_errors_and_writes(shared: FlaskClient) -> None:
    headers = {"Origin": DESK, "Sec-Fetch-Site": "cross-site"}
    answers = [
        shared.post("/v1/match", json={"text": "a b c d"}, headers=headers),
        shared.post("/v1/match", json={}, headers=headers),
        shared.post("/v1/debunks", json=BRIDGE, headers=headers),
        shared.get("/v1alpha1/claims:search?query=bridge", headers=headers),
    ]
    assert [answer.status_code for answer in answers] == [200, 422, 201, 200]
    for answer in answers:
        assert answer.headers["Access-Control-Allow-Origin"] == DESK
        assert "ETag" in answer.headers["Access-Control-Expose-Headers"]
        assert "Origin" in answer.headers.getlist("Vary")[0]


@pytest.mark.parametrize("origin", [EVIL, f"{DESK}.evil.example", f"{DESK}:444", "http://desk.example", "null"])
def test_an_origin_that_is_not_named_reads_and_writes_nothing(shared: FlaskClient, origin: str) -> None:
    preflight = shared.options("/v1/match", headers={"Origin": origin, **PREFLIGHT})
    read = shared.get("/v1/match?text=a+b+c+d", headers={"Origin": origin})
    for answer in (preflight, read):
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert "Origin" in answer.headers["Vary"]  # a cache is not to give it to a named one
    assert told(shared.post("/v1/debunks", json=BRIDGE, headers={"Origin": origin})) == (403, "ForeignOrigin")


def test_only_the_api_is_shared(shared: FlaskClient) -> None:
    for path in ("/", "/livez", "/static/style.css", "/v1"):
        with shared.get(path, headers={"Origin": DESK}) as answer:
            assert "Access-Control-Allow-Origin" not in answer.headers, path


def test_a_preflight_needs_no_key_and_the_request_does(toy_worker: Worker, tmp_path: Path) -> None:
    client = client_of(toy_worker, tmp_path, cors_origins=DESK, keys="required")
    assert client.options("/v1/match", headers={"Origin": DESK, **PREFLIGHT}).status_code == 204
    assert client.options("/v1/match", headers={"Origin": EVIL, **PREFLIGHT}).status_code == 401
    answer = client.post("/v1/match", json={"text": "a b c d"}, headers={"Origin": DESK})
    assert answer.status_code == 401
    assert answer.headers["Access-Control-Allow-Origin"] == DESK  # so that the page can tell its user


@pytest.mark.parametrize("origins", ["*", "https://*.example", "desk.example", "https://desk.example/", f"{DESK},*"])
def test_what_is_no_origin_stops_the_start(origins: str) -> None:
    with pytest.raises(InvalidSetting, match="MYTHMATCH_CORS_ORIGINS"):
        Settings.from_environment({"MYTHMATCH_CORS_ORIGINS": origins})
