"""Debunks written in bulk: one revision for all, wrong lines told, and bodies of bounded size."""

import json

import pytest
from flask.testing import FlaskClient

from corpus.store import CorpusStore
from service.app import STORES, create_app
from service.settings import Settings
from service.worker import Worker
from tests.service.parts import BRIDGE, NDJSON, message, told

pytestmark = pytest.mark.parametrize("database", ["sqlite", "postgresql"])


def test_many_debunks_are_written_as_one_revision_and_wrong_lines_are_told(
    client: FlaskClient, store: CorpusStore
) -> None:
    lines = [
        b"\xef\xbb\xbf" + json.dumps(BRIDGE).encode(),
        b"",
        b"no json",
        b'{"id": "a", "myth": "\xff"}',
        b'{"id": "b", "myth": "m"}',
        json.dumps({"id": "moon", "myth": "Cheese", "rating": "false", "lang": "en"}).encode(),
        b'{"id": "moon", "myth": "Cheese again", "rating": "false"}',
        b"\x1f\x8b packed",
        b"[]",
        json.dumps(client.get("/v1/debunks/nato.int-115204-1").json).encode(),
    ]
    done = told(client.post("/v1/debunks", data=b"\n".join(lines), headers={**NDJSON, "X-Author": "anna"}), 200)
    errors = done.pop("errors")
    assert done == {"corpus_revision": 2, "put": 2, "unchanged": 1, "rejected": 6}
    assert [error["line"] for error in errors] == [3, 4, 5, 7, 8, 9]
    expected = ["no JSON", "met byte 0xff; expected UTF-8", "rating or url", "is that of line 6", "gzip", "met list"]
    for error, words in zip(errors, expected, strict=True):
        assert words in error["error"]["message"]
    assert [version.author for version in store.history("moon")] == ["api:anna"]
    again = told(client.post("/v1/debunks", data=b"\n".join(lines), headers=NDJSON), 200)
    assert (again["corpus_revision"], again["put"], again["unchanged"]) == (2, 0, 3)


def test_a_thousand_wrong_lines_are_told_and_the_rest_counted(client: FlaskClient) -> None:
    done = told(client.post("/v1/debunks", data=b"x\n" * 1500, headers=NDJSON), 200)
    assert (done["rejected"], len(done["errors"]), done["corpus_revision"]) == (1500, 1000, 1)


def test_each_body_has_its_limit(edited: Settings, store: CorpusStore) -> None:
    settings = edited.model_copy(update={"max_bulk_bytes": 3 << 20})
    app = create_app(settings, Worker(settings))
    client = app.test_client()
    line = json.dumps({**BRIDGE, "id": "d%d", "context": ["a" * 2000]}).encode() + b"\n"
    lines = b"".join(line % number for number in range(1000))
    assert told(client.post("/v1/debunks", data=lines, headers=NDJSON), 200)["put"] == 1000
    large = message(client.post("/v1/debunks", data=lines * 2, headers=NDJSON), 413, "RequestEntityTooLarge")
    assert "larger than the 3145728 bytes" in large
    single = client.post("/v1/debunks", json={**BRIDGE, "context": ["a" * (1 << 20)]})
    assert "larger than the 1048576 bytes" in message(single, 413, "RequestEntityTooLarge")
    assert store.revision == 2
    app.extensions[STORES].close()
