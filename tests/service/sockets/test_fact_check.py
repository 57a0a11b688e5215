"""claims:search answers as Google's Fact Check Tools do: its claims, its pages, its filters and its errors."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from corpus.store import CorpusStore
from service.app import STORES, create_app
from service.settings import Settings
from service.sockets.sites import site_of
from service.worker import Worker
from tests.service.sockets.conftest import BRIDGE, TOWER, bridges

PATH = "/v1alpha1/claims:search"


def asked(caller: FlaskClient, **parameters: Any) -> Any:
    """Return the JSON of a search that is answered."""
    answer = caller.get(PATH, query_string=parameters)
    assert answer.status_code == 200, answer.text
    assert answer.content_type == "application/json; charset=UTF-8"
    return answer.json


def refused(caller: FlaskClient, **parameters: Any) -> str:
    """Return the message of a search that is refused as a wrong argument."""
    answer = caller.get(PATH, query_string=parameters)
    assert answer.status_code == 400, answer.text
    assert answer.json is not None
    assert set(answer.json) == {"error"}
    error = answer.json["error"]
    assert (set(error), error["code"], error["status"]) == ({"code", "message", "status"}, 400, "INVALID_ARGUMENT")
    return str(error["message"])


def urls(told: Any) -> list[str]:
    """Return the addresses of the reviews, in order."""
    return [review.get("url") for claim in told["claims"] for review in claim["claimReview"]]


def test_a_claim_has_all_that_is_known_in_googles_fields(caller: FlaskClient) -> None:
    shared = {"reviewDate": "2021-05-31T22:30:00Z", "textualRating": "Half a truth"}
    assert asked(caller, query=TOWER) == {
        "claims": [
            {
                "text": TOWER,
                "claimant": "A neighbour",
                "claimDate": "2021-05-01T00:00:00Z",
                "claimReview": [
                    {
                        "publisher": {"name": "Facts", "site": "facts.example"},
                        "url": "https://www.Facts.example:8443/cows?id=1",
                        "title": "Of cows",
                        **shared,
                        "languageCode": "en",
                    },
                    {
                        "publisher": {"name": "Facts", "site": "fakty.example"},
                        "url": "https://fakty.example/korovy",
                        "title": "Про корів",
                        **shared,
                        "languageCode": "uk",
                    },
                ],
            }
        ]
    }


def test_nothing_found_is_an_empty_object(caller: FlaskClient) -> None:
    assert asked(caller, query="Choirs practise louder before noon.") == {}
    assert asked(caller, query=BRIDGE, reviewPublisherSiteFilter="nowhere.example") == {}
    assert asked(caller, reviewPublisherSiteFilter="nowhere.example") == {}
    assert asked(caller, query=BRIDGE, offset=25) == {}


def test_the_most_probable_claim_comes_first_wherever_it_stands_in_a_post(caller: FlaskClient) -> None:
    near = "Our old bridge they say was sold to some circus"
    told = asked(caller, query=f"{near}. I painted the kitchen blue. {TOWER}.", pageSize=50)
    assert told["claims"][0]["text"] == TOWER
    assert {claim["text"] for claim in told["claims"]} == {TOWER, BRIDGE}


def test_pages_follow_one_another_to_the_end_and_hold_each_claim_once(caller: FlaskClient) -> None:
    pages, token = [], ""
    while True:
        told = asked(caller, query=BRIDGE, pageToken=token)
        pages.append(urls(told))
        token = told.get("nextPageToken", "")
        if not token:
            break
    assert [len(page) for page in pages] == [10, 10, 5]
    assert len({url for page in pages for url in page}) == 25
    assert urls(asked(caller, query=BRIDGE, offset=7, pageSize=3)) == pages[0][7:]
    assert [url for page in pages for url in page] == urls(asked(caller, query=BRIDGE, pageSize=100_000))


@pytest.mark.parametrize(("size", "given"), [("0", 10), ("1", 1), ("25", 25), ("", 10)])
def test_a_page_has_as_many_claims_as_are_asked_for(caller: FlaskClient, size: str, given: int) -> None:
    assert len(asked(caller, query=BRIDGE, pageSize=size)["claims"]) == given


def test_a_pages_token_is_good_for_its_request_alone(caller: FlaskClient) -> None:
    token = asked(caller, query=BRIDGE, pageSize=3)["nextPageToken"]
    assert len(asked(caller, query=BRIDGE, pageSize=5, pageToken=token, offset=20)["claims"]) == 5
    assert "another request" in refused(caller, query=TOWER, pageToken=token)
    assert "another request" in refused(caller, query=BRIDGE, languageCode="fr", pageToken=token)
    for made_up in ("x", "й", token[:-4], f"{token}AAAA", f"!{token[1:]}"):
        assert "none of ours" in refused(caller, query=BRIDGE, pageToken=made_up)


def test_a_pages_token_is_good_as_long_as_the_corpus_stays(tmp_path: Path) -> None:
    settings = Settings(encoder="toy", data_dir=tmp_path / "data", port=0, builder=False)
    settings.data_dir.mkdir()
    with CorpusStore.open(settings.corpus_url) as store:
        store.put(list(bridges(4)))
        worker = Worker(settings)
        worker.load()
        app = create_app(settings, worker)
        token = asked(app.test_client(), query=BRIDGE, pageSize=3)["nextPageToken"]
        restarted = Worker(settings)
        restarted.load()
        other = create_app(settings, restarted)
        assert len(asked(other.test_client(), query=BRIDGE, pageToken=token)["claims"]) == 1
        store.put(list(bridges(5))[4:])
    changed = Worker(settings)
    changed.load()
    after = create_app(settings, changed)
    assert "no longer valid" in refused(after.test_client(), query=BRIDGE, pageToken=token)
    for made in (app, other, after):
        made.extensions[STORES].close()


def test_the_reviews_language_is_filtered_whatever_its_region(caller: FlaskClient) -> None:
    english = asked(caller, query=BRIDGE, languageCode="en-US", pageSize=50)
    assert {claim["claimReview"][0]["languageCode"] for claim in english["claims"]} == {"en-GB"}
    assert len(english["claims"]) == 13
    ukrainian = asked(caller, query=TOWER, languageCode="uk-UA")
    assert urls(ukrainian) == ["https://fakty.example/korovy"]
    assert asked(caller, query=TOWER, languageCode="pl") == {}


@pytest.mark.parametrize(
    "site", ["two.example", "www.two.example", "TWO.example", "http://two.example/", "https://www.two.example/a?b"]
)
def test_a_publishers_site_is_listed_newest_first_without_a_query(caller: FlaskClient, site: str) -> None:
    told = asked(caller, reviewPublisherSiteFilter=site, pageSize=50)
    assert urls(told) == [f"https://two.example/{number}" for number in range(1, 25, 2)]
    dates = [claim["claimReview"][0]["reviewDate"] for claim in told["claims"]]
    assert dates == sorted(dates, reverse=True)
    assert dates[0] == "2026-03-27T00:00:00Z"


def test_the_listing_of_a_site_has_pages_and_filters_too(caller: FlaskClient) -> None:
    first = asked(caller, reviewPublisherSiteFilter="one.example", pageSize=10)
    rest = asked(caller, reviewPublisherSiteFilter="one.example", pageToken=first["nextPageToken"])
    assert len(urls(first) + urls(rest)) == len({*urls(first), *urls(rest)}) == 13
    assert asked(caller, reviewPublisherSiteFilter="one.example", languageCode="fr") == {}
    assert urls(asked(caller, reviewPublisherSiteFilter="fakty.example")) == ["https://fakty.example/korovy"]


def test_a_debunk_that_is_expired_is_not_listed_and_not_found(caller: FlaskClient) -> None:
    for parameters in ({"query": TOWER}, {"reviewPublisherSiteFilter": "facts.example"}):
        assert urls(asked(caller, **parameters))[0] == "https://www.Facts.example:8443/cows?id=1"
        assert len(asked(caller, **parameters)["claims"]) == 1


def test_a_query_and_a_site_are_both_met(caller: FlaskClient) -> None:
    found = urls(asked(caller, query=BRIDGE, reviewPublisherSiteFilter="one.example", pageSize=50))
    assert len(found) == 13
    assert {site_of(url) for url in found} == {"one.example"}


def test_an_age_counts_from_the_newer_date_and_what_has_none_is_older(
    caller: FlaskClient, socket_worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_worker.matcher, "clock", lambda: datetime(2026, 3, 29, tzinfo=UTC))
    assert len(urls(asked(caller, query=BRIDGE, maxAgeDays=10, pageSize=50))) == 10
    assert len(urls(asked(caller, query=BRIDGE, maxAgeDays=0, pageSize=50))) == 25
    assert len(urls(asked(caller, query=BRIDGE, maxAgeDays=(1 << 31) - 1, pageSize=50))) == 25
    assert len(asked(caller, reviewPublisherSiteFilter="undated.example")["claims"]) == 2
    assert asked(caller, reviewPublisherSiteFilter="undated.example", maxAgeDays=3650) == {}


def test_only_the_fields_that_are_asked_for_are_given(caller: FlaskClient) -> None:
    assert asked(caller, query=TOWER, fields="claims(text,claimReview/publisher.site)") == {
        "claims": [
            {
                "text": TOWER,
                "claimReview": [{"publisher": {"site": "facts.example"}}, {"publisher": {"site": "fakty.example"}}],
            }
        ]
    }
    assert set(asked(caller, query=BRIDGE, fields="nextPageToken")) == {"nextPageToken"}


def test_an_answer_is_pretty_unless_it_is_not_to_be(caller: FlaskClient) -> None:
    assert caller.get(PATH, query_string={"query": TOWER}).text.startswith('{\n  "claims": [\n')
    plain = caller.get(PATH, query_string={"query": TOWER, "prettyPrint": "false"}).text
    assert plain.startswith('{"claims":[{"text":')
    assert plain.count("\n") == 1


def test_googles_standard_parameters_are_taken(caller: FlaskClient) -> None:
    standard = {"key": "k", "alt": "json", "$.xgafv": "1", "quotaUser": "me", "upload_protocol": "raw"}
    assert asked(caller, query=TOWER, **standard) == asked(caller, query=TOWER)


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({}, "query: it is missing"),
        ({"query": "  "}, "nothing but spaces"),
        ({"query": "a" * 7000}, "expected at most 5000"),
        ({"query": "a", "page_number": "2"}, "page_number: unknown parameter"),
        ({"query": ["a", "b"]}, "query: met it 2 times"),
        ({"query": "a", "alt": "media"}, "alt: met"),
        ({"query": "a", "callback": "f"}, "callback: JSONP"),
        ({"query": "a", "prettyPrint": "perhaps"}, "prettyPrint: met"),
        ({"query": "a", "pageSize": "-1"}, "pageSize: met"),
        ({"query": "a", "pageSize": "ten"}, "pageSize: met"),
        ({"query": "a", "pageSize": str(1 << 31)}, "pageSize: met"),
        ({"query": "a", "offset": "-1"}, "offset: met"),
        ({"query": "a", "maxAgeDays": "-1"}, "maxAgeDays: met"),
        ({"query": "a", "languageCode": "not a tag"}, "languageCode: met"),
        ({"query": "a", "fields": "claims(rating)"}, "claims/rating, which there is not"),
        ({"query": "a", "fields": "claims("}, "fields: met"),
        ({"reviewPublisherSiteFilter": "http://["}, "reviewPublisherSiteFilter: met"),
    ],
)
def test_what_is_wrong_is_told_in_googles_shape(
    socket_settings: Settings, socket_worker: Worker, parameters: dict[str, Any], told: str
) -> None:
    app = create_app(socket_settings.model_copy(update={"max_text_chars": 5000}), socket_worker)
    assert told in refused(app.test_client(), **parameters)


@pytest.mark.parametrize(
    ("method", "path", "code", "status"),
    [
        ("GET", "/v1alpha1/claims:imageSearch?imageUri=x", 501, "UNIMPLEMENTED"),
        ("GET", "/v1alpha1/pages", 501, "UNIMPLEMENTED"),
        ("POST", "/v1alpha1/pages", 501, "UNIMPLEMENTED"),
        ("PUT", "/v1alpha1/pages/7", 501, "UNIMPLEMENTED"),
        ("GET", "/v1alpha1/claims:find", 404, "NOT_FOUND"),
        ("DELETE", PATH, 404, "NOT_FOUND"),
        ("GET", "/v1alpha1/comments:analyze", 404, "NOT_FOUND"),
        ("POST", PATH, 400, "INVALID_ARGUMENT"),
        ("GET", "/discovery/v1/apis/youtube/v1alpha1/rest", 404, "NOT_FOUND"),
        ("GET", "/$discovery/rest?version=v2", 400, "INVALID_ARGUMENT"),
    ],
)
def test_every_error_below_the_version_has_googles_shape(
    caller: FlaskClient, method: str, path: str, code: int, status: str
) -> None:
    answer = caller.open(path, method=method)
    assert answer.status_code == code
    assert answer.json is not None
    assert set(answer.json["error"]) == {"code", "message", "status"}
    assert (answer.json["error"]["code"], answer.json["error"]["status"]) == (code, status)
    assert "v1/match" not in answer.json["error"]["message"]


def test_a_service_that_is_not_ready_says_so_in_googles_shape(socket_settings: Settings) -> None:
    caller = create_app(socket_settings, Worker(socket_settings)).test_client()
    for parameters in ({"query": "a"}, {"reviewPublisherSiteFilter": "one.example"}):
        answer = caller.get(PATH, query_string=parameters)
        assert answer.headers["Retry-After"] == "5"
        assert answer.json is not None
        assert (answer.status_code, answer.json["error"]["status"]) == (503, "UNAVAILABLE")


def test_something_unexpected_is_an_internal_error_in_googles_shape(
    caller: FlaskClient, socket_worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a text that somebody sent")

    monkeypatch.setattr(socket_worker.matcher.retrieval, "search", broken)
    answer = caller.get(PATH, query_string={"query": "a"})
    assert answer.json is not None
    assert (answer.status_code, answer.json["error"]["status"]) == (500, "INTERNAL")
    assert "somebody" not in answer.text


def test_a_query_that_comes_as_a_form_is_a_get_only_where_it_says_so(caller: FlaskClient) -> None:
    override = {"X-HTTP-Method-Override": "GET"}
    sent = caller.post(PATH, data={"query": TOWER, "pageSize": "1"}, headers=override)
    assert sent.status_code == 200
    assert sent.json == asked(caller, query=TOWER)
    assert caller.post(PATH, data={"query": TOWER}).status_code == 400
    assert caller.post(PATH, json={"query": TOWER}, headers=override).status_code == 400
    too_long = caller.post(PATH, data={"query": "a" * (1 << 21)}, headers=override)
    assert too_long.status_code == 400
    assert caller.post("/v1/match", data={"text": TOWER}, headers=override).status_code == 400


def test_a_key_that_is_missing_is_told_in_googles_shape(socket_settings: Settings, socket_worker: Worker) -> None:
    caller = create_app(socket_settings.model_copy(update={"keys": "required"}), socket_worker).test_client()
    for query in ({"query": TOWER}, {"query": TOWER, "key": "mm_wrong"}):
        answer = caller.get(PATH, query_string=query)
        assert answer.json is not None
        assert (answer.status_code, answer.json["error"]["status"]) == (401, "UNAUTHENTICATED")
    assert caller.get("/$discovery/rest?version=v1alpha1").status_code == 200
