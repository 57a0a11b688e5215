"""Fetches a feed or a page into a file: politely, within limits, and never from an address that is not public."""

import gzip
import hashlib
import re
import tempfile
import time
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from urllib.parse import SplitResult, urljoin, urlsplit

# httpcore2, Pydantic's continuation of httpcore (a release a month; huggingface_hub brings it): the one client whose
# public door for the network lets us choose the address that is connected to, and end every single wait.
import httpcore2
from protego import Protego
from pydantic import BaseModel, ValidationError
from w3lib.url import safe_url_string

from corpus.errors import FetchFailed, FetchRefused
from corpus.web.body import CHUNK_BYTES, ByteCount, content_type, header, in_utf8, unpacked
from corpus.web.network import PublicNetwork, Resolver, resolve_host

USER_AGENT = "Mythmatch"
ACCEPT = "application/json, application/ld+json, text/csv, text/html;q=0.9, */*;q=0.8"
PLAIN_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")
RECORD_SUFFIX = ".fetched.json"
REDIRECTS = (301, 302, 303, 307, 308)
ROBOTS_BYTES = 500 * 1024  # RFC 9309, section 2.5: a reader may stop there
NETWORK_ERRORS = (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError)
NAME = re.compile(r"[^\w.-]+")

SUFFIXES = frozenset(
    {
        ".json",
        ".jsonl",
        ".ndjson",
        ".jsonld",
        ".csv",
        ".tsv",
        ".parquet",
        ".xml",
        ".rss",
        ".atom",
        ".txt",
        ".html",
        ".htm",
    }
)
SUFFIX_OF_TYPE = {  # the standard library's own table differs from machine to machine
    "application/json": ".json",
    "application/ld+json": ".json",
    "application/feed+json": ".json",
    "application/jsonl": ".jsonl",
    "application/x-ndjson": ".jsonl",
    "application/ndjson": ".jsonl",
    "application/vnd.apache.parquet": ".parquet",
    "text/csv": ".csv",
    "application/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "application/xml": ".xml",
    "text/xml": ".xml",
    "application/rss+xml": ".xml",
    "application/atom+xml": ".xml",
    "text/plain": ".txt",
}


@dataclass(frozen=True)
class Limits:
    """How long a fetch may take, in seconds, and how much it may bring, in bytes before and after unpacking."""

    connect_s: float = 10
    read_s: float = 30
    total_s: float = 600
    max_bytes: int = 512 << 20
    redirects: int = 5


class _Record(BaseModel):
    """What is remembered of a file that was fetched, beside it."""

    url: str
    etag: str | None = None
    last_modified: str | None = None
    media_type: str = ""
    sha256: str = ""
    bytes: int = 0


@dataclass(frozen=True)
class Fetched:
    """A file that was fetched, unpacked: where it lies, the address it came from in the end, and what was said of it.

    `unchanged` is true where its content is that of the last time.
    """

    path: Path
    url: str
    etag: str | None
    media_type: str
    unchanged: bool


def fetch(
    url: str,
    folder: Path,
    allowed_hosts: Collection[str] = (),
    limits: Limits = Limits(),
    resolve: Resolver = resolve_host,
) -> Fetched:
    """Return the file that the address gives, kept in the folder under a name of its own: the same at every fetch.

    Only http and https, only public addresses (but for `allowed_hosts`, each "host" or "host:port"), only what
    robots.txt allows. Nothing of the environment is used: no proxy, no netrc. Whatever fails leaves the file of the
    last time as it was. Names are resolved within the system resolver's own time. Raises FetchRefused or FetchFailed.
    """
    host = _parts(url).hostname or ""
    path = folder / f"{NAME.sub('-', host.removeprefix('www.'))}-{hashlib.sha256(url.encode()).hexdigest()[:12]}"
    known = _remembered(path)
    with _Visit(allowed_hosts, limits, resolve) as visit, _explaining(url), visit.open(url, known) as (last, response):
        if response.status == 304 and known and known.url == last:
            return Fetched(path, known.url, known.etag, known.media_type, unchanged=True)
        if response.status != 200:
            raise FetchFailed(f"{last}: met status {response.status}; expected 200; check the address")
        body = unpacked(response, limits.max_bytes)
        chunks = in_utf8(iter(partial(body.read, CHUNK_BYTES), b""), *content_type(response))
        record = _keep(chunks, path, _described(last, response), limits.max_bytes)
    return Fetched(path, last, record.etag, record.media_type, bool(known and known.sha256 == record.sha256))


def suffix_of(fetched: Fetched) -> str:
    """Return the suffix that tells the file's format: its address's, else its media type's; empty where neither does.

    >>> suffix_of(Fetched(Path("f"), "https://example.org/Feed.JSON.gz?page=1", None, "application/gzip", False))
    '.json'
    """
    path = PurePosixPath(urlsplit(fetched.url).path.lower())
    suffix = (path.with_suffix("") if path.suffix == ".gz" else path).suffix
    return suffix if suffix in SUFFIXES else SUFFIX_OF_TYPE.get(fetched.media_type, "")


class _Visit:
    """The connections of one fetch, and the robots.txt of every site that it meets."""

    def __init__(self, allowed_hosts: Collection[str], limits: Limits, resolve: Resolver) -> None:
        self._limits = limits
        self._robots: dict[str, Protego] = {}
        network = PublicNetwork(allowed_hosts, time.monotonic() + limits.total_s, resolve)
        self._pool = httpcore2.ConnectionPool(network_backend=network)

    def __enter__(self) -> "_Visit":
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.close()

    @contextmanager
    def open(self, url: str, known: _Record | None) -> Iterator[tuple[str, httpcore2.Response]]:
        """Give the last address and its answer, redirects followed, each where its site's robots.txt allows it."""
        for _ in range(self._limits.redirects + 1):
            url = _parts(url).geturl()
            self._obey_robots(url)
            conditions = _conditions(known) if known and known.url == url else {}
            with self._get(url, conditions) as response:
                if response.status not in REDIRECTS:
                    yield url, response
                    return
                url = _target(url, response)
        raise FetchRefused(f"{url}: met more than {self._limits.redirects} redirects; give the address they end at")

    @contextmanager
    def _get(self, url: str, conditions: Mapping[str, str] = MappingProxyType({})) -> Iterator[httpcore2.Response]:
        parts = _parts(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        address = httpcore2.URL(scheme=parts.scheme, host=parts.hostname or "", port=parts.port, target=target)
        timeout = {"connect": self._limits.connect_s, "read": self._limits.read_s, "write": self._limits.read_s}
        sent = {
            "Host": _site(parts),
            "User-Agent": USER_AGENT,
            "Accept": ACCEPT,
            "Accept-Encoding": "gzip",
            **conditions,
        }
        extensions = {"timeout": timeout}
        with self._pool.stream("GET", address, headers=list(sent.items()), extensions=extensions) as response:
            yield response

    def _obey_robots(self, url: str) -> None:
        """Raise FetchRefused where the robots.txt of the address's site forbids it to us."""
        parts = _parts(url)
        site = f"{parts.scheme}://{_site(parts)}"
        if site not in self._robots:
            self._robots[site] = Protego.parse(self._robots_txt(f"{site}/robots.txt"))
        if not self._robots[site].can_fetch(url, USER_AGENT):
            raise FetchRefused(f"{url}: {site}/robots.txt forbids it to {USER_AGENT}; ask its publisher for a feed")

    def _robots_txt(self, url: str) -> str:
        """Return the rules; none where the site has no such file, as RFC 9309 reads the answers of a server."""
        for _ in range(self._limits.redirects + 1):
            with self._get(url) as response:
                if response.status == 200:
                    return unpacked(response, self._limits.max_bytes).read(ROBOTS_BYTES).decode("utf-8-sig", "replace")
                if response.status not in REDIRECTS:
                    if response.status >= 500:
                        raise FetchFailed(f"{url}: met status {response.status}; expected rules or none; try later")
                    return ""
                url = _target(url, response)
        return ""


def _parts(url: str) -> SplitResult:
    """Return the address's parts, in ASCII; raises FetchRefused unless it is a plain one of the web."""
    try:
        parts = urlsplit(safe_url_string(url))
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise FetchRefused(
            f"{url!r}: is no address ({error}); expected https://example.org/feed or the like"
        ) from error
    if parts.scheme not in ("http", "https") or not host:
        raise FetchRefused(f"{url!r}: met scheme {parts.scheme!r}; expected http:// or https:// and a host")
    if parts.username is not None or not PLAIN_HOST.fullmatch(host):
        raise FetchRefused(f"met a user, a zone or a stray mark before or in the host {host!r}; expected a host alone")
    return parts._replace(fragment="")


def _site(parts: SplitResult) -> str:
    """Return the host and port as a Host header has them; the default port is left out."""
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    is_default = parts.port in (None, {"http": 80, "https": 443}[parts.scheme])
    return host if is_default else f"{host}:{parts.port}"


def _target(url: str, response: httpcore2.Response) -> str:
    """Return the address that a redirect points to."""
    location = header(response, "location")
    if not location:
        raise FetchFailed(f"{url}: met status {response.status} without a Location; tell its publisher")
    return urljoin(url, location)


def _conditions(known: _Record) -> dict[str, str]:
    stated = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified}
    return {name: value for name, value in stated.items() if value and value.isascii()}


def _remembered(path: Path) -> _Record | None:
    """Return what is remembered of the file, where both are whole."""
    try:
        record = _Record.model_validate_json(_record_path(path).read_bytes())
        return record if path.stat().st_size == record.bytes else None
    except (OSError, ValidationError):
        return None  # a first fetch, or as good as one


def _record_path(path: Path) -> Path:
    return path.with_name(path.name + RECORD_SUFFIX)


def _described(url: str, response: httpcore2.Response) -> _Record:
    etag, last_modified = header(response, "etag"), header(response, "last-modified")
    return _Record(url=url, etag=etag, last_modified=last_modified, media_type=content_type(response)[0])


def _keep(chunks: Iterator[bytes], path: Path, record: _Record, max_bytes: int) -> _Record:
    """Write the chunks into the file, whole or not at all, and what is remembered of it beside it; return that."""
    path.parent.mkdir(parents=True, exist_ok=True)
    digest, count = hashlib.sha256(), ByteCount(max_bytes)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False) as file:
        try:
            for chunk in chunks:
                count.add(chunk)
                digest.update(chunk)
                file.write(chunk)
            file.close()
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
    record = record.model_copy(update={"sha256": digest.hexdigest(), "bytes": count.bytes})
    fresh = path.with_name(f".{path.name}{RECORD_SUFFIX}")
    fresh.write_text(record.model_dump_json(), encoding="utf-8")
    fresh.replace(_record_path(path))
    return record


@contextmanager
def _explaining(url: str) -> Iterator[None]:
    """Name the address in what goes wrong, and translate what the libraries raise."""
    try:
        yield
    except (FetchRefused, FetchFailed) as error:
        if url in str(error):
            raise
        raise type(error)(f"{url}: {error}") from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise FetchFailed(f"{url}: its gzip is cut short or damaged ({error}); tell its publisher") from error
    except NETWORK_ERRORS as error:
        raise FetchFailed(f"{url}: {type(error).__name__}: {error}; try again later") from error
    except OSError as error:
        raise FetchFailed(f"{url}: cannot be kept ({error}); give a folder that can be written to") from error
