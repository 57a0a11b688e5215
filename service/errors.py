"""What can go wrong between a request and its answer.

ServiceError
├── InvalidSetting    a MYTHMATCH_ variable that is unknown or not of its type
├── RequestError      the caller's request cannot be answered as it is
│   ├── NotJson           the body is no JSON
│   ├── InvalidRequest    a field is missing, unknown or of the wrong type
│   ├── InvalidText       the text is blank or no Unicode
│   ├── TextTooLong       the text is longer than the limit
│   ├── UnknownDebunk     no debunk has that id
│   ├── RemovedDebunk     a debunk had that id, and was removed
│   ├── UnknownWording    the debunk has no such variant or suppression
│   ├── UnknownFeedback   no feedback has that id
│   ├── UnknownText       no text is kept under that request id
│   ├── Conflict          the debunk was changed in between, or the id has another one
│   ├── KeyMissing        no key was sent where one is required
│   ├── KeyRefused        the key that was sent is unknown, revoked or expired
│   ├── ScopeMissing      the key has not the scope that is asked for
│   ├── TooSlow           the request did not arrive in time
│   ├── BrokenBody        the body is cut off, or its chunks are not sound
│   ├── ForeignOrigin     a web page that may not had a browser send the request
│   ├── UnknownHost       the request is for a host that is not this service's
│   ├── UnknownMethod     a foreign tool's API has no method at that path
│   ├── NotOffered        the method is part of a foreign tool's API, and not offered here
│   └── UnsupportedContent  the body's content type is not taken here
├── TryLater          the request is sound, and would be answered at another time; it says in how many seconds
│   ├── Overloaded        more texts are being matched, and wait, than the service takes
│   └── TooManyRequests   the caller has asked for more than the rate that it may
├── NotReady          no snapshot is loaded yet; the message says why
└── InternalError     what nobody expected; the log says where
"""


class ServiceError(Exception):
    """Anything wrong between a request and its answer; the message says what to do."""


class InvalidSetting(ServiceError):
    """A MYTHMATCH_ variable that is unknown or not of its type."""


class RequestError(ServiceError):
    """The caller's request cannot be answered as it is."""


class NotJson(RequestError):
    """The body is no JSON."""


class InvalidRequest(RequestError):
    """A field is missing, unknown or of the wrong type."""


class InvalidText(RequestError):
    """The text is blank or no Unicode."""


class TextTooLong(RequestError):
    """The text is longer than the limit."""


class UnknownDebunk(RequestError):
    """No debunk has that id."""


class RemovedDebunk(RequestError):
    """A debunk had that id, and was removed."""


class UnknownWording(RequestError):
    """The debunk has no such variant or suppression."""


class UnknownFeedback(RequestError):
    """No feedback has that id."""


class UnknownText(RequestError):
    """No text is kept under that request id."""


class Conflict(RequestError):
    """The debunk was changed in between, or the id has another one."""


class KeyMissing(RequestError):
    """No key was sent where one is required."""


class KeyRefused(RequestError):
    """The key that was sent is unknown, revoked or expired."""


class ScopeMissing(RequestError):
    """The key has not the scope that is asked for."""


class TooSlow(RequestError):
    """The request did not arrive in time."""


class BrokenBody(RequestError):
    """The body is cut off, or its chunks are not sound."""


class ForeignOrigin(RequestError):
    """A web page that may not had a browser send the request."""


class UnknownHost(RequestError):
    """The request is for a host that is not this service's."""


class UnknownMethod(RequestError):
    """A foreign tool's API has no method at that path."""


class NotOffered(RequestError):
    """The method is part of a foreign tool's API, and not offered here."""


class UnsupportedContent(RequestError):
    """The body's content type is not taken here."""


class TryLater(ServiceError):
    """The request is sound, and would be answered at another time; it says in how many seconds."""

    def __init__(self, message: str, retry_seconds: int) -> None:
        super().__init__(message)
        self.retry_seconds = retry_seconds


class Overloaded(TryLater):
    """More texts are being matched, and wait, than the service takes."""


class TooManyRequests(TryLater):
    """The caller has asked for more than the rate that it may."""


class NotReady(ServiceError):
    """No snapshot is loaded yet; the message says why."""


class InternalError(ServiceError):
    """What nobody expected; the log says where."""
