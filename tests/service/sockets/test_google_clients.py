"""Google's own clients, unmodified, against a real server: by their static documents, and by those that we serve."""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from googleapiclient.discovery import build, build_from_document
from googleapiclient.errors import HttpError

from corpus.keys import KeyStore
from corpus.store import CorpusStore
from tests.real_server import ROOT, RealServer, serving
from tests.service.sockets.conftest import BRIDGE, DEBUNKS, TOWER

NODE = ROOT / "tests/node"
CLIENT_SECONDS = 60
LOGGED, LOG_SECONDS = "/v1alpha1/claims%3Asearch", 20
INSTALL_SECONDS = 240
LONG_POST = f"{'Сегодня в долине снова говорили о погоде и о ценах на хлеб. ' * 20}{TOWER}."
GORBACHEV = "Горбачёву обещали, что НАТО не будет расширяться на восток после объединения Германии"

pytestmark = pytest.mark.slow


class Toy:
    """A server on the sockets' debunks that asks for keys, one that may match, and one that may only read."""

    def __init__(self, server: RealServer, key: str, reader: str) -> None:
        self.url, self.key, self.reader, self.server = server.url, key, reader, server


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Toy]:
    folder = tmp_path_factory.mktemp("google")
    (folder / "data").mkdir()
    with CorpusStore.open(f"sqlite:///{folder / 'data/corpus.db'}") as store:
        store.put(DEBUNKS)
        keys = KeyStore(store.database)
        (key, _), (reader, _) = keys.make("client", ["match"]), keys.make("reader", ["read"])
    with serving(folder, {"MYTHMATCH_ENCODER": "toy", "MYTHMATCH_KEYS": "required"}) as server:
        yield Toy(server, key, reader)


def fact_check(toy: Toy) -> Any:
    """Return the client for Python with the document that comes with it."""
    return build("factchecktools", "v1alpha1", developerKey=toy.key, client_options={"api_endpoint": toy.url})


def discovered(toy: Toy, name: str, url: str) -> Any:
    """Return the client for Python with a document that the server gives."""
    return build(name, "v1alpha1", developerKey=toy.key, discoveryServiceUrl=f"{toy.url}{url}", static_discovery=False)


OF_HOST = "/$discovery/rest?version={apiVersion}"
OF_API = "/discovery/v1/apis/{api}/{apiVersion}/rest"


@pytest.fixture(params=["static", OF_HOST, OF_API])
def client(request: pytest.FixtureRequest, toy: Toy) -> Iterator[Any]:
    """The client for Python, by each document that it can have."""
    by_document = request.param != "static"
    with discovered(toy, "factchecktools", request.param) if by_document else fact_check(toy) as made:
        yield made


def test_the_client_for_python_finds_a_claim(client: Any) -> None:
    found = client.claims().search(query=TOWER, languageCode="en-US", maxAgeDays=36_500).execute()
    (claim,) = found["claims"]
    assert (claim["text"], claim["claimant"], claim["claimDate"]) == (TOWER, "A neighbour", "2021-05-01T00:00:00Z")
    (review,) = claim["claimReview"]
    assert review["textualRating"] == "Half a truth"
    assert client.claims().search(query="Choirs practise louder before noon.").execute() == {}


def test_the_client_for_python_pages_to_the_end(client: Any) -> None:
    claims, pages = client.claims(), list[Any]()
    request = claims.search(query=BRIDGE, pageSize=8)
    while request is not None and len(pages) < 10:
        pages.append(answer := request.execute())
        request = claims.search_next(request, answer)
    assert [len(page["claims"]) for page in pages] == [8, 8, 8, 1]
    assert len({claim["claimReview"][0]["url"] for page in pages for claim in page["claims"]}) == 25


def test_the_client_for_python_lists_a_site_and_masks_fields(client: Any) -> None:
    asked = {"reviewPublisherSiteFilter": "one.example", "pageSize": 2, "fields": "claims/claimReview/url"}
    found = client.claims().search(**asked).execute()
    assert found == {
        "claims": [
            {"claimReview": [{"url": "https://www.one.example/0"}]},
            {"claimReview": [{"url": "https://www.one.example/2"}]},
        ]
    }


def log_of(toy: Toy, searches: int) -> str:
    """Return what the server has logged once that many searches are; a line follows its answer."""
    deadline = time.monotonic() + LOG_SECONDS
    while (logged := toy.server.logged()).count(LOGGED) < searches:
        assert time.monotonic() < deadline, logged
        time.sleep(0.05)
    return logged


def test_a_long_post_is_matched_though_the_client_for_python_sends_it_as_a_form(client: Any, toy: Toy) -> None:
    before = toy.server.logged().count(LOGGED)
    request = client.claims().search(query=LONG_POST)
    assert len(request.uri) > 2048
    assert request.execute()["claims"][0]["text"] == TOWER
    assert (request.method, request.headers["x-http-method-override"]) == ("POST", "GET")
    logged = log_of(toy, searches=before + 1)
    assert toy.key not in logged
    assert "tower" not in logged


def test_the_client_for_python_reads_our_errors(client: Any, toy: Toy) -> None:
    for request, status, told in (
        (client.claims().search(query=TOWER, pageToken="x"), 400, "none of ours"),
        (client.claims().search(), 400, "query: it is missing"),
        (client.claims().imageSearch(imageUri="https://x.example/a.png"), 501, "images are not searched"),
    ):
        with pytest.raises(HttpError) as caught:
            request.execute()
        assert caught.value.resp.status == status
        assert told in caught.value.reason


def test_a_key_that_is_wrong_or_may_not_match_is_refused(toy: Toy) -> None:
    for key, status, name in (("no", 401, "UNAUTHENTICATED"), (toy.reader, 403, "PERMISSION_DENIED")):
        options = {"api_endpoint": toy.url}
        client = build("factchecktools", "v1alpha1", developerKey=key, client_options=options)
        with client, pytest.raises(HttpError) as caught:
            client.claims().search(query=TOWER).execute()
        assert caught.value.resp.status == status
        assert "key" in caught.value.reason
        assert json.loads(caught.value.content)["error"]["status"] == name


@pytest.mark.parametrize("document", [OF_HOST, OF_API])
def test_the_client_for_python_scores_a_comment(toy: Toy, document: str) -> None:
    body = {
        "comment": {"text": f"🐄 {TOWER}."},
        "requestedAttributes": {"KNOWN_MYTH": {}, "KNOWN_MYTH_REPEATED": {}},
        "spanAnnotations": True,
    }
    with discovered(toy, "commentanalyzer", document) as client:
        told = client.comments().analyze(body=body).execute()
        assert told["attributeScores"]["KNOWN_MYTH"]["summaryScore"] == {"value": 1.0, "type": "PROBABILITY"}
        (span,) = told["attributeScores"]["KNOWN_MYTH"]["spanScores"][-1:]
        assert (span["begin"], span["end"]) == (3, 3 + len(TOWER) + 1)
        body["requestedAttributes"] = {"TOXICITY": {}}
        with pytest.raises(HttpError) as caught:
            client.comments().analyze(body=body).execute()
    assert "Unknown requested attribute: TOXICITY" in caught.value.reason
    assert caught.value.error_details[0]["errorType"] == "INVALID_REQUEST"


def test_a_document_that_was_fetched_before_makes_a_client_too(toy: Toy) -> None:
    with discovered(toy, "commentanalyzer", OF_API) as first:
        document = first._rootDesc
    with build_from_document(document, developerKey=toy.key) as client:
        body = {"comment": {"text": TOWER}, "requestedAttributes": {"KNOWN_MYTH": {}}}
        assert client.comments().analyze(body=body).execute()["detectedLanguages"] == ["en"]


@pytest.mark.parametrize(("page", "printed"), [("fact-check", f"{TOWER} Half a truth\n"), ("perspective", "1.0\n")])
def test_the_code_of_the_documents_works(toy: Toy, page: str, printed: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / f"docs/sockets/{page}.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.S)
    code = re.sub(r'"(НАТО обещала|NATO promised)[^"]*"', repr(TOWER), code)
    scope: dict[str, Any] = {"URL": toy.url, "KEY": toy.key}
    exec(compile(code, page, "exec"), scope)
    scope["client"].close()
    assert capsys.readouterr().out == printed


@cache
def node_client() -> Path:
    """Return the script that drives the client for Node, installed; else the test is skipped, and on CI it fails."""
    missing = [program for program in ("node", "npm") if shutil.which(program) is None]
    if missing:
        _without_node(f"{' and '.join(missing)} not found; on Debian: apt install nodejs npm")
    installed, lock = NODE / "node_modules/.package-lock.json", NODE / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
        done = subprocess.run(command, cwd=NODE, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
        if done.returncode:
            _without_node(f"`npm ci` in tests/node failed: {done.stderr[-500:]}")
    return NODE / "search.mjs"


def _without_node(why: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)


def by_node(toy: Toy, key: str, method: str, **parameters: Any) -> list[Any]:
    """Return each page that the client for Node gets, or its error."""
    command = ["node", str(node_client()), f"{toy.url}/", key, method, json.dumps(parameters)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=CLIENT_SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.xdist_group("node")
def test_the_client_for_node_finds_claims_page_by_page(toy: Toy) -> None:
    pages = by_node(toy, toy.key, "search", query=BRIDGE, pageSize=10, languageCode="fr-FR")
    assert [len(page["claims"]) for page in pages] == [10, 2]
    assert {claim["claimReview"][0]["publisher"]["site"] for page in pages for claim in page["claims"]} == {
        "two.example"
    }
    assert by_node(toy, toy.key, "search", query="Choirs practise louder before noon.") == [{}]
    (found,) = by_node(toy, toy.key, "search", query=f"Сказали: {TOWER}!", fields="claims/text")
    assert found == {"claims": [{"text": TOWER}]}


@pytest.mark.xdist_group("node")
def test_the_client_for_node_reads_our_errors(toy: Toy) -> None:
    for key, method, parameters, code, status in (
        (toy.key, "search", {}, 400, "INVALID_ARGUMENT"),
        (toy.key, "imageSearch", {"imageUri": "https://x.example/a.png"}, 501, "UNIMPLEMENTED"),
        ("no", "search", {"query": TOWER}, 401, "UNAUTHENTICATED"),
    ):
        (error,) = by_node(toy, key, method, **parameters)
        assert error["status"] == code
        told = error["body"]["error"]
        assert (told["code"], told["status"]) == (code, status)
        assert told["message"] in error["message"]


@pytest.mark.model
def test_the_client_for_python_finds_a_myth_in_another_language(real_server: RealServer) -> None:
    options = {"api_endpoint": real_server.url}
    with build("factchecktools", "v1alpha1", developerKey="none", client_options=options) as client:
        found = client.claims().search(query=GORBACHEV).execute()
    assert found["claims"][0]["text"] == "NATO promised Russia it would not expand after the Cold War"
    (review,) = found["claims"][0]["claimReview"]
    assert review["publisher"] == {"name": "NATO", "site": "nato.int"}
    assert review["reviewDate"] == "2022-09-21T15:10:00Z"
