"""The production server: gunicorn, told where it may write, what it may log, whom it believes, and how it stops."""

import sys
import threading
from collections.abc import Callable

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from service.admission import Admission
from service.app import WEBHOOKS, create_app
from service.builder_process import BuilderProcess
from service.draining import DrainingArbiter
from service.observed import OBSERVED
from service.settings import Settings
from service.thread_worker import MAX_REQUEST_LINE, QuietLogger, QuietThreadWorker
from service.worker import Worker

MAX_CONNECTIONS = 1000  # open at a time; the one that has idled longest is closed for the next
BACKLOG = 2048  # connections that the kernel has made and nobody has taken yet; Linux caps it by net.core.somaxconn
# Who takes a connection, or refuses it, asks for the interpreter several times; beside a thread that matches each time
# takes this long. With Python's own 5 ms, 256 clients that came at once waited for seconds.
SWITCH_SECONDS = 0.0005
GRACEFUL_SECONDS = 30  # for requests under way, once the port is closed
ENDING_SECONDS = 5  # beyond that, for the worker process to end itself before it is killed


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
            "threads": settings.threads + Admission.of(settings).threads,  # what matches leaves the others theirs
            "worker_connections": MAX_CONNECTIONS,
            "backlog": BACKLOG,
            "logger_class": QuietLogger,
            "worker_tmp_dir": str(settings.run_dir),
            "control_socket_disable": True,
            "limit_request_line": MAX_REQUEST_LINE,
            "graceful_timeout": GRACEFUL_SECONDS + ENDING_SECONDS,
            "keepalive": settings.keep_alive_seconds,
            "http_parser": "python",  # the one that is tested here, also where the faster one is installed
            "sendfile": False,  # it would go past the socket that counts the waiting
            "forwarder_headers": "",  # no header moves the application to another path
            "secure_scheme_headers": {},
            "accesslog": "-",
            "loglevel": settings.log_level,
            "when_ready": self._tell,
            "post_worker_init": self._begin,
            "worker_exit": lambda _, worker: worker.app.stop(),
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    @property
    def request_seconds(self) -> float:
        """Return how long a request may take to arrive, and its answer to be taken."""
        return self._settings.request_seconds

    @property
    def drain_seconds(self) -> float:
        """Return how long the port stays open once the server was told to stop."""
        return self._settings.drain_seconds

    def run(self) -> None:
        """Serve until the process is told to stop; exits with 0 then."""
        DrainingArbiter(self).run()

    def load(self) -> Flask:
        """Return the application; called in the worker process."""
        sys.setswitchinterval(SWITCH_SECONDS)
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

    def drain(self) -> None:
        """Have /readyz say that this process ends, and end the builder meanwhile; called in the worker process."""
        self.worker.drain()
        if self._settings.builder:
            threading.Thread(target=self._builder.stop, name="mythmatch-drain").start()

    def stop(self) -> None:
        """End both; called in the worker process."""
        self.worker.stop()
        if self.callable is not None and (webhooks := self.callable.extensions[WEBHOOKS]) is not None:
            webhooks.close()
        if self.callable is not None:
            self.callable.extensions[OBSERVED].close()
        if self._settings.builder:
            self._builder.stop()

    def _begin(self, worker: QuietThreadWorker) -> None:
        self.cfg.set("graceful_timeout", GRACEFUL_SECONDS)  # the worker's; gunicorn's main process waits longer
        self.start()

    def _tell(self, arbiter: Arbiter) -> None:
        port = arbiter.LISTENERS[0].sock.getsockname()[1]
        self._on_listening(f"http://{bracketed(self._settings.host)}:{port}")


def bracketed(host: str) -> str:
    """Return the host as it stands in a URL: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host
