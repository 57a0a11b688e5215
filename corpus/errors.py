"""What can go wrong with the corpus.

CorpusError
├── InvalidDebunk     a debunk's fields are missing or not of their kind
├── InvalidKey        a key that is to be made has a name, scopes or an end that no key can have
├── UnreadableSource  a source as a whole cannot be read: no such file, no known format, not UTF-8
│   ├── FetchRefused      an address is not fetched: not public, against robots.txt, too large, redirected too often
│   └── FetchFailed       an address could not be fetched: the network, the server or its answer failed
└── StoreError        the store cannot be opened, read or written
    └── UnknownRevision   the revision has not been written yet
"""


class CorpusError(Exception):
    """Anything wrong with debunks, sources or the store; the message says what to do."""


class InvalidDebunk(CorpusError):
    """A debunk's fields are missing or not of their kind."""


class InvalidKey(CorpusError):
    """A key that is to be made has a name, scopes or an end that no key can have."""


class UnreadableSource(CorpusError):
    """A source as a whole cannot be read: no such file, no known format, not UTF-8."""


class FetchRefused(UnreadableSource):
    """An address is not fetched: not public, against robots.txt, too large, or redirected too often."""


class FetchFailed(UnreadableSource):
    """An address could not be fetched: the network, the server or its answer failed."""


class StoreError(CorpusError):
    """The store cannot be opened, read or written."""


class UnknownRevision(StoreError):
    """The revision has not been written yet."""
