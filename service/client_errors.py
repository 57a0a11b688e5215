"""What can go wrong between a caller and a server of Mythmatch.

MythmatchError
├── Unreachable       nothing was answered: no connection, or it broke, or the answer took too long
├── Busy              429 or 503: it takes no more just now, or is not ready; `retry_after_s` may say for how long
├── Refused           the request cannot be answered as it is (4xx)
│   ├── NotAllowed        401 or 403: there is no key, or one that may not do this
│   ├── NotFound          404 or 410: there is nothing, or nothing any more, under that name
│   └── Conflict          409 or 412: what was to be changed is not as it was known
└── ServerFailed      the server failed (5xx), or what answered is no server of Mythmatch
"""


class MythmatchError(Exception):
    """Anything wrong between a caller and the server: its type and message in the server's words where it had any.

    `status` is the HTTP status and `request_id` the server's name for the request; None where nothing was answered.
    """

    def __init__(self, kind: str, message: str, status: int | None = None, request_id: str | None = None) -> None:
        super().__init__(message)
        self.type, self.message, self.status, self.request_id = kind, message, status, request_id

    def __str__(self) -> str:
        """Return the message with the type, the status and the request's id."""
        known = [str(each) for each in (self.type, self.status, self.request_id) if each is not None]
        return f"{self.message} ({', '.join(known)})"


class Unreachable(MythmatchError):
    """Nothing was answered: no connection, or it broke, or the answer took too long; `unsent`: nothing left here."""

    def __init__(self, kind: str, message: str, *, unsent: bool = False, timed_out: bool = False) -> None:
        super().__init__(kind, message)
        self.unsent, self.timed_out = unsent, timed_out


class Busy(MythmatchError):
    """The server takes no more just now, or is not ready (429 or 503)."""

    retry_after_s: float | None = None  # what the server asked to wait, in seconds


class Refused(MythmatchError):
    """The request cannot be answered as it is (4xx)."""


class NotAllowed(Refused):
    """There is no key, or one that may not do this (401 or 403)."""


class NotFound(Refused):
    """There is nothing, or nothing any more, under that name (404 or 410)."""


class Conflict(Refused):
    """What was to be changed is not as it was known (409 or 412)."""


class ServerFailed(MythmatchError):
    """The server failed (5xx), or what answered is no server of Mythmatch."""
