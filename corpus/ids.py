"""Ids of debunks that bring none of their own: the same in every import of the same review."""

import hashlib
import re
from urllib.parse import urlsplit

from corpus.urls import url_key
from corpus.wording import wording

ID_HEX_DIGITS = 12
MAX_HOST_CHARS = 150  # of the 200 that an id may have
NO_HOST = "review"  # stands for the host of a review without an address


def review_id(url: str, claim: str) -> str:
    """Return `<host without www>-<12 hex digits>`, the same for all spellings of the address and the claim."""
    key = f"{url_key(url)}\n{wording(claim)}"
    digits = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:ID_HEX_DIGITS]
    return f"{host_of(url) or NO_HOST}-{digits}"


def host_of(url: str) -> str:
    """Return the host of an address as ids begin with it: lower case, without www; empty when it has none."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return ""
    return re.sub(r"[^\w.-]+", "-", host.removeprefix("www."))[:MAX_HOST_CHARS]
