"""What is said of an error that nobody expected: where it happened goes to the log, and nothing of what was sent."""

import logging
import traceback

from service.errors import InternalError

log = logging.getLogger(__name__)


def unexpected(error: Exception, request_id: str) -> InternalError:
    """Log where it happened, without the error's message, which could quote a text; return what the caller is told."""
    where = "".join(traceback.format_tb(error.__traceback__))
    log.error("request %s: unexpected %s\n%s", request_id, type(error).__name__, where)
    return InternalError("something unexpected went wrong here; the log has it under this request id")
