"""Signing: what shows a receiver that a call is ours, by the Standard Webhooks convention (standardwebhooks.com)."""

import base64
import binascii
import hashlib
import hmac
from urllib.parse import urlsplit

PREFIX = "whsec_"
MIN_KEY_BYTES, MAX_KEY_BYTES = 24, 64  # as the convention has it


def signing_key(secret: str) -> bytes:
    """Return the key of a secret: base64, perhaps behind `whsec_`; raises ValueError that does not quote it."""
    coded = secret.strip().removeprefix(PREFIX).rstrip("=")
    try:
        key = base64.b64decode(coded + "=" * (-len(coded) % 4), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not MIN_KEY_BYTES <= len(key) <= MAX_KEY_BYTES:
        raise ValueError(
            f"expected {MIN_KEY_BYTES} to {MAX_KEY_BYTES} random bytes in base64 behind {PREFIX!r}; make one by"
            " `echo whsec_$(openssl rand -base64 32)`"
        )
    return key


def signed(key: bytes, event_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the headers of a call: the event's id, the seconds since 1970 at which it is made, and the signature."""
    digest = hmac.new(key, f"{event_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def is_plain_address(url: str) -> bool:
    """Return whether the address is one of the web with a host and nothing that a call could not be made to."""
    try:
        parts = urlsplit(url)
        has_host, _ = bool(parts.hostname), parts.port
    except ValueError:
        return False
    is_plain = url.isascii() and url.isprintable() and " " not in url and not parts.fragment
    return is_plain and has_host and parts.scheme in ("http", "https") and parts.username is None
