"""The corpus changed over HTTP: what is written, what is refused, and what is remembered."""

import json
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from corpus.model import Debunk
from corpus.store import CorpusStore
from service.app import create_app
from service.settings import Settings
from service.worker import Worker
from tests.service.parts import BRIDGE, message, told


def test_a_debunk_is_created_once_and_the_same_again_changes_nothing(client: FlaskClient, store: CorpusStore) -> None:
    first = client.post("/v1/debunks", json=BRIDGE)
    made = told(first, 201)
    assert list(made) == ["debunk", "revision", "corpus_revision"]
    assert (made["debunk"]["fact"], made["revision"], made["corpus_revision"]) == ("It was not.", 2, 2)
    assert (first.headers["ETag"], first.headers["Location"]) == ('"2"', "/v1/debunks/bridge")
    again = client.post("/v1/debunks", json=BRIDGE)
    assert told(again, 200) == made
    assert store.revision == 2
    taken = message(client.post("/v1/debunks", json={**BRIDGE, "fact": "Never."}), 409, "Conflict")
    assert "debunk 'bridge' is stored at revision 2 with other fields; PUT or PATCH /v1/debunks/bridge" in taken
    assert store.revision == 2


def test_a_debunk_without_an_id_gets_one_that_its_myth_and_address_always_make(client: FlaskClient) -> None:
    fields = {"myth": "Міст продали!", "fact": "Ні.", "url": "https://www.example.org/bridge"}
    made = told(client.post("/v1/debunks", json=fields), 201)["debunk"]
    slug, digits = made["id"].rsplit("-", 1)
    assert (slug, len(digits), int(digits, 16) > 0, made["lang"]) == ("міст-продали", 12, True, "uk")
    same = {**fields, "url": "http://example.org/bridge/?utm_source=x"}
    assert made["id"] in message(client.post("/v1/debunks", json=same), 409, "Conflict")
    assert told(client.post("/v1/debunks", json=fields), 200)["debunk"] == made
    assert (
        told(client.get(client.post("/v1/debunks", json=fields).location or "/v1/debunks/" + made["id"]), 200) == made
    )
    other = told(client.post("/v1/debunks", json={"myth": "🤡", "rating": "false"}), 201)["debunk"]
    assert other["id"].startswith("debunk-")


def test_what_get_gives_can_be_put_back_and_its_etag_says_whether_it_is_still_that(client: FlaskClient) -> None:
    got = client.get("/v1/debunks/nato.int-115204-2")
    tag = got.headers["ETag"]
    assert tag == '"1"'
    same = told(client.put("/v1/debunks/nato.int-115204-2", json=got.json, headers={"If-Match": tag}), 200)
    assert (same["debunk"], same["revision"], same["corpus_revision"]) == (got.json, 1, 1)
    shown = told(got, 200)
    changed = {**{name: value for name, value in shown.items() if name != "passages"}, "fact": "One.\n\nTwo."}
    put = client.put("/v1/debunks/nato.int-115204-2", json=changed, headers={"If-Match": tag})
    assert (told(put, 200)["debunk"]["passages"], put.headers["ETag"]) == (["One.", "Two."], '"2"')
    assert client.get("/v1/debunks/nato.int-115204-2", headers={"If-None-Match": '"2"'}).status_code == 304
    assert client.get("/v1/debunks/nato.int-115204-2", headers={"If-None-Match": tag}).status_code == 200
    late = client.put("/v1/debunks/nato.int-115204-2", json=shown, headers={"If-Match": tag})
    expected = "If-Match: met revision 1, but debunk 'nato.int-115204-2' is stored at revision 2; GET it again"
    assert expected in message(late, 409, "Conflict")


def test_put_creates_and_replaces(client: FlaskClient, store: CorpusStore) -> None:
    fields = {"myth": "m", "lang": "en", "rating": "false"}
    assert told(client.put("/v1/debunks/new", json=fields, headers={"If-None-Match": "*"}), 201)["revision"] == 2
    assert told(client.put("/v1/debunks/new", json={**fields, "tags": ["a"]}), 200)["debunk"]["tags"] == ["a"]
    assert told(client.put("/v1/debunks/new", json=fields), 200)["debunk"]["tags"] == []
    assert store.get("new") == Debunk(id="new", myth="m", lang="en", rating="false")
    there = client.put("/v1/debunks/new", json=fields, headers={"If-None-Match": "*"})
    assert "debunk 'new' is stored at revision 4" in message(there, 409, "Conflict")
    absent = client.put("/v1/debunks/absent", json=fields, headers={"If-Match": '"3"'})
    assert "there is no debunk 'absent' now" in message(absent, 409, "Conflict")
    assert store.get("absent") is None


def test_a_merge_patch_changes_what_it_names(client: FlaskClient, store: CorpusStore) -> None:
    client.post("/v1/debunks", json={**BRIDGE, "tags": ["a"], "translations": {"uk": {"myth": "м", "title": "т"}}})
    changes = {
        "tags": ["b", "c"], "hold": "always", "expires": "2027-01", "disable_until": "2026-12-01", "rating": "false",
        "translations": {"uk": {"title": None}, "fr": {"myth": "Le pont"}},
    }  # fmt: skip
    merge = {"Content-Type": "application/merge-patch+json", "If-Match": '"2"'}
    patched = told(client.patch("/v1/debunks/bridge", data=json.dumps(changes), headers=merge), 200)
    debunk = store.get("bridge")
    assert debunk is not None
    assert (debunk.tags, debunk.hold, debunk.expires) == (("b", "c"), "always", "2027-01")
    assert (debunk.myth, debunk.passages) == ("The bridge was sold.", ("It was not.",))
    assert list(patched["debunk"]["translations"]) == ["uk", "fr"]
    assert patched["debunk"]["translations"]["uk"] == {"url": None, "title": None, "myth": "м", "passages": []}
    cleared = told(client.patch("/v1/debunks/bridge", json={"tags": None, "hold": None, "fact": "A.\n\nB."}), 200)
    assert (cleared["debunk"]["tags"], cleared["debunk"]["hold"]) == ([], "never")
    assert cleared["debunk"]["passages"] == ["A.", "B."]
    assert told(client.patch("/v1/debunks/bridge", json={}), 200)["revision"] == 4
    assert store.revision == 4


def test_what_is_deleted_is_gone_and_remembered_and_can_be_created_again(
    client: FlaskClient, store: CorpusStore
) -> None:
    path = "/v1/debunks/nato.int-115204-5"
    assert "met revision 7" in message(client.delete(path, headers={"If-Match": '"7"'}), 409, "Conflict")
    gone = client.delete(path, headers={"If-Match": "*"})
    assert (gone.status_code, gone.data) == (204, b"")
    for answer in (client.delete(path), client.get(path), client.patch(path, json={"tags": []})):
        assert "was removed at revision 2" in message(answer, 404, "UnknownDebunk")
    assert [version["debunk"] is None for version in told(client.get(f"{path}/history"), 200)["versions"]] == [
        True,
        False,
    ]
    assert store.revision == 2
    again = {"id": "nato.int-115204-5", "myth": "m", "rating": "false", "lang": "en"}
    assert told(client.post("/v1/debunks", json=again), 201)["revision"] == 3


@pytest.mark.parametrize(
    ("method", "path", "fields", "kind", "expected"),
    [
        ("POST", "", {**BRIDGE, "colour": "red"}, "InvalidDebunk", "field 'colour': met 'red'; expected only id, myth"),
        ("POST", "", {**BRIDGE, "rating": "wrong"}, "InvalidDebunk", "field 'rating': met 'wrong'; expected 'false',"),
        ("POST", "", {"id": "a"}, "InvalidDebunk", "field 'myth'"),
        ("POST", "", {"myth": 5, "rating": "false"}, "InvalidDebunk", "field 'myth': met 5"),
        ("POST", "", {**BRIDGE, "passages": 5}, "InvalidDebunk", "field 'passages': met 5; expected a valid tuple"),
        ("POST", "", {**BRIDGE, "translations": {"uk": 5}}, "InvalidDebunk", "field 'translations.0': met 5"),
        ("POST", "", {**BRIDGE, "id": "a/b"}, "InvalidDebunk", "field 'id': met 'a/b'; expected 1 to 200"),
        ("POST", "", {**BRIDGE, "myth": "\ud800"}, "InvalidDebunk", "half of a surrogate pair"),
        ("POST", "", [BRIDGE], "InvalidRequest", "met an array; expected an object such as"),
        ("PUT", "/other", BRIDGE, "InvalidRequest", "expected 'other', or leave it out"),
        ("PUT", "/a%20b", {"myth": "m", "rating": "false"}, "InvalidDebunk", "field 'id': met 'a b'"),
        ("PATCH", "/nato.int-115204-1", {"id": "other"}, "InvalidRequest", "expected 'nato.int-115204-1'"),
        ("PATCH", "/nato.int-115204-1", {"hold": "maybe"}, "InvalidDebunk", "field 'hold': met 'maybe'"),
        ("PATCH", "/nato.int-115204-1", {"myth": None}, "InvalidDebunk", "field 'myth'"),
        ("PATCH", "/nato.int-115204-1", {"expires": "soon"}, "InvalidDebunk", "expected an ISO 8601 date"),
        ("PATCH", "/nato.int-115204-1", {"claim_review": {}}, "InvalidRequest", "made from the other fields"),
        ("PATCH", "/nato.int-115204-1", "x", "InvalidRequest", 'met "x"; expected an object'),
        ("POST", "/nato.int-115204-1/variants", {}, "InvalidRequest", "text: it is missing; expected a string"),
        ("POST", "/nato.int-115204-1/variants", {"text": " "}, "InvalidRequest", "expected a text that is not blank"),
        ("POST", "/nato.int-115204-1/suppressions", {"text": "a", "lang": "x!"}, "InvalidRequest", "lang: met"),
        ("POST", "/nato.int-115204-1/variants", {"text": "a", "kind": "b"}, "InvalidRequest", "only text, lang"),
    ],
)
def test_a_wrong_field_is_told_with_what_was_met_and_expected(
    client: FlaskClient, store: CorpusStore, method: str, path: str, fields: Any, kind: str, expected: str
) -> None:
    json_type = {"Content-Type": "application/json"}
    answer = client.open(f"/v1/debunks{path}", method=method, data=json.dumps(fields), headers=json_type)
    assert expected in message(answer, 422, kind)
    assert store.revision == 1


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("POST", "/v1/debunks", 415, "UnsupportedContent"),
        ("PUT", "/v1/debunks/bridge", 415, "UnsupportedContent"),
        ("PATCH", "/v1/debunks/bridge", 415, "UnsupportedContent"),
        ("POST", "/v1/debunks/bridge/variants", 415, "UnsupportedContent"),
        ("POST", "/v1/feedback", 415, "UnsupportedContent"),
        ("DELETE", "/v1/debunks", 405, "MethodNotAllowed"),
        ("POST", "/v1/debunks/bridge", 405, "MethodNotAllowed"),
        ("PUT", "/v1/debunks/bridge/history", 405, "MethodNotAllowed"),
        ("GET", "/v1/debunks/bridge/variants", 405, "MethodNotAllowed"),
        ("GET", "/v1/debunks/bridge/nothing", 404, "NotFound"),
        ("GET", "/v1/debunks/absent/history", 404, "UnknownDebunk"),
    ],
)
def test_a_form_that_any_page_could_send_writes_nothing_and_wrong_methods_are_told(
    client: FlaskClient, store: CorpusStore, method: str, path: str, status: int, kind: str
) -> None:
    form = {"Content-Type": "text/plain"}
    message(client.open(path, method=method, data=json.dumps(BRIDGE), headers=form), status, kind)
    assert store.revision == 1


def test_head_and_options_are_answered(client: FlaskClient) -> None:
    head = client.head("/v1/debunks/nato.int-115204-1")
    assert (head.status_code, head.data, head.headers["ETag"]) == (200, b"", '"1"')
    allowed = client.options("/v1/debunks/nato.int-115204-1").headers["Allow"]
    assert set(allowed.split(", ")) == {"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"}
    assert set(client.put("/v1/debunks").headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}


@pytest.mark.parametrize(
    "headers",
    [{"If-Match": ""}, {"If-Match": 'W/"1"'}, {"If-None-Match": '"1"'}, {"If-None-Match": "*", "If-Match": '"1"'}],
)
def test_a_condition_that_says_nothing_is_refused(
    client: FlaskClient, store: CorpusStore, headers: dict[str, str]
) -> None:
    answer = client.patch("/v1/debunks/nato.int-115204-1", json={"tags": ["a"]}, headers=headers)
    assert f"{next(iter(headers))}: " in message(answer, 422, "InvalidRequest")
    assert store.revision == 1


@pytest.mark.parametrize("where", ["variants", "suppressions"])
def test_moderators_add_and_take_away_single_wordings(client: FlaskClient, where: str) -> None:
    client.post("/v1/debunks", json=BRIDGE)
    path = f"/v1/debunks/bridge/{where}"
    added = client.post(path, json={"text": "Этот мост продали вчера"}, headers={"If-Match": '"2"'})
    assert told(added, 201)["debunk"][where] == [{"text": "Этот мост продали вчера", "lang": "ru"}]
    assert told(client.post(path, json={"text": "Sold!", "lang": "en"}), 201)["revision"] == 4
    assert told(client.post(path, json={"text": "Sold!", "lang": "en"}), 200)["revision"] == 4
    late = client.delete(path, json={"text": "Sold!"}, headers={"If-Match": '"3"'})
    assert "met revision 3" in message(late, 409, "Conflict")
    dropped = client.delete(path, query_string={"text": "Этот мост продали вчера"})
    assert told(dropped, 200)["debunk"][where] == [{"text": "Sold!", "lang": "en"}]
    assert told(client.delete(path, json={"text": "Sold!"}), 200)["debunk"][where] == []
    absent = message(client.delete(path, json={"text": "Sold!"}), 404, "UnknownWording")
    assert f"none of these 5 characters among its {where}" in absent
    message(client.post(f"/v1/debunks/absent/{where}", json={"text": "a"}), 404, "UnknownDebunk")


def test_the_history_says_who_changed_what_when(client: FlaskClient) -> None:
    client.post("/v1/debunks", json=BRIDGE, headers={"X-Author": "anna"})
    by_name = {"X-Author": "Оля".encode().decode("latin-1")}
    client.patch("/v1/debunks/bridge", json={"tags": ["a"], "fact": "No."}, headers=by_name)
    client.delete("/v1/debunks/bridge")
    history = told(client.get("/v1/debunks/bridge/history"), 200)
    assert history["id"] == "bridge"
    shown = [(version["revision"], version["author"], version["changed"]) for version in history["versions"]]
    assert shown == [
        (4, "api", ["myth", "lang", "passages", "tags"]),
        (3, "api:Оля", ["passages", "tags"]),
        (2, "api:anna", ["myth", "lang", "passages"]),
    ]
    removed, changed, made = (version["debunk"] for version in history["versions"])
    assert (removed, changed["fact"], made["fact"]) == (None, "No.", "It was not.")
    assert all(version["written_at"].endswith("+00:00") for version in history["versions"])


@pytest.mark.parametrize("name", ["", "a" * 101, "a\x7f", "\xff"])
def test_an_author_that_is_no_name_is_refused(client: FlaskClient, store: CorpusStore, name: str) -> None:
    answer = client.post("/v1/debunks", json=BRIDGE, headers={"X-Author": name})
    assert "X-Author: met" in message(answer, 422, "InvalidRequest")
    assert store.revision == 1


def test_a_store_that_ships_nothing_yet_takes_no_writes(toy_settings: Settings) -> None:
    client = create_app(toy_settings, Worker(toy_settings)).test_client()
    for answer in (
        client.post("/v1/debunks", json=BRIDGE),
        client.get("/v1/debunks/bridge"),
        client.get("/v1/debunks"),
    ):
        assert "being loaded" in message(answer, 503, "NotReady")
        assert answer.headers["Retry-After"] == "5"
    with CorpusStore.open(toy_settings.corpus_url) as store:
        assert store.revision == 0


def test_a_database_that_cannot_be_reached_is_told_and_served_again_once_it_is_there(
    tmp_path: Path, nato_debunks: list[Debunk], caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(encoder="toy", data_dir=tmp_path / "data", database_url=f"sqlite:///{tmp_path / 'late'}/c.db")
    (tmp_path / "late").write_text("a file where the folder should be", encoding="utf-8")
    client = create_app(settings, Worker(settings)).test_client()
    for answer in (client.get("/v1/debunks"), client.post("/v1/debunks", json=BRIDGE), client.get("/v1/feedback")):
        assert "late" in message(answer, 503, "StoreError")
        assert answer.headers["Retry-After"] == "5"
    assert caplog.text.count("late") == 3  # an operator sees it too
    (tmp_path / "late").unlink()
    with CorpusStore.open(settings.corpus_url) as store:
        store.put(nato_debunks)
    assert len(told(client.get("/v1/debunks"), 200)["debunks"]) == 5
