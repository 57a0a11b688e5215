"""Rate limits: each key and each address has its share, across hosts where a Redis counts, and with none of them."""

import logging
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask, Response, jsonify
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from corpus.keys import KeyStore
from corpus.store import CorpusStore
from service.access import KEY_RING, SCOPES
from service.app import LIMITS, STORES, create_app
from service.errors import InvalidSetting
from service.limits import network
from service.settings import Settings
from service.worker import Worker
from tests.redis_server import RedisServer, redis_server
from tests.service.parts import message

SPENT, ANSWERED = 429, 200
BACK_SECONDS = 20.0  # a Redis that is back is noticed after 1, 2, 4 ... s


@pytest.fixture(scope="module")
def redis_of_module() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.fixture
def redis(redis_of_module: RedisServer) -> RedisServer:
    """An empty Redis that runs, whatever the last test did to it."""
    redis_of_module.kill()
    redis_of_module.start()
    return redis_of_module


def limited(worker: Worker, **settings: object) -> Flask:
    """Return a service with rate limits."""
    return create_app(worker.settings.model_copy(update=settings), worker)


def ask(client: FlaskClient, address: str = "192.0.2.1", **headers: str) -> TestResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.get("/v1/model", environ_base={"REMOTE_ADDR": address}, headers=named)


def statuses(client: FlaskClient, times: int, address: str = "192.0.2.1", **headers: str) -> list[int]:
    return [ask(client, address, **headers).status_code for _ in range(times)]


def test_without_a_rate_nothing_is_counted(toy_worker: Worker) -> None:
    client = limited(toy_worker).test_client()
    answer = ask(client)
    assert statuses(client, 50) == [ANSWERED] * 50
    assert [name for name, _ in answer.headers if "RateLimit" in name] == []


def test_each_answer_says_what_is_left_and_a_refusal_when_to_come_again(toy_worker: Worker) -> None:
    client = limited(toy_worker, rate_limit="3/hour").test_client()
    for left in (2, 1, 0):
        answer = ask(client)
        assert (answer.status_code, answer.headers["RateLimit-Limit"]) == (ANSWERED, "3")
        assert answer.headers["RateLimit-Remaining"] == str(left)
        assert 0 < int(answer.headers["RateLimit-Reset"]) <= 3600
        assert "Retry-After" not in answer.headers
    refused = ask(client)
    assert refused.status_code == SPENT
    assert 0 < int(refused.headers["Retry-After"]) <= 3600
    assert refused.headers["RateLimit-Remaining"] == "0"
    assert refused.json is not None
    assert set(refused.json["error"]) == {"type", "message", "request_id"}
    assert refused.json["error"]["type"] == "TooManyRequests"
    assert "3 per 1 hour are used up; try again in" in refused.json["error"]["message"]


@pytest.mark.slow
def test_who_comes_again_when_told_to_is_answered(toy_worker: Worker) -> None:
    client = limited(toy_worker, rate_limit="4/second").test_client()
    refused = next(answer for answer in iter(lambda: ask(client), None) if answer.status_code == SPENT)
    time.sleep(int(refused.headers["Retry-After"]))
    assert ask(client).status_code == ANSWERED


@pytest.mark.slow
def test_a_spent_rate_comes_back_little_by_little_also_for_who_goes_on_asking(toy_worker: Worker) -> None:
    client = limited(toy_worker, rate_limit="20/2 seconds").test_client()
    began = 2 * (time.time() // 2 + 1)  # the library's windows begin at even seconds
    time.sleep(began - time.time())
    assert statuses(client, 20) == [ANSWERED] * 20
    met = []
    while time.time() < began + 2.6:
        met.append(ask(client).status_code)
        time.sleep(0.01)
    assert met.count(ANSWERED) <= 8  # with windows that begin anew all twenty would be there again


def test_all_routes_share_one_account_but_each_address_has_its_own(toy_worker: Worker) -> None:
    client = limited(toy_worker, rate_limit="3/hour").test_client()
    for path in ("/v1/model", "/v1/debunks", "/"):
        assert client.get(path).status_code == ANSWERED
    assert client.post("/v1/match", json={"text": "NATO"}).status_code == SPENT
    assert ask(client, "192.0.2.2").status_code == ANSWERED


def test_several_rates_hold_at_once(toy_worker: Worker) -> None:
    client = limited(toy_worker, rate_limit="100/minute; 2/hour").test_client()
    assert statuses(client, 3) == [ANSWERED, ANSWERED, SPENT]


def test_probes_and_what_is_open_to_everybody_are_not_counted(toy_worker: Worker) -> None:
    app = limited(toy_worker, rate_limit="1/hour")
    client = app.test_client()
    assert statuses(client, 2) == [ANSWERED, SPENT]
    free = [rule.rule for rule in app.url_map.iter_rules() if SCOPES.get(rule.endpoint, "admin") is None]
    assert {"/livez", "/readyz"} <= set(free)
    for path in ("/livez", "/readyz", "/static/style.css", *({"/openapi.json"} & set(free))):
        with client.get(path) as answer:
            assert answer.status_code == ANSWERED
            assert "RateLimit-Limit" not in answer.headers
    assert client.options("/v1/match").status_code == ANSWERED


def test_each_surface_refuses_in_its_own_shape(toy_worker: Worker) -> None:
    client = limited(toy_worker, rate_limit="1/hour").test_client()
    ask(client, "127.0.0.1")
    page = client.post("/", data={"text": "NATO"})
    google = client.get("/v1alpha1/claims:search?query=NATO")
    for answer in (page, google):
        assert answer.status_code == SPENT
        assert "Retry-After" in answer.headers
    assert "are used up" in page.text
    assert page.mimetype == "text/html"
    assert google.json is not None
    assert google.json["error"]["code"] == SPENT


def test_each_key_has_its_own_account_wherever_it_comes_from(edited: Settings, store: CorpusStore) -> None:
    keys = KeyStore(store.database)
    anna, bela = (keys.make(name, ["read"])[0] for name in ("anna", "bela"))
    app = limited(Worker(edited), keys="required", rate_limit="2/hour")
    client = app.test_client()
    met = [ask(client, address, X_API_Key=anna).headers.get("RateLimit-Remaining") for address in ("::1", "192.0.2.9")]
    assert met == ["1", "0"]
    assert ask(client, "192.0.2.10", X_API_Key=anna).status_code == SPENT
    assert ask(client, X_API_Key=bela).headers["RateLimit-Remaining"] == "1"
    app.extensions[KEY_RING].close()
    app.extensions[STORES].close()


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("192.0.2.1:4711", "192.0.2.1:4711"),
        ("", ""),
    ],
)
def test_an_ipv6_address_is_counted_with_its_network(address: str, counted: str) -> None:
    assert network(address) == counted


def test_behind_proxies_the_address_is_the_one_that_they_saw(toy_worker: Worker) -> None:
    behind = limited(toy_worker, rate_limit="1/hour", proxies=2).test_client()
    assert ask(behind, X_Forwarded_For="6.6.6.6, 192.0.2.7, 10.0.0.1").status_code == ANSWERED
    assert ask(behind, X_Forwarded_For="7.7.7.7, 192.0.2.7, 10.0.0.2").status_code == SPENT  # what the client wrote
    assert ask(behind, X_Forwarded_For="6.6.6.6, 192.0.2.8, 10.0.0.1").status_code == ANSWERED


def test_without_proxies_nobody_makes_up_an_address(toy_worker: Worker) -> None:
    client = limited(toy_worker, rate_limit="1/hour").test_client()
    assert ask(client, X_Forwarded_For="192.0.2.7").status_code == ANSWERED
    assert ask(client, X_Forwarded_For="192.0.2.8").status_code == SPENT


def batching(worker: Worker, rates: str, **settings: object) -> FlaskClient:
    """Return a service that has a batch of as many texts as a path says."""
    app = limited(worker, rate_limit=rates, **settings)

    def take(texts: int) -> Response:
        app.extensions[LIMITS].charge(texts)
        return jsonify({"texts": texts})

    app.add_url_rule("/batch/<int:texts>", "batch", take)
    return app.test_client()


def test_a_batch_counts_as_many_as_it_has_texts(toy_worker: Worker) -> None:
    client = batching(toy_worker, "10/hour")
    assert client.get("/batch/7").headers["RateLimit-Remaining"] == "3"
    assert client.get("/batch/1").headers["RateLimit-Remaining"] == "2"
    assert client.get("/batch/2").headers["RateLimit-Remaining"] == "0"
    assert client.get("/batch/1").status_code == SPENT


def test_a_batch_without_room_is_refused_as_a_whole_and_counts_once(toy_worker: Worker) -> None:
    client = batching(toy_worker, "10/hour")
    refused = client.get("/batch/11")
    assert "10 per 1 hour leave no room for 11 texts" in message(refused, SPENT, "TooManyRequests")
    assert refused.headers["Retry-After"] == "3600"
    assert client.get("/batch/9").headers["RateLimit-Remaining"] == "0"


def test_a_batch_is_refused_by_the_narrowest_rate_and_counted_by_none(toy_worker: Worker) -> None:
    client = batching(toy_worker, "100/minute; 5/hour")
    assert client.get("/batch/6").status_code == SPENT
    assert client.get("/batch/4").status_code == ANSWERED
    assert client.get("/batch/1").status_code == SPENT


def test_where_no_rate_is_set_a_batch_may_have_any_number_of_texts(toy_worker: Worker) -> None:
    assert batching(toy_worker, "").get("/batch/1000000").status_code == ANSWERED


@pytest.mark.slow
def test_two_hosts_that_share_a_redis_share_each_account(toy_worker: Worker, redis: RedisServer) -> None:
    hosts = [limited(toy_worker, rate_limit="5/hour", rate_limit_storage=redis.url).test_client() for _ in range(2)]
    left = [ask(hosts[number % 2]).headers["RateLimit-Remaining"] for number in range(5)]
    assert left == ["4", "3", "2", "1", "0"]
    assert [ask(host).status_code for host in hosts] == [SPENT, SPENT]
    assert ask(hosts[0], "192.0.2.2").status_code == ANSWERED


@pytest.mark.slow
def test_many_threads_of_two_hosts_get_no_more_than_the_rate(toy_worker: Worker, redis: RedisServer) -> None:
    hosts = [limited(toy_worker, rate_limit="30/hour", rate_limit_storage=redis.url) for _ in range(2)]
    with ThreadPoolExecutor(8) as callers:
        asked = [callers.submit(statuses, hosts[number % 2].test_client(), 10) for number in range(8)]
        met = [status for each in asked for status in each.result()]
    assert met.count(ANSWERED) == 30
    assert met.count(SPENT) == 50


@pytest.mark.slow
def test_a_batch_is_charged_in_the_shared_redis(toy_worker: Worker, redis: RedisServer) -> None:
    one, other = (batching(toy_worker, "10/hour", rate_limit_storage=redis.url) for _ in range(2))
    assert one.get("/batch/9").headers["RateLimit-Remaining"] == "1"
    assert other.get("/batch/2").status_code == SPENT


@pytest.mark.slow
def test_when_the_redis_dies_each_host_goes_on_counting_by_itself_and_says_so_once(
    toy_worker: Worker, redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    clients = [batching(toy_worker, "3/hour", rate_limit_storage=redis.url) for _ in range(2)]
    assert [ask(client).status_code for client in clients] == [ANSWERED] * 2
    redis.kill()
    assert [statuses(client, 5) for client in clients] == [[ANSWERED] * 3 + [SPENT] * 2] * 2
    assert clients[0].get("/batch/2", environ_base={"REMOTE_ADDR": "192.0.2.5"}).status_code == ANSWERED
    told_of = [record for record in caplog.records if "unreachable" in record.getMessage()]
    assert len(told_of) == 2  # one for each host
    assert [record for record in caplog.records if record.exc_info or record.levelno > logging.WARNING] == []


@pytest.mark.slow
def test_requests_of_many_threads_go_on_while_the_redis_dies(
    toy_worker: Worker, redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    app = limited(toy_worker, rate_limit="100000/hour", rate_limit_storage=redis.url)
    with ThreadPoolExecutor(8) as callers:
        asked = [callers.submit(statuses, app.test_client(), 60) for _ in range(8)]
        redis.kill()
        met = {status for each in asked for status in each.result()}
    assert met == {ANSWERED}
    assert [record for record in caplog.records if record.exc_info] == []


@pytest.mark.slow
def test_a_redis_that_is_back_counts_again(
    toy_worker: Worker, redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    hosts = [limited(toy_worker, rate_limit="1000/hour", rate_limit_storage=redis.url).test_client() for _ in range(2)]
    redis.kill()
    assert [ask(host).status_code for host in hosts] == [ANSWERED] * 2
    redis.start()
    deadline = time.monotonic() + BACK_SECONDS
    while time.monotonic() < deadline:  # until each sees what the other counts
        first, second = (int(ask(host, "192.0.2.3").headers["RateLimit-Remaining"]) for host in hosts)
        if second == first - 1 and redis.keys():
            break
        time.sleep(0.1)
    else:
        pytest.fail("each host still counts by itself")


@pytest.mark.slow
def test_a_redis_that_restarts_between_two_requests_is_asked_on_a_new_connection(
    toy_worker: Worker, redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    client = limited(toy_worker, rate_limit="5/hour", rate_limit_storage=redis.url).test_client()
    assert ask(client).headers["RateLimit-Remaining"] == "4"
    redis.kill()
    redis.start()
    assert ask(client).headers["RateLimit-Remaining"] == "4"  # it keeps nothing here
    assert "unreachable" not in caplog.text


def test_a_redis_that_takes_connections_and_never_answers_delays_a_request_by_no_more_than_a_second(
    toy_worker: Worker,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        client = limited(toy_worker, rate_limit="2/hour", rate_limit_storage=url).test_client()
        began = time.monotonic()
        assert ask(client).status_code == ANSWERED
        assert time.monotonic() - began < 1
        assert statuses(client, 2) == [ANSWERED, SPENT]


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("RATE_LIMIT", "often", "expected a rate such as 600/minute"),
        ("RATE_LIMIT_STORAGE", "memcached://user:secret@host", "expected redis://host:port"),
        ("PROXIES", "-1", "greater than or equal to 0"),
        ("QUEUE_SECONDS", "0", "greater than 0"),
    ],
)
def test_a_wrong_setting_is_told_and_shows_no_password(variable: str, value: str, expected: str) -> None:
    with pytest.raises(InvalidSetting, match=expected) as refused:
        Settings.from_environment({f"MYTHMATCH_{variable}": value})
    assert "secret" not in str(refused.value)
    assert f"MYTHMATCH_{variable}" in str(refused.value)
