"""Fetching, from real servers on loopback: what is kept, what is refused, and when it gives up."""

import gzip
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from corpus.errors import FetchFailed, FetchRefused
from corpus.source import Source, SourceMetadata
from corpus.web.fetch import Fetched, Limits, fetch, suffix_of
from corpus.web.network import is_public

Answer = tuple[int, dict[str, str], bytes]
QUICK = Limits(connect_s=2, read_s=2, total_s=5, max_bytes=100_000)

NOT_PUBLIC = (
    "127.0.0.1 10.0.0.1 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 100.100.100.200 0.0.0.0 255.255.255.255"
    " 224.0.0.1 240.0.0.1 192.0.2.1 198.18.0.1 168.63.129.16 192.0.0.192 192.88.99.1 :: ::1 fe80::1 fe80::1%eth0"
    " fd00:ec2::254 ff02::1 ff0e::1 ::ffff:127.0.0.1 ::ffff:169.254.169.254 2002:7f00:1:: 2002:a9fe:a9fe::"
    " 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 64:ff9b:1::808:808 ::7f00:1 2001::1 fec0::1 2001:db8::1 100::1 2130706433"
)
LOOPBACK = (
    "127.0.0.1 localhost 2130706433 0x7f000001 0x7f.1 0177.0.0.1 127.1 0 [::1] [::] [::ffff:127.0.0.1]"
    " [::ffff:7f00:1] [2002:7f00:1::] [64:ff9b::7f00:1] １２７.0.0.1 127。0。0。1"
)
NOT_PLAIN = (
    "http://a.test@127.0.0.1/ http://u:secret@a.test/ http://[fe80::1%25eth0]/ http://a.test\\@127.0.0.1/"
    " http://127.0.0.1\\.a.test/ ftp://a.test/ file:///etc/passwd a.test/feed http:// http://[ http://a.test:99999/"
    " gopher://a.test/ javascript:alert(1)"
)
INWARD = (
    "http://169.254.169.254/latest/meta-data/ http://localhost:{port}/ http://[::1]:{port}/ http://127.1:{port}/"
    " http://2130706433:{port}/ http://[::ffff:127.0.0.1]:{port}/ //evil.test:{port}/ file:///etc/passwd"
)


@dataclass
class Site:
    """A server on loopback: what it answers by path, what it was asked, and how it drips where it drips."""

    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    drips: dict[str, float] = field(default_factory=dict)  # seconds from byte to byte
    port: int = 0
    closed: threading.Event = field(default_factory=threading.Event)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def paths(self) -> list[str]:
        return [path for path, _ in self.asked if path != "/robots.txt"]


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append((self.path, dict(self.headers)))
            status, headers, body = site.answers.get(self.path, (404, {}, b""))
            if headers.get("ETag") and headers["ETag"] == self.headers["If-None-Match"]:
                status, body = 304, b""
            self.send_response(status)
            for name, value in {**headers, "Content-Length": headers.get("Content-Length", str(len(body)))}.items():
                if value:
                    self.send_header(name, value)
            self.end_headers()
            self._send(body)

        def _send(self, body: bytes) -> None:
            pieces = [body[n : n + 1] for n in range(len(body))] if self.path in site.drips else [body]
            try:
                for piece in pieces:
                    self.wfile.write(piece)
                    if len(pieces) > 1 and site.closed.wait(site.drips[self.path]):
                        return
            except OSError:
                return  # the client left

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield site
    site.closed.set()
    server.shutdown()
    thread.join()
    server.server_close()


def resolver(**addresses: str | Sequence[str]) -> Callable[[str, int], Sequence[str]]:
    """Return a resolver of names below .test; what it does not know it takes for an address."""
    known = {f"{name}.test": [ips] if isinstance(ips, str) else ips for name, ips in addresses.items()}
    return lambda host, port: known.get(host, [host])


def read(fetched: Fetched) -> bytes:
    return fetched.path.read_bytes()


def test_a_feed_is_kept_as_a_file_that_a_source_reads(site: Site, tmp_path: Path) -> None:
    site.answers["/feed.json?a=1"] = (200, {"Content-Type": "application/json; charset=utf-8", "ETag": '"1"'}, b"[1]")
    fetched = fetch(site.url("/feed.json?a=1#top"), tmp_path / "new", ["127.0.0.1"], QUICK)
    assert (fetched.url, fetched.media_type, fetched.etag) == (site.url("/feed.json?a=1"), "application/json", '"1"')
    assert not fetched.unchanged
    source = Source(f"{fetched.url}{suffix_of(fetched)}", fetched.path, SourceMetadata())
    assert (source.suffix, source.text()) == (".json", "[1]")
    assert [path for path, _ in site.asked] == ["/robots.txt", "/feed.json?a=1"]
    assert {headers["User-Agent"] for _, headers in site.asked} == {"Mythmatch"}


def test_an_unchanged_feed_is_not_downloaded_again(site: Site, tmp_path: Path) -> None:
    site.answers["/feed.json"] = (200, {"ETag": '"1"', "Last-Modified": "Wed, 21 Oct 2015 07:28:00 GMT"}, b"[1]")
    first = fetch(site.url("/feed.json"), tmp_path, [site.host], QUICK)
    second = fetch(site.url("/feed.json"), tmp_path, [site.host], QUICK)
    assert (first.unchanged, second.unchanged) == (False, True)
    assert second.path == first.path
    assert read(second) == b"[1]"
    assert site.asked[-1][1]["If-None-Match"] == '"1"'
    assert site.asked[-1][1]["If-Modified-Since"] == "Wed, 21 Oct 2015 07:28:00 GMT"


def test_a_changed_feed_takes_the_place_of_the_old_one(site: Site, tmp_path: Path) -> None:
    site.answers["/feed.json"] = (200, {"ETag": '"1"'}, b"[1]")
    fetch(site.url("/feed.json"), tmp_path, [site.host], QUICK)
    site.answers["/feed.json"] = (200, {"ETag": '"2"'}, b"[1, 2]")
    second = fetch(site.url("/feed.json"), tmp_path, [site.host], QUICK)
    assert (second.unchanged, second.etag, read(second)) == (False, '"2"', b"[1, 2]")


def test_a_server_without_etags_still_tells_the_same_content(site: Site, tmp_path: Path) -> None:
    site.answers["/feed.json"] = (200, {}, b"[1]")
    assert not fetch(site.url("/feed.json"), tmp_path, [site.host], QUICK).unchanged
    assert fetch(site.url("/feed.json"), tmp_path, [site.host], QUICK).unchanged


def test_a_file_that_was_cut_is_downloaded_anew(site: Site, tmp_path: Path) -> None:
    site.answers["/feed.json"] = (200, {"ETag": '"1"'}, b"[1]")
    fetch(site.url("/feed.json"), tmp_path, [site.host], QUICK).path.write_bytes(b"[")
    again = fetch(site.url("/feed.json"), tmp_path, [site.host], QUICK)
    assert (read(again), again.unchanged) == (b"[1]", False)


@pytest.mark.parametrize("layers", [1, 2])
def test_packed_feeds_are_unpacked(site: Site, tmp_path: Path, layers: int) -> None:
    body = b"[1]"
    for _ in range(layers):
        body = gzip.compress(body)
    site.answers["/feed.json.gz"] = (200, {"Content-Encoding": "gzip"}, body)
    fetched = fetch(site.url("/feed.json.gz"), tmp_path, [site.host], QUICK)
    assert (read(fetched), suffix_of(fetched)) == (b"[1]", ".json")


def test_a_page_in_another_charset_is_kept_in_utf8(site: Site, tmp_path: Path) -> None:
    page = "<p>Миф: мост продан</p>"
    site.answers["/page"] = (200, {"Content-Type": "text/html; charset=windows-1251"}, page.encode("cp1251"))
    fetched = fetch(site.url("/page"), tmp_path, [site.host], QUICK)
    assert read(fetched).decode("utf-8-sig") == page
    assert suffix_of(fetched) == ".html"


# --- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", NOT_PUBLIC.split())
def test_an_address_of_no_public_network_is_known(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1", "::ffff:8.8.8.8", "2002:808:808::", "64:ff9b::808:808"])
def test_a_public_address_is_known(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("host", LOOPBACK.split())
def test_loopback_is_refused_however_it_is_spelt(site: Site, tmp_path: Path, host: str) -> None:
    site.answers["/"] = (200, {}, b"secret")
    with pytest.raises(FetchRefused, match="not public"):
        fetch(site.url("/", host), tmp_path, limits=QUICK)
    assert site.asked == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", [*NOT_PLAIN.split(), ""])
def test_what_is_no_plain_web_address_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(FetchRefused) as refused:
        fetch(url, tmp_path, limits=QUICK, resolve=resolver())
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("target", INWARD.split())
@pytest.mark.parametrize("start", ["/feed", "/robots.txt"])
def test_a_redirect_leads_to_no_address_that_is_not_public(site: Site, tmp_path: Path, target: str, start: str) -> None:
    site.answers[start] = (302, {"Location": target.format(port=site.port)}, b"")
    site.answers["/"] = (200, {}, b"secret")
    names = {"feed.test": "127.0.0.1", "evil.test": "10.0.0.1", "localhost": "127.0.0.1", "127.1": "127.0.0.1"}
    with pytest.raises(FetchRefused):
        fetch(site.url("/feed", "feed.test"), tmp_path, ["feed.test"], QUICK, lambda host, _: [names.get(host, host)])
    assert "/" not in site.paths()


def test_a_name_with_a_public_and_a_private_address_is_refused(site: Site, tmp_path: Path) -> None:
    with pytest.raises(FetchRefused, match=r"rebind\.test: met the address 127\.0\.0\.1"):
        fetch(site.url("/", "rebind.test"), tmp_path, limits=QUICK, resolve=resolver(rebind=["8.8.8.8", "127.0.0.1"]))
    assert site.asked == []


def test_what_was_checked_is_what_is_connected_to(site: Site, tmp_path: Path) -> None:
    """The system cannot resolve a name below .test, so that only the checked address can have been connected to."""
    site.answers["/feed"] = (200, {}, b"[1]")
    resolved: list[str] = []

    def once(host: str, port: int) -> list[str]:
        resolved.append(host)
        return ["127.0.0.1"]

    assert read(fetch(site.url("/feed", "feed.test"), tmp_path, ["feed.test"], QUICK, once)) == b"[1]"
    assert resolved == ["feed.test"] * len(site.asked)  # one look-up a connection: none between check and connection
    assert {headers["Host"] for _, headers in site.asked} == {f"feed.test:{site.port}"}


def test_a_name_that_turns_private_between_two_connections_is_refused(site: Site, tmp_path: Path) -> None:
    site.answers["/feed"] = (302, {"Location": site.url("/secret", "turns.test")}, b"")
    answers = iter([["8.8.8.8", "10.0.0.1"]])

    def turning(host: str, port: int) -> list[str]:
        return next(answers) if host == "turns.test" else ["127.0.0.1"]

    with pytest.raises(FetchRefused, match=r"10\.0\.0\.1"):
        fetch(site.url("/feed", "feed.test"), tmp_path, ["feed.test"], QUICK, turning)
    assert site.paths() == ["/feed"]


def test_an_allowed_host_is_allowed_on_its_port_alone(site: Site, tmp_path: Path) -> None:
    with pytest.raises(FetchRefused, match="not public"):
        fetch(site.url("/"), tmp_path, ["127.0.0.1:1"], QUICK)


def test_no_proxy_of_the_environment_is_used(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    site.answers["/feed"] = (200, {}, b"[1]")
    assert read(fetch(site.url("/feed"), tmp_path, [site.host], QUICK)) == b"[1]"


def test_redirects_are_followed_five_times(site: Site, tmp_path: Path) -> None:
    for hop in range(5):
        site.answers[f"/{hop}"] = (301 + hop % 2, {"Location": f"/{hop + 1}"}, b"")
    site.answers["/5"] = (200, {}, b"[1]")
    fetched = fetch(site.url("/0"), tmp_path, [site.host], QUICK)
    assert (fetched.url, read(fetched)) == (site.url("/5"), b"[1]")
    site.answers["/6"] = (302, {"Location": "/0"}, b"")
    with pytest.raises(FetchRefused, match="more than 5 redirects"):
        fetch(site.url("/6"), tmp_path, [site.host], QUICK)


def test_a_redirect_loop_ends(site: Site, tmp_path: Path) -> None:
    site.answers["/a"] = (302, {"Location": "/a"}, b"")
    with pytest.raises(FetchRefused, match="more than 5 redirects"):
        fetch(site.url("/a"), tmp_path, [site.host], QUICK)
    assert site.paths() == ["/a"] * 6


def test_what_robots_txt_forbids_us_is_not_asked_for(site: Site, tmp_path: Path) -> None:
    rules = b"User-agent: Mythmatch\nDisallow: /private*.json\n\nUser-agent: *\nDisallow: /\n"
    site.answers.update({"/robots.txt": (200, {}, rules), "/open.json": (200, {}, b"[1]")})
    site.answers["/moved.json"] = (302, {"Location": "/private-1.json"}, b"")
    assert read(fetch(site.url("/open.json"), tmp_path, [site.host], QUICK)) == b"[1]"
    for path in ("/private-1.json", "/moved.json"):
        with pytest.raises(FetchRefused, match=r"robots\.txt forbids"):
            fetch(site.url(path), tmp_path, [site.host], QUICK)
    assert site.paths() == ["/open.json", "/moved.json"]


@pytest.mark.parametrize(("status", "is_read"), [(404, True), (403, True), (503, False)])
def test_a_robots_txt_that_is_missing_forbids_nothing_and_one_that_fails_all(
    site: Site, tmp_path: Path, status: int, is_read: bool
) -> None:
    site.answers.update({"/robots.txt": (status, {}, b""), "/feed": (200, {}, b"[1]")})
    if is_read:
        assert read(fetch(site.url("/feed"), tmp_path, [site.host], QUICK)) == b"[1]"
    else:
        with pytest.raises(FetchFailed, match=r"robots\.txt: met status 503"):
            fetch(site.url("/feed"), tmp_path, [site.host], QUICK)


# --- limits and failures ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, b"x" * 200_000),  # told by its length
        ({"Content-Length": ""}, b"x" * 200_000),  # met in the middle
        ({"Content-Encoding": "gzip"}, gzip.compress(bytes(50_000_000))),
        ({}, gzip.compress(bytes(50_000_000))),
        ({}, gzip.compress(gzip.compress(bytes(50_000_000)))),
        ({}, gzip.compress(gzip.compress(gzip.compress(b"[1]")))),
    ],
    ids=["length", "middle", "bomb", "bomb file", "bomb in gzip", "three layers"],
)
def test_what_is_too_large_is_refused_and_leaves_nothing(
    site: Site, tmp_path: Path, headers: dict[str, str], body: bytes
) -> None:
    site.answers["/feed"] = (200, headers, body)
    with pytest.raises(FetchRefused, match=r"met (more|200000|gzip)"):
        fetch(site.url("/feed"), tmp_path, [site.host], QUICK)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_fetch_leaves_the_file_of_the_last_time(site: Site, tmp_path: Path) -> None:
    site.answers["/feed"] = (200, {"ETag": '"1"'}, b"[1]")
    first = fetch(site.url("/feed"), tmp_path, [site.host], QUICK)
    site.answers["/feed"] = (200, {"ETag": '"2"', "Content-Length": ""}, b"x" * 200_000)
    with pytest.raises(FetchRefused):
        fetch(site.url("/feed"), tmp_path, [site.host], QUICK)
    assert read(first) == b"[1]"
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("pause_s", [0.1, 10])
@pytest.mark.parametrize("path", ["/feed", "/robots.txt"])
def test_a_server_that_drips_is_left_when_the_whole_fetch_takes_too_long(
    site: Site, tmp_path: Path, path: str, pause_s: float
) -> None:
    site.answers[path] = (200, {}, b"x" * 1000)
    site.drips[path] = pause_s
    started = time.monotonic()
    with pytest.raises(FetchFailed, match="longer than the whole fetch may"):
        fetch(site.url("/feed"), tmp_path, [site.host], Limits(connect_s=2, read_s=20, total_s=0.5))
    assert time.monotonic() - started < 3
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((404, {}, b""), "met status 404"),
        ((500, {}, b""), "met status 500"),
        ((304, {}, b""), "met status 304"),
        ((302, {}, b""), "without a Location"),
        ((200, {"Content-Encoding": "br"}, b"x"), "met content encoding 'br'"),
        ((200, {"Content-Length": "10"}, b"x"), "ProtocolError"),
        ((200, {}, gzip.compress(b"[1]" * 1000)[:-9]), "cut short or damaged"),
    ],
)
def test_a_failing_server_is_told_with_its_address(site: Site, tmp_path: Path, answer: Answer, why: str) -> None:
    site.answers["/feed"] = answer
    with pytest.raises(FetchFailed, match=why) as failed:
        fetch(site.url("/feed"), tmp_path, [site.host], QUICK)
    assert site.url("/feed") in str(failed.value)


def test_a_server_that_is_not_there_is_told(site: Site, tmp_path: Path) -> None:
    with pytest.raises(FetchFailed, match="cannot be connected to"):
        fetch("http://127.0.0.1:1/feed", tmp_path, ["127.0.0.1"], QUICK)
    with pytest.raises(FetchFailed, match="cannot be resolved"):
        fetch("http://nowhere.test/", tmp_path, limits=QUICK, resolve=_nowhere)


def _nowhere(host: str, port: int) -> list[str]:
    raise OSError("no such name")


@pytest.mark.parametrize(
    ("url", "media_type", "suffix"),
    [
        ("https://example.org/a/Feed.JSON?x=1.csv", "text/html", ".json"),
        ("https://example.org/data.csv.gz", "application/gzip", ".csv"),
        ("https://example.org/export?format=csv", "text/csv", ".csv"),
        ("https://example.org/page.php", "text/html", ".html"),
        ("https://example.org/v1.2", "application/ld+json", ".json"),
        ("https://example.org/sheet", "application/vnd.apache.parquet", ".parquet"),
        ("https://example.org", "application/octet-stream", ""),
    ],
)
def test_the_suffix_tells_the_format(url: str, media_type: str, suffix: str) -> None:
    assert suffix_of(Fetched(Path("f"), url, None, media_type, False)) == suffix
