"""Keys: who may ask for what. Of a key only the digest is kept; the key itself is given once, when it is made."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal, get_args

import sqlalchemy as sa

from corpus.columns import AnyText
from corpus.database import Database
from corpus.errors import InvalidKey
from corpus.tables import keys

Scope = Literal["read", "match", "write", "admin"]

SCOPES: tuple[Scope, ...] = get_args(Scope)
PREFIX = "mm_"  # by which people, and those who look for keys that leaked, know one of ours
ID_BYTES, SECRET_BYTES = 6, 32
SHAPE = re.compile(PREFIX + r"([0-9a-f]{12})_[A-Za-z0-9_-]{43}")
MAX_NAME_CHARS = 100


@dataclass(frozen=True)
class Key:
    """A key as it is kept: its id and its name, what it may, its digest, and since when it is no longer taken."""

    id: str
    name: str
    scopes: tuple[Scope, ...]
    digest: str
    made_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used: date | None = None  # the day in UTC, and no more: when somebody works is nobody's business

    def allows(self, scope: Scope) -> bool:
        """Return whether the key has the scope; admin has every one."""
        return scope in self.scopes or "admin" in self.scopes

    def is_expired(self, now: datetime) -> bool:
        """Return whether the key's time is over."""
        return self.expires_at is not None and self.expires_at <= now

    def is_in_force(self, now: datetime) -> bool:
        """Return whether the key is neither revoked nor expired."""
        return self.revoked_at is None and not self.is_expired(now)


def digest(text: str) -> str:
    """Return what is kept of a key.

    A plain SHA-256 is right for it: salt and slow password hashes are there to make guessing slow, and 32 random bytes
    cannot be guessed however fast a guess is. They would only make every request slow.
    """
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


NO_DIGEST = digest(secrets.token_urlsafe(SECRET_BYTES))


def find(known: Mapping[str, Key], text: str) -> Key | None:
    """Return the key that the text is, of those that are known by id; None where it is none of them.

    Digests are compared also where the id is unknown, and in the same time whatever they are: how long an answer takes
    tells nothing of the keys.
    """
    shaped = SHAPE.fullmatch(text)
    key = known.get(shaped[1]) if shaped else None
    fits = hmac.compare_digest(digest(text), NO_DIGEST if key is None else key.digest)
    return key if fits else None


class KeyStore:
    """Keys in the corpus's database; every method raises StoreError where that cannot be reached."""

    def __init__(self, database: Database) -> None:
        """Take an opened database, that of a CorpusStore."""
        self.database = database

    def make(self, name: str, scopes: Collection[Scope], expires_at: datetime | None = None) -> tuple[str, Key]:
        """Return a new key, which nothing will ever show again, and what is kept of it.

        Raises InvalidKey for what no key can be, and where a key in force has the name.
        """
        now = datetime.now(UTC)
        _check(name, scopes, expires_at, now)
        key_id = secrets.token_hex(ID_BYTES)
        text = f"{PREFIX}{key_id}_{secrets.token_urlsafe(SECRET_BYTES)}"
        granted = tuple(scope for scope in SCOPES if scope in scopes)
        key = Key(key_id, name, granted, digest(text), now, expires_at)
        with self.database.writing() as connection:
            namesakes = connection.execute(sa.select(keys).where(keys.c.name == name))
            if any(met.is_in_force(now) for met in map(_key, namesakes)):
                raise InvalidKey(f"name: a key {name!r} is in force; revoke it, or give the new one another name")
            connection.execute(sa.insert(keys).values(**{**asdict(key), "scopes": " ".join(granted)}))
        return text, key

    def all(self) -> list[Key]:
        """Return every key that was ever made, oldest first."""
        with self.database.reading() as connection:
            return [_key(row) for row in connection.execute(sa.select(keys).order_by(keys.c.made_at, keys.c.id))]

    def revoke(self, id_or_name: str) -> list[Key]:
        """Revoke the key of that id, or else those of that name, and return those that were not revoked before."""
        now, met = datetime.now(UTC), sa.literal(id_or_name, AnyText())
        with self.database.writing() as connection:
            for column in (keys.c.id, keys.c.name):
                of_it = connection.execute(sa.select(keys).where(column == met, keys.c.revoked_at.is_(None)))
                if revoked := [_key(row) for row in of_it]:
                    ids = [key.id for key in revoked]
                    connection.execute(sa.update(keys).where(keys.c.id.in_(ids)).values(revoked_at=now))
                    return revoked
        return []

    def note_use(self, key_id: str, day: date) -> None:
        """Keep the day on which a key was used, unless a later one is kept."""
        told = day.isoformat()
        is_later = sa.or_(keys.c.last_used.is_(None), keys.c.last_used < told)
        with self.database.writing() as connection:
            connection.execute(sa.update(keys).where(keys.c.id == key_id, is_later).values(last_used=told))


def _check(name: str, scopes: Collection[str], expires_at: datetime | None, now: datetime) -> None:
    if not 0 < len(name) <= MAX_NAME_CHARS or not name.isprintable() or name != name.strip():
        raise InvalidKey(
            f"name: met {len(name)} characters; expected 1 to {MAX_NAME_CHARS} printable ones, no space at either end"
        )
    if name.startswith(PREFIX):
        raise InvalidKey(f"name: it begins as a key does, with {PREFIX}; names are shown, so a key must not be one")
    if not scopes or set(scopes) - set(SCOPES):
        raise InvalidKey(f"scopes: met {', '.join(scopes) or 'none'}; expected some of {', '.join(SCOPES)}")
    if expires_at is not None and expires_at <= now:
        raise InvalidKey(f"expires: met {expires_at.isoformat()}, which is past; expected a time to come")


def _key(row: sa.Row[*tuple[object, ...]]) -> Key:
    fields: dict[str, Any] = dict(row._mapping)
    day = fields["last_used"]
    scopes = tuple(fields["scopes"].split())
    return Key(**{**fields, "scopes": scopes, "last_used": None if day is None else date.fromisoformat(day)})
