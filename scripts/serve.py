"""Serves the API and the page; imports the corpus that ships and builds its snapshot where there is none."""

import errno
import logging
import socket

from scripts.terminal import DONE, parser, run, tell
from service.errors import InvalidSetting
from service.logs import configure
from service.server import Server, bracketed
from service.settings import Settings, variable
from service.tracing import Tracing

log = logging.getLogger("scripts.serve")
LISTENS = "Mythmatch listens on %s and answers once it is ready: %s/readyz"


def main() -> int:
    """Serve until the process is told to stop; return the exit code."""
    parser("serve", __doc__ or "").parse_args()
    settings = Settings.from_environment()
    _check_address(settings)
    Tracing.check(settings)
    configure(settings.log_format, settings.log_level)
    is_text = settings.log_format == "text"
    (tell if is_text else log.info)(f"Mythmatch keeps its files in {settings.data_dir}")
    Server(settings, _listening if is_text else lambda url: log.info(LISTENS, url, url)).run()
    return DONE


def _listening(url: str) -> None:
    print(LISTENS % (url, url), flush=True)


def _check_address(settings: Settings) -> None:
    """Raise InvalidSetting where nothing can listen: gunicorn would try for seconds and name no setting."""
    try:
        family, _, _, _, address = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        where = f"{bracketed(settings.host)}:{settings.port}"
        if error.errno == errno.EADDRINUSE:
            raise InvalidSetting(
                f"{where} is in use by another program; stop it, or set {variable('port')} to another port"
            ) from error
        raise InvalidSetting(
            f"cannot listen on {where} ({error.strerror}); set {variable('host')} and {variable('port')}"
        ) from error


if __name__ == "__main__":
    run(main)
