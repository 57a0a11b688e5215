"""Makes, lists and revokes the keys that a server asks for where MYTHMATCH_KEYS requires them.

A key is printed once, when it is made: what is kept can check it, and cannot show it. Running servers take a new key,
and refuse a revoked one, within 5 seconds. Scopes: read (debunks and what the service is), match (texts), write
(debunks and feedback), admin (all of these, and to read and erase what people sent).
"""

from argparse import ArgumentParser
from collections.abc import Iterable
from datetime import UTC, datetime

from corpus.keys import SCOPES, Key, KeyStore
from scripts.terminal import DONE, WRONG_USE, moment, parser, run, tell
from service.settings import Settings
from service.wiring import open_store

COLUMNS = ("id", "name", "scopes", "made", "expires", "revoked", "last used")


def main() -> int:
    """Do what the arguments say, and print the key, the list or what was revoked; return the exit code."""
    arguments = _parser().parse_args()
    with open_store(Settings.from_environment()) as store:
        keys = KeyStore(store.database)
        match arguments.verb:
            case "make":
                return _make(keys, arguments.name, arguments.scope, arguments.expires)
            case "revoke":
                return _revoke(keys, arguments.key)
        return _list(keys.all())


def _make(keys: KeyStore, name: str, scopes: list[str], expires: datetime | None) -> int:
    text, key = keys.make(name, [scope for scope in SCOPES if scope in scopes], expires)
    tell(f"made the key {key.name!r} with the id {key.id}; it is not shown again:")
    print(text)
    return DONE


def _revoke(keys: KeyStore, id_or_name: str) -> int:
    revoked = keys.revoke(id_or_name)
    for key in revoked:
        print(f"revoked {key.id} {key.name}")
    if not revoked:
        tell("error: no key of that id or name is left to revoke; `python -m scripts.keys list` shows them all")
    return DONE if revoked else WRONG_USE


def _list(keys: Iterable[Key]) -> int:
    rows = [COLUMNS, *map(_row, keys)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    return DONE


def _row(key: Key) -> tuple[str, ...]:
    times = (key.made_at, key.expires_at, key.revoked_at)
    used = "-" if key.last_used is None else key.last_used.isoformat()
    return (key.id, key.name, ",".join(key.scopes), *map(_shown, times), used)


def _shown(time: datetime | None) -> str:
    return "-" if time is None else time.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")


def _parser() -> ArgumentParser:
    options = parser("keys", __doc__ or "")
    verbs = options.add_subparsers(dest="verb", required=True, metavar="make|list|revoke")
    make = verbs.add_parser("make", help="make a key, and print it")
    make.add_argument("name", metavar="NAME", help="whose key it is: the author of what is written with it")
    make.add_argument(
        "--scope", action="append", required=True, choices=SCOPES, help="what it may; give several for several"
    )
    make.add_argument("--expires", type=moment, metavar="TIME", help="refuse it from 2027-01-01 or a time (UTC) on")
    verbs.add_parser("list", help="print every key that was ever made, without what it is")
    revoke = verbs.add_parser("revoke", help="refuse a key from now on, for good")
    revoke.add_argument("key", metavar="ID_OR_NAME", help="of the key, as `list` shows them")
    return options


if __name__ == "__main__":
    run(main)
