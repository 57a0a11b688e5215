"""QuietThreadWorker: gunicorn's thread worker; slow clients do not hold it up, and it stops without losing a request.

Four things differ from gunicorn's own. No thread waits for a client that has sent no whole head yet; the main loop
does, for all of them at once. Nor does that loop wait for a client to close its side, as gunicorn's does for up to two
seconds each. When told to stop, it takes every connection that the kernel has made already before it closes its port.
And what it refuses itself has our error shape, and nothing of it in the log.
"""

import errno
import json
import signal
import sys
import time
import traceback
import uuid
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from http import HTTPStatus
from selectors import EVENT_READ
from socket import SHUT_WR, socket
from typing import Any

from gunicorn import util
from gunicorn.glogging import Logger
from gunicorn.http.errors import (
    ExpectationFailed,
    InvalidRequestLine,
    InvalidResponseHeader,
    InvalidResponseHeaderName,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
    UnsupportedTransferCoding,
)
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, ThreadWorker

from service.app import SECURITY_HEADERS
from service.connection import Connection, Heard
from service.errors import BrokenBody, TooSlow
from service.logs import access_line, adopt
from service.observed import OBSERVED
from service.timed_socket import TimedSocket
from service.wire import error_json

MAX_REQUEST_LINE = 8190  # bytes; gunicorn's own highest
HANDSHAKE_SECONDS = 0.2  # after which no connection is being made any more, once no new one is let in
LINGER_SECONDS = 5.0  # for which a client may go on sending what nobody reads, so that it gets to reading its answer
LINGER_BYTES = 1 << 18  # taken at a time of that
DRAIN_SECONDS = 1.0  # for which a thread waits for the rest of a body that the application did not want
LATE_HEAD_SECONDS = 10.0  # left to a head that has begun to come when the server is told to stop

REFUSALS: dict[type[Exception], tuple[int, str]] = {
    LimitRequestLine: (414, f"the URL is longer than {MAX_REQUEST_LINE} bytes; POST the text to /v1/match"),
    LimitRequestHeaders: (431, "the headers are too many or too large; send fewer"),
    UnsupportedTransferCoding: (501, "the transfer coding is not known here; send the body plain or chunked"),
    ExpectationFailed: (417, "the expectation is not known here; expected 100-continue, or no Expect header"),
    TooSlow: (408, "the request did not arrive in time; send it in one go"),
    BrokenBody: (400, "the body is cut off or broken; send it whole"),
}
NO_HTTP = (400, "the request is no HTTP that can be read here; check the client")
FAILED = (500, "something unexpected went wrong here")


def refusal(error: Exception) -> tuple[int, str]:
    """Return the status and the message for a request that did not get as far as the application."""
    if isinstance(error, InvalidResponseHeader | InvalidResponseHeaderName):
        return FAILED  # gunicorn counts them among the client's
    for kind, answer in REFUSALS.items():
        if isinstance(error, kind):
            return answer
    return NO_HTTP if isinstance(error, ParseException) else FAILED


def refusal_bytes(error: Exception, request_id: str) -> bytes:
    """Return the whole answer to such a request."""
    status, message = refusal(error)
    body = json.dumps(error_json(type(error).__name__, message, request_id)).encode()
    headers = {
        "Date": util.http_date(),
        "Connection": "close",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Cache-Control": "no-store",
        "X-Request-ID": request_id,
        **SECURITY_HEADERS,
    }
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


class QuietLogger(Logger):
    """gunicorn's logger, which quotes nothing that somebody sent."""

    def setup(self, cfg: Any) -> None:
        """Speak in the format that this process logs in."""
        super().setup(cfg)
        self.access_log.setLevel(self.loglevel)
        adopt([*self.error_log.handlers, *self.access_log.handlers])

    def access(self, resp: Any, req: Any, environ: Any, request_time: Any) -> None:
        """Log a request's one line."""
        message, fields = access_line(environ, resp.status, resp.sent, request_time)
        self.access_log.info("%s", message, extra=fields)

    def exception(self, msg: str, *args: Any, **_: Any) -> None:
        """Log where the exception came from, without its message."""
        kind, _error, trace = sys.exc_info()
        where = "".join(traceback.format_tb(trace))
        self.error(f"{msg} (%s)\n%s", *args, kind.__name__ if kind else "no exception", where)


class QuietThreadWorker(ThreadWorker):
    """The worker; a connection waits in one of three queues, each in the order in which its waits end."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        # gunicorn's own two: `keepalived_conns`, of whose next request nothing has come, and `pending_conns`, a part
        self.lingering_conns: deque[Connection] = deque()  # that have been answered, until the client closes them
        self._request_seconds: float = self.app.request_seconds
        self._stops_at: float | None = None

    def is_draining(self) -> bool:
        """Return whether the worker was told to stop."""
        return self._stops_at is not None

    # taking connections

    def accept(self, listener: Any) -> None:
        """Take a connection, and close the one that idles longest where there are as many as there may be."""
        self._take(listener)
        if self.nr_conns >= self.worker_connections:
            self._make_room()

    def _take(self, listener: Any) -> bool:
        """Take a connection, to wait for its first request; return whether there was one."""
        try:
            accepted, address = listener.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                self._make_room()
            elif error.errno not in (errno.EAGAIN, errno.ECONNABORTED):
                raise
            return error.errno == errno.ECONNABORTED
        self.nr_conns += 1
        client = TimedSocket.of(accepted)
        self._await_request(Connection(self.cfg, client, address, listener.getsockname(), self.is_draining))
        return True

    def _make_room(self) -> None:
        for queue, kept in ((self.lingering_conns, 0), (self.keepalived_conns, 1), (self.pending_conns, 0)):
            if len(queue) > kept:  # the newest may be about to send
                self._drop(queue[0])
                return

    # waiting for a request

    def _await_request(self, connection: Connection) -> None:
        """Wait for the connection's next request, of which a part may have been read ahead."""
        connection.set_timeout()
        if self.is_draining():
            connection.timeout = min(connection.timeout, time.monotonic() + STOP_KEEPALIVE_LINGER)
        self._enter(connection, self.keepalived_conns, self._hear)
        if connection.gathered:
            self._judge(connection, connection.heard())

    def _hear(self, connection: Connection, _: socket) -> None:
        if connection.queue is not None:  # else it was closed for another one, in the same round of the loop
            self._judge(connection, connection.hear())

    def _judge(self, connection: Connection, heard: Heard) -> None:
        """Give a request to a thread once it is there, and end a connection that brings none."""
        if heard == "gone":
            self._drop(connection)
        elif heard == "no request":
            self._leave(connection)
            self._refuse(connection, InvalidRequestLine(""))
        elif heard == "request":
            had_begun = connection.queue is self.pending_conns
            left = connection.timeout - time.monotonic() if had_begun else self._request_seconds
            self._leave(connection)
            connection.sock.allow(reading=left, writing=self._request_seconds)
            self.enqueue_req(connection)
        elif connection.gathered and connection.queue is self.keepalived_conns:
            self._leave(connection)
            connection.timeout = time.monotonic() + self._request_seconds
            self._enter(connection, self.pending_conns, self._hear)

    def finish_request(self, conn: Connection, fs: "Future[bool]") -> None:
        """Wait for the connection's next request, or for its client to close it; called in the main loop."""
        stays = not fs.cancelled() and fs.exception() is None and fs.result()
        if stays:
            conn.gathered += conn.parser.unreader.take_buffered()
            self._await_request(conn)
        else:
            self._linger(conn)

    def _keepalive_after(self, conn: Connection, keepalive: bool) -> bool:
        """Return whether another request can follow: not one behind a body that is broken, slow or not asked for."""
        request: Any = conn.parser.mesg
        if not keepalive or request.should_close():
            return False
        conn.sock.hurry(DRAIN_SECONDS)
        try:
            return bool(super()._keepalive_after(conn, keepalive))
        except (BrokenBody, TooSlow):
            return False

    # ending connections

    def handle_error(self, req: Any, client: TimedSocket, addr: Any, exc: Exception) -> None:
        """Answer a request that never reached the application; what it held is not logged."""
        status, kind, request_id = refusal(exc)[0], type(exc).__name__, uuid.uuid4().hex
        noted = {"request_id": request_id, "status": status, "error": kind}
        self.log.warning("refused a request with %d: %s", status, kind, extra=noted)
        self.wsgi.extensions[OBSERVED].refused(status, kind)
        try:
            client.send_now(refusal_bytes(exc, request_id))
        except OSError:
            self.log.debug("the client of a refused request was gone")

    def _refuse(self, connection: Connection, error: Exception) -> None:
        self.handle_error(None, connection.sock, connection.client, error)
        self._linger(connection)

    def _linger(self, connection: Connection) -> None:
        """Say that no more is sent, and take what the client still sends: closing at once would undo the answer."""
        try:
            if connection.sock.has_given_up:
                raise ConnectionResetError
            connection.sock.shutdown(SHUT_WR)
        except OSError:  # it is gone already
            self._close(connection)
            return
        connection.timeout = time.monotonic() + LINGER_SECONDS
        self._enter(connection, self.lingering_conns, self._hear_out)

    def _hear_out(self, connection: Connection, _: socket) -> None:
        try:
            ended = not connection.sock.recv_now(LINGER_BYTES)
        except BlockingIOError:
            ended = False
        except OSError:
            ended = True
        if ended and connection.queue is not None:
            self._drop(connection)

    def _enter(self, connection: Connection, queue: "deque[Connection]", hear: Callable[..., None]) -> None:
        connection.sock.setblocking(False)
        connection.queue = queue
        queue.append(connection)
        self.poller.register(connection.sock, EVENT_READ, partial(hear, connection))

    def _leave(self, connection: Connection) -> None:
        if connection.queue is not None:
            connection.queue.remove(connection)
        connection.queue = None
        self.poller.unregister(connection.sock)

    def _drop(self, connection: Connection) -> None:
        self._leave(connection)
        self._close(connection)

    def _close(self, connection: Connection) -> None:
        self.nr_conns -= 1
        connection.close()

    def murder_pending(self) -> None:
        """Refuse heads that came too slowly, and close what lingered long enough; called in every round of the loop."""
        now = time.monotonic()
        while self.pending_conns and self.pending_conns[0].timeout <= now:
            connection = self.pending_conns[0]
            self._leave(connection)
            self._refuse(connection, TooSlow(""))
        while self.lingering_conns and self.lingering_conns[0].timeout <= now:
            self._drop(self.lingering_conns[0])
        if self._stops_at is not None and self._stops_at <= now:
            self.alive = False

    # stopping

    def init_signals(self) -> None:
        """Take SIGINT, which a terminal sends to this process too, as SIGTERM."""
        super().init_signals()
        signal.signal(signal.SIGINT, self.handle_exit)

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Have the main loop begin to drain; a signal may come while that loop holds a lock."""
        self.method_queue.defer(self._begin_to_drain)

    def _begin_to_drain(self) -> None:
        """Have /readyz say so, and go on taking connections for as long as load balancers take to notice."""
        if self._stops_at is None:
            self._stops_at = time.monotonic() + self.app.drain_seconds + HANDSHAKE_SECONDS
            self.app.drain()

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Wait for events, and do what they ask for; no longer than until the worker is to stop."""
        if self.alive and self._stops_at is not None:
            timeout = max(0.0, min(timeout, self._stops_at - time.monotonic()))
        super().wait_for_and_dispatch_events(timeout)

    def set_accept_enabled(self, enabled: bool) -> None:
        """Let connections in, or not; at the end, those are taken first that the kernel has let in."""
        if enabled or self.alive:
            super().set_accept_enabled(enabled)
            return
        for listener in self.sockets:
            while self._take(listener):
                pass
        super().set_accept_enabled(False)
        for listener in self.sockets:
            listener.close()

    def _cap_keepalive(self, deadline: float) -> None:
        super()._cap_keepalive(deadline)
        late = time.monotonic() + LATE_HEAD_SECONDS
        for connection in self.pending_conns:
            connection.timeout = min(connection.timeout, late)
