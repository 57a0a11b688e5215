"""Rate limits: how much each caller may ask for, by its key or else its address; Flask-Limiter counts.

Every request counts as one, and a batch as many as it has texts. What is asked without a key, such as probes and our
documents, and what Prometheus reads, is never counted. What was refused counts for nothing. The counters slide: in no
stretch as long as the rate's do more than so many pass, within what "sliding window counter" means to the library.
Where the Redis that several hosts share does not answer, each goes on counting by itself until it does.
"""

import ipaddress
import logging
import math
import time
from typing import Any

from flask import Flask, Response, request
from flask_limiter import Limiter, RateLimitExceeded
from limits import RateLimitItem, parse_many
from limits.errors import StorageError
from redis.backoff import NoBackoff
from redis.retry import Retry
from werkzeug.middleware.proxy_fix import ProxyFix

from service.access import SCOPES, key_name
from service.errors import TooManyRequests
from service.settings import Settings

REDIS_SECONDS = 0.25  # for which a Redis may leave a request waiting; it is tried again after 1, 2, 4 ... 32 s
NET_BITS = 64  # of an IPv6 address: whoever has one has all the rest
SHARED = "global"  # Flask-Limiter's name for what is counted for all endpoints together

log = logging.getLogger(__name__)


class RateLimits:
    """Counts what each caller asks for; where no rate is set it counts nothing."""

    def __init__(self, settings: Settings) -> None:
        """Take the rates and where they are counted; nothing is connected to yet."""
        self._rates = parse_many(settings.rate_limit) if settings.rate_limit else []
        self._limiter = _limiter(settings) if self._rates else None

    def guard(self, app: Flask) -> None:
        """Have each request counted; to be called after what takes its key."""
        limiter = self._limiter
        if limiter is None:
            return
        limiter.request_filter(is_free)
        limiter.init_app(app)

        @app.after_request
        def show_what_is_left(response: Response) -> Response:
            response.headers.update(self._shown(limiter))
            return response

        @app.errorhandler(RateLimitExceeded)
        def refuse(error: RateLimitExceeded) -> Any:
            rate = error.limit.limit if error.limit else self._rates[0]
            return app.handle_user_exception(self._refusal(rate, f"{rate} are used up"))

    def charge(self, texts: int) -> None:
        """Count a batch's texts, of which its request was the first; raises TooManyRequests before any is counted."""
        more, limiter = texts - 1, self._limiter
        if limiter is None or more < 1:
            return
        try:
            for rate in self._rates:
                if not limiter.limiter.test(rate, caller(), SHARED, cost=more):
                    raise self._refusal(rate, f"{rate} leave no room for {texts} texts", rate.get_expiry())
            for rate in self._rates:
                limiter.limiter.hit(rate, caller(), SHARED, cost=more)
        except StorageError:
            log.debug("a batch was not counted")  # the next request is told to count elsewhere, and logs it

    def _refusal(self, rate: RateLimitItem, met: str, seconds: int | None = None) -> TooManyRequests:
        """Return the error; the seconds are those until one more is let through, unless more are given."""
        limit = self._limiter.current_limit if self._limiter else None
        if seconds is None:
            seconds = _seconds_until(limit.reset_at) if limit else rate.get_expiry()
        return TooManyRequests(f"too many requests: {met}; try again in {seconds} s", seconds)

    def _shown(self, limiter: Limiter) -> dict[str, str]:
        """Return the headers that say what is left, as draft-ietf-httpapi-ratelimit-headers-06 names them."""
        limit = limiter.current_limit
        if limit is None:
            return {}
        try:
            left = limit.remaining
            reset = _seconds_until(limit.reset_at)
        except StorageError:
            return {}
        amounts = {"Limit": limit.limit.amount, "Remaining": left, "Reset": reset}
        return {f"RateLimit-{name}": str(amount) for name, amount in amounts.items()}


def caller() -> str:
    """Return who asks: a key's name, which it keeps when it is renewed, or else an address or its IPv6 network."""
    name = key_name()
    return f"key {name}" if name is not None else f"address {network(request.remote_addr or '')}"


def network(address: str) -> str:
    """Return an IPv4 address as it is, and the network of an IPv6 one."""
    try:
        read = ipaddress.ip_address(address)
    except ValueError:
        return address  # a proxy may write anything, such as a port behind it
    if isinstance(read, ipaddress.IPv4Address):
        return str(read)
    if read.ipv4_mapped is not None:
        return str(read.ipv4_mapped)
    return str(ipaddress.ip_network((read, NET_BITS), strict=False))


def is_free() -> bool:
    """Return whether this request is not counted."""
    is_public = SCOPES.get(request.endpoint or "", "admin") is None
    return is_public or request.blueprint == "metrics" or request.method == "OPTIONS"


def trust_proxies(app: Flask, proxies: int) -> None:
    """Take the client's address, and whether it came by HTTPS, from what the last so many proxies wrote.

    Host and path stay as they are: most proxies hand on what a client claims of these.
    """
    if proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=0)  # type: ignore[method-assign]


def _limiter(settings: Settings) -> Limiter:
    url = settings.rate_limit_storage
    made = Limiter(
        caller,
        application_limits=[settings.rate_limit],
        strategy="sliding-window-counter",
        storage_uri=url or "memory://",
        storage_options=_redis_options() if url else {},
        in_memory_fallback_enabled=bool(url),
        swallow_errors=True,  # of those requests that were asking when another one found the Redis dead
    )
    made.logger = logging.getLogger(f"{__name__}.library")
    made.logger.addFilter(is_news)
    return made


def is_news(record: logging.LogRecord) -> bool:
    """Return whether a line of Flask-Limiter's is to be seen: that a Redis was lost or found, not each request."""
    return record.exc_info is None and not record.getMessage().startswith("ratelimit ")


def _redis_options() -> dict[str, Any]:
    patience = {"socket_connect_timeout": REDIS_SECONDS, "socket_timeout": REDIS_SECONDS}
    once = Retry(NoBackoff(), 0)  # it would try three times more, and wait in between
    return {**patience, "retry": once, "wrap_exceptions": True}


def _seconds_until(moment: float) -> int:
    return max(1, math.ceil(moment - time.time()))
