"""Sending: one request to a server, again where that is safe, and its answer or an error of the client's own tree."""

import email.utils
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from time import sleep
from typing import Any, Literal

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from service.client_errors import (
    Busy,
    Conflict,
    MythmatchError,
    NotAllowed,
    NotFound,
    Refused,
    ServerFailed,
    Unreachable,
)

CONNECT_SECONDS = 5.0
KEPT_ALIVE_SECONDS = 1.0  # less than the server keeps a connection: none is used in the moment in which it ends
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.5, 30.0
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
BUSY = (429, 503)
KINDS: dict[int, type[MythmatchError]] = {
    401: NotAllowed,
    403: NotAllowed,
    404: NotFound,
    409: Conflict,
    410: NotFound,
    412: Conflict,
    429: Busy,
    503: Busy,
}
WAIT = wait_exponential_jitter(multiplier=FIRST_WAIT_SECONDS, max=LONGEST_WAIT_SECONDS, jitter=FIRST_WAIT_SECONDS)
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


class Sender:
    """Connections to one server, and how often a request is sent again."""

    def __init__(self, url: str, key: str | None, timeout: float, retries: int) -> None:
        """Take the server's address, a key, the seconds that an answer may take, and how often to try again."""
        headers = {"User-Agent": "mythmatch-client", **({"Authorization": f"Bearer {key}"} if key else {})}
        self._client = httpx.Client(
            base_url=url.rstrip("/"),
            headers=headers,
            timeout=httpx.Timeout(timeout, connect=min(timeout, CONNECT_SECONDS)),
            limits=httpx.Limits(keepalive_expiry=KEPT_ALIVE_SECONDS),
        )
        self._retries = retries

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def send(self, method: Method, path: str, *, writes: bool = False, **sent: Any) -> httpx.Response:
        """Return the answer to a request, of a status below 300; what `sent` may hold is as httpx has it.

        A request is sent again where no connection was made, where the server answers 429, and, unless it `writes`,
        where it answers 503 or the connection breaks. Raises MythmatchError.
        """
        retrying = Retrying(
            retry=retry_if_exception(lambda error: _may_repeat(error, writes=writes)),
            stop=stop_after_attempt(1 + self._retries),
            wait=_wait_s,
            sleep=sleep,
            reraise=True,
        )
        return retrying(self.send_once, method, path, **sent)

    def send_once(self, method: Method, path: str, **sent: Any) -> httpx.Response:
        """Return the answer to a request that is sent once; raises MythmatchError."""
        try:
            response = self._client.request(method, path, **sent)
        except httpx.TransportError as error:
            unsent, timed_out = isinstance(error, NOT_SENT), isinstance(error, httpx.TimeoutException)
            host = self._client.base_url.netloc.decode()  # without a user and a password
            message = f"{host}: no answer ({error or type(error).__name__}); is the server up?"
            raise Unreachable(type(error).__name__, message, unsent=unsent, timed_out=timed_out) from error
        if not response.is_success:
            raise _error(response)
        return response


def json_of(response: httpx.Response) -> Any:
    """Return the JSON of an answer; raises ServerFailed where it is none."""
    return _json(response, response.text)


def json_lines_of(response: httpx.Response) -> list[Any]:
    """Return the values of an answer in JSON Lines; raises ServerFailed where a line is none."""
    return [_json(response, line) for line in response.text.split("\n") if line.strip()]


def _json(response: httpx.Response, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        kind = response.headers.get("Content-Type", "none")
        message = f"met an answer of the type {kind} that is no JSON; is there a server of Mythmatch at this address?"
        raise ServerFailed("NoJson", message, response.status_code, _request_id(response)) from error


def _error(response: httpx.Response) -> MythmatchError:
    """Return the error of an answer, in the server's words where they are of the one shape that errors have."""
    status = response.status_code
    kind = KINDS.get(status, Refused if 400 <= status < 500 else ServerFailed)
    try:
        told = json.loads(response.text)["error"]
        error = kind(str(told["type"]), str(told["message"]), status, told.get("request_id") or _request_id(response))
    except (ValueError, LookupError, TypeError, AttributeError):
        message = f"met status {status} without a reason; is there a server of Mythmatch at this address?"
        error = kind("UnknownAnswer", message, status, _request_id(response))
    if isinstance(error, Busy):
        error.retry_after_s = retry_after_s(response.headers)
    return error


def _request_id(response: httpx.Response) -> str | None:
    met = response.headers.get("X-Request-ID")
    return None if met is None else str(met)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that Retry-After asks to wait (RFC 9110, section 10.2.3); None where it says nothing."""
    met = headers.get("Retry-After", "").strip()
    if met.isascii() and met.isdigit():
        return float(met)
    try:
        until = email.utils.parsedate_to_datetime(met)
    except ValueError:
        return None
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def _may_repeat(error: BaseException, *, writes: bool) -> bool:
    """Return whether the request can be sent again: what writes only where it was surely not taken."""
    if isinstance(error, Unreachable):
        return error.unsent or not (writes or error.timed_out)
    if isinstance(error, Busy):
        is_soon = error.retry_after_s is None or error.retry_after_s <= LONGEST_WAIT_SECONDS
        return is_soon and (error.status == 429 or not writes)
    return False


def _wait_s(state: RetryCallState) -> float:
    """Return the seconds until the next try: longer from try to try, and no less than the server asked for."""
    error = state.outcome.exception() if state.outcome is not None else None
    asked = error.retry_after_s if isinstance(error, Busy) else None
    return max(WAIT(state), asked or 0.0)
