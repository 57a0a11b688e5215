"""GET /v1/debunks: filtered, page by page, and as the corpus was."""

import pytest
from flask.testing import FlaskClient

from corpus.store import CorpusStore
from tests.service.parts import BRIDGE, message, told

pytestmark = pytest.mark.parametrize("database", ["sqlite", "postgresql"])


def ids(client: FlaskClient, query: str) -> list[str]:
    return [debunk["id"] for debunk in told(client.get(f"/v1/debunks?{query}"), 200)["debunks"]]


def test_the_list_is_filtered_and_paged(client: FlaskClient, store: CorpusStore) -> None:
    for name, more in {
        "a": {"tags": ["x", 'q"%_'], "rating": "false"},
        "b": {"tags": ["xx"], "rating": "true", "lang": "pt-BR"},
        "c": {"tags": ["x", "НАТО"], "rating": "false", "lang": "uk"},
    }.items():
        client.put(f"/v1/debunks/{name}", json={"myth": 'it is "rating":"true" x', "lang": "en", **more})
    assert ids(client, "tag=x") == ["a", "c"]
    assert ids(client, "tag=q%22%25_") == ["a"]
    assert ids(client, "tag=%D0%9D%D0%90%D0%A2%D0%9E") == ["c"]
    assert ids(client, "lang=pt-br") == ["b"]
    assert ids(client, "rating=true") == ["b"]
    assert ids(client, "tag=x&rating=false&lang=uk") == ["c"]
    first = told(client.get("/v1/debunks?tag=x&limit=1"), 200)
    assert ([debunk["id"] for debunk in first["debunks"]], first["next"], first["corpus_revision"]) == (["a"], "a", 4)
    last = told(client.get("/v1/debunks?tag=x&limit=1&after=a"), 200)
    assert ([debunk["id"] for debunk in last["debunks"]], last["next"]) == (["c"], None)
    since = store.history("b")[0].written_at.isoformat().replace("+00:00", "Z")
    assert ids(client, f"updated_since={since}") == ["b", "c"]
    assert ids(client, "updated_since=2999-01-01") == []


def test_the_corpus_is_listed_as_it_was_at_a_revision(client: FlaskClient) -> None:
    client.post("/v1/debunks", json=BRIDGE)
    client.patch("/v1/debunks/bridge", json={"tags": ["a"]})
    client.delete("/v1/debunks/nato.int-115204-1")
    assert ids(client, "revision=0") == []
    assert len(ids(client, "revision=1")) == 5
    then = told(client.get("/v1/debunks?revision=2&limit=1"), 200)
    assert (then["debunks"][0]["id"], then["debunks"][0]["tags"], then["corpus_revision"]) == ("bridge", [], 2)
    assert ids(client, "revision=3&tag=a") == ["bridge"]
    assert ids(client, "revision=3&after=bridge&limit=1") == ["nato.int-115204-1"]
    assert ids(client, "revision=4&after=bridge&limit=1") == ["nato.int-115204-2"]
    assert "expected 0 to 4" in message(client.get("/v1/debunks?revision=5"), 404, "UnknownRevision")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("rating=wrong", "rating: met"),
        ("lang=!", "lang: met"),
        ("updated_since=soon", "expected a day or time in ISO 8601"),
        ("updated_since=2026-09-21T10:00+02:00", "in a URL a + is %2B"),
        ("updated_since=0001-01-01T00:00%2B14:00", "expected a day or time in ISO 8601"),
        ("revision=-1", "revision: met"),
        ("colour=red", "colour: unknown field; expected only after, limit, tag"),
    ],
)
def test_a_wrong_filter_is_told(client: FlaskClient, query: str, expected: str) -> None:
    assert expected in message(client.get(f"/v1/debunks?{query}"), 422, "InvalidRequest")
