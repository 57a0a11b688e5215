"""Origins: which web pages may use this service from somebody's browser.

A browser sends what a page tells it to, with the reach and the passwords of who looks at that page. So what changes
anything is taken from the service's own pages and from the origins that are named, and from what is no browser: as Go's
http.CrossOriginProtection does it, by Sec-Fetch-Site and Origin, which no page can forge. And where keys are off on a
loopback host, only its own names are answered: another one leads here by DNS rebinding, with a page behind it.
"""

import re
from urllib.parse import urlsplit

from flask import Flask, Response, request
from flask_cors import CORS

from service.access import is_loopback, requires_keys
from service.errors import ForeignOrigin, UnknownHost
from service.settings import Settings, variable

SAFE_METHODS = ("GET", "HEAD", "OPTIONS", "TRACE")
OWN_SITES = ("same-origin", "none")  # none: a person typed the address, or came by a bookmark
SHARED = r"/(v1|v1alpha1)/"  # what other origins may read, once they are named: the API and what speaks as another one
EXPOSED = (
    "ETag",
    "Location",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "Retry-After",
    "X-Request-ID",
)
MAX_AGE = 600  # seconds for which a browser need not ask again


def guard(app: Flask, settings: Settings) -> None:
    """Have each request's host and origin looked at, before its key, and let the named origins read."""
    named = frozenset(listed(settings.cors_origins))
    hosts = frozenset(listed(settings.hosts))
    is_open = is_loopback(settings.host) and not requires_keys(settings)

    @app.before_request
    def look_at_origin() -> Response | None:
        if is_open:
            check_host(request.headers.get("Host"), hosts)
        if named and is_preflight() and request.headers.get("Origin", "").lower() in named:
            return Response(status=204)  # browsers send no key with it
        if request.method not in SAFE_METHODS:
            check_origin(named)
        return None

    if named:
        _share(app, named)


def _share(app: Flask, named: frozenset[str]) -> None:
    """Let pages of the named origins read answers; keys come with each request, so no cookie or password does."""

    @app.after_request
    def vary(answer: Response) -> Response:
        if re.match(SHARED, request.path):
            answer.vary.add("Origin")  # of every answer, whoever asked, so that no cache mixes them up
        return answer

    CORS(
        app,
        resources=re.compile(SHARED),
        origins=[re.compile(re.escape(origin) + r"\Z", re.IGNORECASE) for origin in sorted(named)],
        expose_headers=EXPOSED,
        max_age=MAX_AGE,
        always_send=False,
        vary_header=False,
    )


def listed(setting: str) -> list[str]:
    """Return the parts of a setting that commas part, in lower case."""
    return [part.strip().lower() for part in setting.split(",") if part.strip()]


def is_preflight() -> bool:
    """Return whether a browser asks what a page of another origin may send."""
    is_asked = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
    return is_asked and re.match(SHARED, request.path) is not None


def check_origin(named: frozenset[str]) -> None:
    """Raise ForeignOrigin where a page that is neither ours nor of a named origin had a browser send the request."""
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    is_ours = site in OWN_SITES if site is not None else origin is None or urlsplit_host(origin) == request.host
    if not is_ours and (origin or "").lower() not in named:
        raise ForeignOrigin(
            f"a web page of another origin ({_shown(origin)}) had this sent; where it may, name it in"
            f" {variable('cors_origins')}"
        )


def urlsplit_host(origin: str) -> str | None:
    """Return the host and port of an origin; None for what is none."""
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None


def check_host(header: str | None, named: frozenset[str]) -> None:
    """Raise UnknownHost unless the Host header is absent, or of a loopback address, or of a host that is named."""
    if header is None:
        return  # no browser
    host = re.sub(r":\d*\Z", "", header.lower()).removesuffix(".")
    is_own_name = host == "localhost" or host.endswith(".localhost") or host in named
    if not is_own_name and not is_loopback_literal(host):
        raise UnknownHost(
            f"Host: met {_shown(header)}; expected localhost or a loopback address; where a proxy sends"
            f" another name, set {variable('hosts')} to it, or {variable('keys')} to required"
        )


def is_loopback_literal(host: str) -> bool:
    """Return whether the host, as a URL has it, is a loopback address."""
    bare = host.removeprefix("[").removesuffix("]")
    return bare != "localhost" and is_loopback(bare)


def _shown(header: str | None) -> str:
    return ascii(header[:100]) if header else "none given"
