"""A corpus that changes while it serves: feeds come in, moderators write, both are matched; it reads like the manual.

A real server on the toy encoder, our own scripts beside it, and SQLite or a real PostgreSQL below.
"""

import gzip
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from corpus.importing import read_source
from corpus.model import Debunk
from corpus.source import open_source
from corpus.store import CorpusStore
from tests.postgres import empty_database
from tests.real_server import ROOT, RealServer, environment_in, serving

pytestmark = pytest.mark.slow

MATCHED_SECONDS = 5.0  # after a write, on every worker
FEED = {
    "@context": "http://schema.org",
    "@type": "DataFeed",
    "dateModified": "2026-11-01",
    "dataFeedElement": [
        {
            "@type": "DataFeedItem",
            "url": "https://www.checks.example.org/eiffel/?utm_source=feed",
            "item": [
                {
                    "@type": ["ClaimReview"],
                    "url": "https://www.checks.example.org/eiffel/",
                    "claimReviewed": "La tour Eiffel a &eacute;t&eacute; vendue &agrave; un ferrailleur en 2024.",
                    "author": [{"@type": "Organization", "name": "Les V&eacute;rificateurs"}],
                    "datePublished": "2024-05",
                    "reviewRating": {"@type": "Rating", "ratingValue": -1, "alternateName": "Faux"},
                    "itemReviewed": {
                        "@type": "CreativeWork",
                        "author": {"@type": "Person", "name": "Un voisin"},
                        "sameAs": "https://t.me/voisin/12",
                    },
                }
            ],
        },
        {"@type": "DataFeedItem", "item": None},
        {
            "@type": "DataFeedItem",
            "item": [
                {
                    "@type": "ClaimReview",
                    "url": "https://checks.example.org/harbour",
                    "claimReviewed": "The harbour of Odesa will be closed to all ships for a year.",
                    "reviewBody": "The port authority says that it stays open.",
                    "inLanguage": "en",
                    "reviewRating": {"ratingValue": "1", "worstRating": "1", "bestRating": "5"},
                }
            ],
        },
    ],
}
MARKUP = {
    "claimReviewMarkups": [
        {
            "url": "https://other.example.net/bread",
            "claimReviewed": "Bread contains sawdust since the new law on flour.",
            "claimDate": "2025-03",
            "claimFirstAppearance": "https://x.com/baker/status/9",
            "claimAuthor": {"name": "A baker"},
            "rating": {"ratingValue": 2, "worstRating": 1, "bestRating": 5, "textualRating": "Misleading"},
        }
    ]
}
PAGE = """<html lang="uk"><head><link rel="canonical" href="https://third.example.com/mist">
<script type="application/ld+json">{"@context": "https://schema.org", "@graph": [
  {"@type": "Organization", "name": "Третя"},
  {"@type": "ClaimReview", "url": "https://third.example.com/mist",
   "claimReviewed": "Міст через Дніпро продали китайцям.",
   "reviewRating": {"@type": "Rating", "alternateName": "Неправда"}, "author": "Третя"}]}</script></head>
<body><h1>Міст не продали</h1></body></html>"""
MYTHS = {
    "La tour Eiffel a été vendue à un ferrailleur en 2024.": "false",
    "The harbour of Odesa will be closed to all ships for a year.": "false",
    "Bread contains sawdust since the new law on flour.": "misleading",
    "Міст через Дніпро продали китайцям.": "false",
}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with empty_database(request.param, tmp_path_factory.mktemp(request.param)) as url:
        yield url


@pytest.fixture(scope="module")
def settings(database_url: str) -> dict[str, str]:
    return {"MYTHMATCH_ENCODER": "toy", "MYTHMATCH_DATABASE_URL": database_url}


@pytest.fixture(scope="module")
def server(settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    with serving(tmp_path_factory.mktemp("living"), settings) as started:
        yield started


def script(folder: Path, settings: Mapping[str, str], *arguments: str) -> str:
    environment = environment_in(folder, settings)
    command = [sys.executable, "-m", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def best(server: RealServer, text: str) -> dict[str, Any]:
    """Return the text's answer, with its first match under "best"."""
    answer = httpx.post(f"{server.url}/v1/match", json={"text": text}).raise_for_status().json()
    return {**answer, "best": answer["matches"][0]}


def wait_until(server: RealServer, text: str, since: float, **expected: object) -> dict[str, Any]:
    """Return the answer once its best match has what is expected: decision, or id for the debunk's."""
    while True:
        answer = best(server, text)
        met = {"decision": answer["best"]["decision"], "id": answer["best"]["debunk"]["id"]}
        if expected.items() <= met.items():
            return answer
        assert time.monotonic() < since + MATCHED_SECONDS, (met, answer["corpus_revision"])
        time.sleep(0.05)


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("sources")
    (folder / "feed.json.gz").write_bytes(gzip.compress(json.dumps(FEED).encode()))
    (folder / "markup.json").write_text(json.dumps(MARKUP), encoding="utf-8")
    (folder / "mist.html").write_text(PAGE, encoding="utf-8")
    return [str(folder / name) for name in ("feed.json.gz", "markup.json", "mist.html")]


@pytest.fixture(scope="module")
def imported(server: RealServer, settings: dict[str, str], sources: list[str]) -> float:
    """Import the three sources beside the running server; give the moment when they were in."""
    printed = script(server.home.parent, settings, "scripts.import_corpus", *sources)
    assert printed == "read 4 put 4 unchanged 0 rejected 0\n"
    return time.monotonic()


@pytest.mark.parametrize("myth", MYTHS)
def test_what_feeds_delivered_is_matched_by_the_running_server(server: RealServer, imported: float, myth: str) -> None:
    answer = wait_until(server, myth, max(imported, time.monotonic() - 1), decision="match")
    assert (answer["best"]["debunk"]["myth"], answer["best"]["debunk"]["rating"]) == (myth, MYTHS[myth])


def test_the_same_feeds_again_change_nothing(
    server: RealServer, settings: dict[str, str], sources: list[str], imported: float
) -> None:
    printed = script(server.home.parent, settings, "scripts.import_corpus", *sources)
    assert printed == "read 4 put 0 unchanged 4 rejected 0\n"


def test_an_address_where_a_claim_appeared_is_a_match(server: RealServer, imported: float) -> None:
    answer = best(server, "look at this!! http://www.t.me/voisin/12?utm_source=x")
    assert (answer["decision"], answer["best"]["probability"], answer["best"]["why"]["nearest"]) == (
        "match",
        1.0,
        "url",
    )
    assert answer["best"]["debunk"]["url"] == "https://www.checks.example.org/eiffel/"


@pytest.mark.parametrize("format_name", ["jsonl", "csv", "feed", "claim_review"])
def test_what_was_imported_is_exported_and_read_back_equal(
    server: RealServer, settings: dict[str, str], database_url: str, imported: float, format_name: str, tmp_path: Path
) -> None:
    suffix = {"jsonl": ".jsonl", "csv": ".csv", "feed": ".json", "claim_review": ".jsonl"}[format_name]
    output = tmp_path / f"corpus{suffix}"
    written = ["--format", format_name, "--output", str(output)]
    script(server.home.parent, settings, "scripts.export_corpus", *written)
    with CorpusStore.open(database_url) as store:
        stored = list(store.debunks())
    assert {debunk.myth for debunk in stored} >= MYTHS.keys()
    assert list(read_source(open_source(output, {}))) == stored


def test_a_moderators_debunk_is_matched_and_taken_back_within_seconds(server: RealServer, imported: float) -> None:
    debunks, myth = f"{server.url}/v1/debunks", "The ferry to the island was bought by a circus."
    body = {"id": "ferry", "myth": myth, "fact": "It was not.", "lang": "en"}
    created = httpx.post(debunks, json=body)
    assert created.status_code == 201
    wait_until(server, myth, time.monotonic(), id="ferry", decision="match")
    held = httpx.patch(f"{debunks}/ferry", json={"hold": "always"}, headers={"If-Match": created.headers["ETag"]})
    assert held.status_code == 200
    answer = wait_until(server, myth, time.monotonic(), id="ferry", decision="possible")
    assert answer["best"]["why"]["held"] == "always"
    late = httpx.patch(f"{debunks}/ferry", json={"tags": ["x"]}, headers={"If-Match": created.headers["ETag"]})
    assert late.status_code == 409
    suppressed = httpx.post(f"{debunks}/ferry/suppressions", json={"text": f"LOL {myth} #circus"})
    assert suppressed.status_code in (200, 201)
    wait_until(server, f"LOL {myth} #circus", time.monotonic(), decision="no_match")
    assert httpx.delete(f"{debunks}/ferry").status_code == 204
    since = time.monotonic()
    while best(server, myth)["best"]["debunk"]["id"] == "ferry":
        assert time.monotonic() < since + MATCHED_SECONDS
        time.sleep(0.05)
    history = httpx.get(f"{debunks}/ferry/history").json()["versions"]
    assert [state["debunk"] is None for state in history] == [True, False, False, False]


def test_an_earlier_revision_can_be_exported_as_it_was(
    server: RealServer, settings: dict[str, str], imported: float, tmp_path: Path
) -> None:
    output = tmp_path / "first.jsonl"
    written = ["--format", "jsonl", "--revision", "1", "--output", str(output)]
    script(server.home.parent, settings, "scripts.export_corpus", *written)
    first = [record.id for record in read_source(open_source(output, {})) if isinstance(record, Debunk)]
    assert first == [f"nato.int-115204-{number}" for number in range(1, 6)]
