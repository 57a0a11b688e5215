"""The key that a request brings, from any of the places that clients of the field put one."""

from flask import request
from werkzeug.datastructures import ImmutableMultiDict

HEADERS = ("X-API-Key", "X-goog-api-key")
FIELD = "key"  # of the query: where Google's clients put it


def take_key() -> str | None:
    """Return the key, None where none was sent; in `request.args` it is no longer to be found.

    Headers and the field that are for keys alone come first: a proxy may have sent an Authorization of its own. The
    field is taken out for no route to meet it, which would refuse it as unknown or quote it in what it answers.
    """
    of_query = request.args.get(FIELD)
    if FIELD in request.args:
        request.args = ImmutableMultiDict([pair for pair in request.args.items(multi=True) if pair[0] != FIELD])
    named = [request.headers.get(header) for header in HEADERS]
    return next((sent for sent in (*named, of_query, _authorization()) if sent), None)


def _authorization() -> str | None:
    """Return what Authorization holds: a token, or a password, or a user's name where the password is empty."""
    met = request.authorization
    if met is None:
        return None
    if met.type == "bearer":
        return met.token
    return (met.password or met.username) if met.type == "basic" else None
