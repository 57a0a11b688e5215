"""The production server: gunicorn, told where it may write, what it may log, and how it words its own refusals."""

import json
import uuid
from collections.abc import Callable
from http import HTTPStatus
from socket import socket
from typing import Any
from urllib.parse import quote

from flask import Flask
from gunicorn import util
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger
from gunicorn.http.errors import LimitRequestHeaders, LimitRequestLine, ParseException, UnsupportedTransferCoding
from gunicorn.workers.gthread import ThreadWorker

from service.app import create_app
from service.builder_process import BuilderProcess
from service.settings import Settings
from service.wire import error_json
from service.worker import Worker

MAX_REQUEST_LINE = 8190  # bytes; gunicorn's own highest
GRACEFUL_SECONDS = 30
ACCESS_LOG = '%(h)s "%(m)s %(U)s" %(s)s %(B)s bytes %(M)s ms'  # the path, never the query: that holds a text

REFUSALS: dict[type[Exception], tuple[int, str]] = {
    LimitRequestLine: (414, f"the URL is longer than {MAX_REQUEST_LINE} bytes; POST the text to /v1/match"),
    LimitRequestHeaders: (431, "the headers are too many or too large; send fewer"),
    UnsupportedTransferCoding: (501, "the transfer coding is not known here; send the body plain or chunked"),
}
NO_HTTP = (400, "the request is no HTTP that can be read here; check the client")
FAILED = (500, "something unexpected went wrong here")


class QuietLogger(Logger):
    """gunicorn's logger, with the path as it stands in a URL: a decoded one could start a new line."""

    def atoms(self, resp: Any, req: Any, environ: Any, request_time: Any) -> dict[str, Any]:
        """Return what the access log's format may name."""
        return {**super().atoms(resp, req, environ, request_time), "U": quote(environ.get("PATH_INFO", ""))}


class QuietThreadWorker(ThreadWorker):
    """gunicorn's thread worker, with our error shape where gunicorn itself refuses and no request line in the log."""

    def handle_error(self, req: Any, client: socket, addr: Any, exc: Exception) -> None:
        """Answer a request that never reached the application; what it held is not logged."""
        status, message = refusal(exc)
        self.log.warning("refused a request with %d: %s", status, type(exc).__name__)
        body = json.dumps(error_json(type(exc).__name__, message, uuid.uuid4().hex)).encode()
        head = (
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
            f"Connection: close\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        try:
            util.write_nonblock(client, head.encode("latin-1") + body)
        except OSError:
            self.log.debug("the client of a refused request was gone")


def refusal(error: Exception) -> tuple[int, str]:
    """Return the status and the message for a request that gunicorn could not read."""
    for kind, answer in REFUSALS.items():
        if isinstance(error, kind):
            return answer
    return NO_HTTP if isinstance(error, ParseException) else FAILED


class Server(BaseApplication):
    """gunicorn with one worker process and the settings' number of threads."""

    def __init__(self, settings: Settings, on_listening: Callable[[str], None]) -> None:
        """Prepare to serve; `on_listening` gets the URL once the port is open."""
        self._settings = settings
        self._on_listening = on_listening
        self._builder = BuilderProcess()
        super().__init__()

    def load_config(self) -> None:
        """Tell gunicorn all that it would otherwise guess or take from its environment."""
        settings = self._settings
        settings.run_dir.mkdir(parents=True, exist_ok=True)
        options = {
            "bind": f"{bracketed(settings.host)}:{settings.port}",
            "workers": 1,
            "worker_class": QuietThreadWorker,
            "threads": settings.threads,
            "logger_class": QuietLogger,
            "worker_tmp_dir": str(settings.run_dir),
            "control_socket_disable": True,
            "limit_request_line": MAX_REQUEST_LINE,
            "graceful_timeout": GRACEFUL_SECONDS,
            "accesslog": "-",
            "access_log_format": ACCESS_LOG,
            "when_ready": self._tell,
            "post_worker_init": lambda worker: worker.app.start(),
            "worker_exit": lambda _, worker: worker.app.stop(),
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Return the application; called in the worker process."""
        self.worker = Worker(self._settings)
        return create_app(self._settings, self.worker)

    def start(self) -> None:
        """Load what is answered from, and start the builder beside it; called in the worker process.

        The worker's process has the builder, and not gunicorn's own: that one takes every child's exit code for a
        worker's. There is one worker process, and a builder whose process ends, however it ends, ends with it.
        """
        self.worker.start()
        if self._settings.builder:
            self._builder.start()

    def stop(self) -> None:
        """End both; called in the worker process."""
        self.worker.stop()
        if self._settings.builder:
            self._builder.stop()

    def _tell(self, arbiter: Arbiter) -> None:
        port = arbiter.LISTENERS[0].sock.getsockname()[1]
        self._on_listening(f"http://{bracketed(self._settings.host)}:{port}")


def bracketed(host: str) -> str:
    """Return the host as it stands in a URL: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host
