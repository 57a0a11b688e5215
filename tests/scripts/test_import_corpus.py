"""import_corpus: what it shows before it writes, what it fills, and how a feed comes again."""

import importlib
import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from corpus.model import Debunk
from scripts.terminal import run as run_main
from service.settings import Settings
from service.wiring import open_store
from tests.real_server import ROOT, environment_in

Call = Callable[..., tuple[int | str | None, str, str]]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Run the script in this process; return its exit code, what it printed, and what it told."""
    for name, value in environment_in(tmp_path, {"MYTHMATCH_ENCODER": "toy"}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(ROOT)

    def called(*arguments: str) -> tuple[int | str | None, str, str]:
        monkeypatch.setattr(sys, "argv", ["import_corpus", *arguments])
        with pytest.raises(SystemExit) as left:
            run_main(importlib.import_module("scripts.import_corpus").main)
        printed = capsys.readouterr()
        return left.value.code, printed.out, printed.err

    return called


def stored() -> list[Debunk]:
    with open_store(Settings.from_environment()) as store:
        return list(store.debunks())


def review(number: int, **fields: object) -> dict[str, object]:
    return {
        "@context": "http://schema.org",
        "@type": "ClaimReview",
        "url": f"https://checks.example.org/{number}",
        "claimReviewed": f"Bridge number {number} was sold.",
        "inLanguage": "en",
        "reviewRating": {"@type": "Rating", "alternateName": "False"},
        **fields,
    }


def feed(path: Path, reviews: list[dict[str, object]]) -> str:
    items = [{"@type": "DataFeedItem", "item": [item]} for item in reviews]
    path.write_text(json.dumps({"@type": "DataFeed", "dataFeedElement": items}), encoding="utf-8")
    return str(path)


def test_a_dry_run_shows_the_guess_and_the_first_rows_and_writes_nothing(call: Call, tmp_path: Path) -> None:
    rows = [f"{n},Bridge number {n} was sold.,https://example.org/{n}" for n in range(9)]
    (tmp_path / "claims.csv").write_text("\n".join(["id,text,link", *rows]), encoding="utf-8")
    code, shown, _ = call(str(tmp_path / "claims.csv"), "--dry-run", "--set", "rating=false")
    assert code == 0
    first, columns, *records = shown.splitlines()
    assert first == f"{tmp_path / 'claims.csv'}: read as table"
    assert set(columns.removeprefix("columns: ").split(", ")) == {"id=id", "myth=text", "url=link"}
    assert records[:4] == ["0", '  myth: "Bridge number 0 was sold."', '  lang: "en"', '  rating: "false"']
    assert sum(not line.startswith(" ") for line in records) == 5
    assert stored() == []


def test_what_a_file_lacks_is_filled_and_a_column_map_overrides_the_guess(call: Call, tmp_path: Path) -> None:
    (tmp_path / "claims.csv").write_text("a,b\nThe bridge was sold.,It was not.\n", encoding="utf-8")
    source = str(tmp_path / "claims.csv")
    code, _, told = call(source, "--format", "table")
    assert code == 2
    assert "a, b" in told or "'a', 'b'" in told
    filled = ["--map", "myth=a", "--map", "passages=b", "--set", "rating=false", "--set", "publisher=The city"]
    assert call(source, *filled)[:2] == (0, "read 1 put 1 unchanged 0 rejected 0\n")
    (debunk,) = stored()
    assert (debunk.myth, debunk.passages) == ("The bridge was sold.", ("It was not.",))
    assert (debunk.rating, debunk.publisher, debunk.sources) == ("false", "The city", ("claims.csv",))


def test_a_review_of_two_feeds_is_one_debunk_and_a_withdrawn_one_expires(call: Call, tmp_path: Path) -> None:
    one = feed(tmp_path / "one.json", [review(1), review(2)])
    other = feed(tmp_path / "other.json", [review(2), review(3)])
    assert call(one, other)[1] == "read 4 put 4 unchanged 0 rejected 0\n"
    assert [debunk.sources for debunk in sorted(stored(), key=lambda debunk: debunk.url or "")] == [
        ("one.json",),
        ("one.json", "other.json"),
        ("other.json",),
    ]
    assert call(one, other)[1] == "read 4 put 0 unchanged 4 rejected 0\n"
    feed(tmp_path / "one.json", [review(2, reviewRating={"@type": "Rating", "alternateName": "Misleading"})])
    code, printed, told = call(one, "--whole")
    assert (code, printed) == (0, "read 1 put 1 unchanged 0 rejected 0\n")
    assert "1 are in the feed no more and expire" in told
    by_url = {debunk.url: debunk for debunk in stored()}
    assert by_url["https://checks.example.org/1"].expires is not None
    assert by_url["https://checks.example.org/2"].rating == "misleading"
    assert by_url["https://checks.example.org/2"].expires is None


def test_a_feed_may_be_given_a_name(call: Call, tmp_path: Path) -> None:
    call(feed(tmp_path / "one.json", [review(1)]), "--feed", "checks.example.org")
    assert [debunk.sources for debunk in stored()] == [("checks.example.org",)]


def test_one_broken_review_stops_nothing_and_is_told(call: Call, tmp_path: Path) -> None:
    broken = json.dumps(review(2)).replace('"False"', '"False",')
    lines = [json.dumps(review(1)), broken, json.dumps(review(3))]
    (tmp_path / "reviews.jsonl").write_text("\n".join(lines), encoding="utf-8")
    code, printed, _ = call(str(tmp_path / "reviews.jsonl"))
    assert code == 1
    reason, counts = printed.splitlines()
    assert reason.startswith(f"rejected {tmp_path / 'reviews.jsonl'}, line 2: ")
    assert counts == "read 3 put 2 unchanged 0 rejected 1"


def test_a_feed_is_fetched_by_its_address_and_not_again_while_it_is_unchanged(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed(tmp_path / "feed.json", [review(1)])
    with serving(tmp_path) as (address, asked):
        url = f"http://{address}/feed.json"
        code, printed, told = call(url)
        assert (code, printed) == (2, "")
        assert "127.0.0.1, which is not public" in told
        monkeypatch.setenv("MYTHMATCH_FETCH_HOSTS", f"feeds.example.org, {address}")
        assert call(url)[:2] == (0, "read 1 put 1 unchanged 0 rejected 0\n")
        code, printed, told = call(url)
    assert (code, printed) == (0, "read 1 put 0 unchanged 1 rejected 0\n")
    assert f"{url}: unchanged since it was fetched last" in told
    assert [status for path, status in asked if path == "/feed.json"] == [200, 304]
    assert [debunk.sources for debunk in stored()] == [(url,)]


def test_a_page_is_fetched_by_its_address_which_its_debunks_name(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = "<html lang=en><h1>Myths</h1><h2>Myth: The bridge was sold.</h2><p>Fact: It was not.</p></html>"
    (tmp_path / "bridges.html").write_text(page, encoding="utf-8")
    with serving(tmp_path) as (address, _):
        monkeypatch.setenv("MYTHMATCH_FETCH_HOSTS", address)
        assert call(f"http://{address}/bridges.html")[:2] == (0, "read 1 put 1 unchanged 0 rejected 0\n")
    (debunk,) = stored()
    assert (debunk.myth, debunk.passages) == ("The bridge was sold.", ("It was not.",))
    assert debunk.url == f"http://{address}/bridges.html"


@contextmanager
def serving(folder: Path) -> Iterator[tuple[str, list[tuple[str, int]]]]:
    """Serve the folder on loopback; give the address, and the paths that were asked for with their statuses."""
    asked: list[tuple[str, int]] = []

    class Files(SimpleHTTPRequestHandler):
        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            asked.append((self.path, int(code)))

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}", asked
        server.shutdown()
