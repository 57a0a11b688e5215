"""What can go wrong between a request and its answer.

ServiceError
├── InvalidSetting    a MYTHMATCH_ variable that is unknown or not of its type
├── RequestError      the caller's request cannot be answered as it is
│   ├── NotJson           the body is no JSON
│   ├── InvalidRequest    a field is missing, unknown or of the wrong type
│   ├── InvalidText       the text is blank or no Unicode
│   ├── TextTooLong       the text is longer than the limit
│   ├── UnknownDebunk     no debunk has that id
│   ├── UnknownWording    the debunk has no such variant or suppression
│   ├── UnknownFeedback   no feedback has that id
│   ├── UnknownText       no text is kept under that request id
│   ├── Conflict          the debunk was changed in between, or the id has another one
│   └── UnsupportedContent  the body's content type is not taken here
└── NotReady          no snapshot is loaded yet; the message says why
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


class UnknownWording(RequestError):
    """The debunk has no such variant or suppression."""


class UnknownFeedback(RequestError):
    """No feedback has that id."""


class UnknownText(RequestError):
    """No text is kept under that request id."""


class Conflict(RequestError):
    """The debunk was changed in between, or the id has another one."""


class UnsupportedContent(RequestError):
    """The body's content type is not taken here."""


class NotReady(ServiceError):
    """No snapshot is loaded yet; the message says why."""
