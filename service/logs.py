"""Logs: one format for all that this process says, our own lines, libraries' and each request's: text or JSON Lines.

No line can be forged: in text every line but a record's first is indented, in JSON a record is one line of ASCII.
"""

import logging
import threading
import traceback
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from flask import g, has_request_context
from pythonjsonlogger.json import JsonFormatter

OURS = ("service", "corpus", "embeddings", "scripts")
SHOWN = ("request_id", "trace_id", "endpoint", "decision", "error", "key")  # that text lines show behind the message
INDENT = "\n    "
CONTROLS = (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)
TURNS = (0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))  # of the direction of writing
ESCAPES = {code: f"\\u{code:04x}" for code in (*CONTROLS, *TURNS) if chr(code) != "\n"}
NOTES = "mythmatch.notes"  # in a request's WSGI environment: what the application noted for its access line
MAX_PATH_CHARS = 200


class TextLines(logging.Formatter):
    """Records as text; what goes on below a record's first line is indented."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging calls it so
        """Return the record's line, with what is known of its request behind the message's first line."""
        first, *rest = super().formatMessage(record).split("\n")
        known = [f"{name}={getattr(record, name)}" for name in SHOWN if getattr(record, name, None) is not None]
        return "\n".join([" ".join([first, *known]), *rest])

    def format(self, record: logging.LogRecord) -> str:
        """Return the record, in which nothing but its own first line looks like one."""
        return super().format(record).translate(ESCAPES).replace("\n", INDENT)


class JsonLines(JsonFormatter):
    """Records as JSON objects, one a line: `time` (RFC 3339, UTC), `level`, `logger`, `message`, and what is known."""

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        """Put what each record has first."""
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        log_data["time"] = moment.replace("+00:00", "Z")
        log_data["level"] = record.levelname.lower()
        log_data["logger"] = record.name
        log_data["message"] = record.message
        super().add_fields(log_data, record, message_dict)
        for name in [name for name, value in log_data.items() if value is None]:
            del log_data[name]


class OfRequest(logging.Filter):
    """Gives a record that a request caused the request's id."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return True: every record stays."""
        if has_request_context() and not hasattr(record, "request_id"):
            record.request_id = g.get("request_id")
        return True


def formatter(log_format: str) -> logging.Formatter:
    """Return the formatter of that name."""
    return JsonLines() if log_format == "json" else TextLines()


def configure(log_format: str, log_level: str) -> None:
    """Have this process log to standard error in that format, from that level on; libraries from WARNING on."""
    output = logging.StreamHandler()
    output.setFormatter(formatter(log_format))
    output.addFilter(OfRequest())
    logging.basicConfig(level=max(logging.WARNING, _number(log_level)), handlers=[output], force=True)
    for name in OURS:
        logging.getLogger(name).setLevel(_number(log_level))
    logging.captureWarnings(capture=True)
    threading.excepthook = _tell_of_thread


def adopt(handlers: Sequence[logging.Handler]) -> None:
    """Have another library's handlers speak in the format that this process logs in, where one was configured."""
    spoken = [one.formatter for one in logging.getLogger().handlers if isinstance(one.formatter, TextLines | JsonLines)]
    for handler in handlers if spoken else ():
        handler.setFormatter(spoken[0])
        handler.addFilter(OfRequest())


def access_line(
    environ: Mapping[str, Any], status: str | int, sent: int, took: timedelta
) -> tuple[str, dict[str, object]]:
    """Return the message and the fields of a request's one access line: no query, and of a path only its beginning.

    A path stands there as it does in a URL, so it has no ends of lines.
    """
    code = str(status).split(None, 1)[0]
    fields = {
        "client": environ.get("REMOTE_ADDR"),
        "method": environ.get("REQUEST_METHOD"),
        "path": quote(environ.get("PATH_INFO", "").encode("latin-1", "replace"))[:MAX_PATH_CHARS],
        "status": int(code) if code.isdecimal() else None,
        "bytes": sent,
        "took_ms": round(took.total_seconds() * 1000, 1),
    }
    message = '{client} "{method} {path}" {status} {bytes} bytes {took_ms} ms'.format(**fields)
    return message, {**environ.get(NOTES, {}), **fields}


def _number(log_level: str) -> int:
    return logging.getLevelNamesMapping()[log_level.upper()]


def _tell_of_thread(ended: threading.ExceptHookArgs) -> None:
    """Log where a thread failed, without the error's message: that could quote what somebody sent."""
    where = "".join(traceback.format_tb(ended.exc_traceback))
    name = ended.thread.name if ended.thread is not None else "unknown"
    logging.getLogger(__name__).error("the thread %s ended by %s\n%s", name, ended.exc_type.__name__, where)
