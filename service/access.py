"""Access: which scope each endpoint asks for, and whether the key that a request brings has it."""

import ipaddress
import logging
import socket
from datetime import UTC, datetime
from typing import Final, Literal

from flask import Flask, g, request

from corpus.keys import Key, Scope
from service.errors import KeyMissing, KeyRefused, ScopeMissing
from service.key_ring import KeyRing
from service.sent_key import take_key
from service.settings import Settings, variable
from service.stores import Stores

log = logging.getLogger(__name__)
KEY_RING = "mythmatch_key_ring"  # among the application's extensions: close it before the stores
# One challenge a header: browsers read one that names two as a single one, of a scheme that they do not know.
CHALLENGES = ('Basic realm="Mythmatch", charset="UTF-8"', 'Bearer realm="Mythmatch"')
WAYS = "`Authorization: Bearer <key>`, `X-API-Key: <key>`, or as the password of HTTP Basic"
ANY: Final = "any"  # any key in force will do

# by endpoint, "<blueprint>.<function>": the scope that a key must have, None where no key is asked for; an endpoint
# that is not here asks for admin, so that one that was forgotten is closed and not open
SCOPES: dict[str, Scope | None] = {
    "static": None,
    "health.live": None,
    "health.ready": None,
    "openapi.document": None,
    "openapi.reference": None,
    "match.post_match": "match",
    "match.get_match": "match",
    "batch.post_batch": "match",
    "pages.home": "match",
    "pages.matched": "match",
    "debunks.list_them": "read",
    "debunks.get_debunk": "read",
    "debunks.history": "read",
    "debunk_pages.show": "read",
    "model.model": "read",
    "metrics.scrape": "read",
    "discovery.of_host": None,
    "discovery.of_api": None,
    "discovery.unknown": "match",
    "fact_check.search": "match",
    "fact_check.search_by_post": "match",
    "fact_check.search_image": "match",
    "fact_check.pages": "match",
    "perspective.analyze": "match",
    "perspective.suggest_score": "match",
    "editing.create": "write",
    "editing.replace": "write",
    "editing.patch": "write",
    "editing.remove": "write",
    "editing.add_variants": "write",
    "editing.drop_variants": "write",
    "editing.add_suppressions": "write",
    "editing.drop_suppressions": "write",
    "feedback.give": "write",
    "feedback.export": "admin",
    "feedback.erase": "admin",
    "feedback.erase_before": "admin",
    "feedback.export_texts": "admin",
    "feedback.erase_text": "admin",
    "feedback.erase_texts_before": "admin",
}


def guard(app: Flask, settings: Settings, stores: Stores) -> None:
    """Have each request's key taken and, where the settings require one, looked at before anything else is done."""
    required = requires_keys(settings)
    if not required and not is_loopback(settings.host):
        log.warning(
            "keys are off on %s: whoever reaches it may write, and read and erase feedback; set %s to required, unless"
            " a proxy in front asks who it is",
            settings.host,
            variable("keys"),
        )
    ring = KeyRing(stores)
    app.extensions[KEY_RING] = ring
    if required:
        ring.refresh()  # so that the log says at the start where there is no key

    @app.before_request
    def look_at_key() -> None:
        sent = take_key()
        if required:
            _admit(ring, sent)


def requires_keys(settings: Settings) -> bool:
    """Return whether requests need a key: as it is set or, where that is `auto`, on every host that is no loopback."""
    return settings.keys == "required" or (settings.keys == "auto" and not is_loopback(settings.host))


def is_loopback(host: str) -> bool:
    """Return whether only programs of this machine reach a server on the host.

    Of names `localhost` alone can be: what any other leads to may be another address by the time that it is served on.
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host.lower() == "localhost" and _leads_to_loopback(host)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def _leads_to_loopback(name: str) -> bool:
    try:
        found = {str(place[4][0]) for place in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)}
    except OSError:
        return False
    return all(map(is_loopback, found))


def key_name() -> str | None:
    """Return the name of the key that this request was let in by; None where keys are not required."""
    name: str | None = g.get("key_name")
    return name


def asked_scope() -> Scope | Literal["any"] | None:
    """Return what this request must have: a scope, any key, or None for no key.

    A path that there is not, or a method that it does not take, is told with any key, and without one nobody learns
    what there is: so the API servers of the field do it (Kubernetes, Elasticsearch), which ask who it is before they
    look where it goes. OPTIONS of a path says only what methods it takes. HEAD is as GET.
    """
    if request.endpoint is None:
        return ANY
    scope = SCOPES.get(request.endpoint, "admin")
    return ANY if request.method == "OPTIONS" and scope is not None else scope


def _admit(ring: KeyRing, sent: str | None) -> None:
    """Raise KeyMissing, KeyRefused or ScopeMissing unless this request may go on; StoreError where no key is known."""
    scope = asked_scope()
    if scope is None:
        return
    if sent is None:
        raise KeyMissing(f"no key was sent, and this needs one; send it as {WAYS}")
    key = ring.find(sent)
    if key is None:
        raise KeyRefused("the key that was sent is not known here; check that it was copied as a whole")
    _check(key, scope)
    ring.note_use(key)
    g.key_name = key.name


def _check(key: Key, scope: Scope | Literal["any"]) -> None:
    if key.revoked_at is not None:
        raise KeyRefused(f"the key {key.name!r} was revoked; ask who runs this service for another one")
    if key.is_expired(datetime.now(UTC)):
        raise KeyRefused(f"the key {key.name!r} is expired; ask who runs this service for another one")
    if scope != ANY and not key.allows(scope):
        held = " and ".join(key.scopes)
        raise ScopeMissing(f"the key {key.name!r} has the scope {held}; this needs {scope}: use a key that has it")
