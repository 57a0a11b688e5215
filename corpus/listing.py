"""Listing: the debunks that a question is about, page by page, as they are stored now or were at a revision."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

import sqlalchemy as sa
from pydantic import ValidationError

from corpus.columns import AnyText
from corpus.database import DAMAGED, Database
from corpus.errors import InvalidDebunk, StoreError, UnknownRevision
from corpus.model import Debunk, Rating
from corpus.tables import debunks, revisions, versions

AT_ONCE = 500  # rows fetched at a time


@dataclass(frozen=True)
class Question:
    """Which debunks to list, by id from the first behind `after` on; None asks for any."""

    after: str = ""
    tag: str | None = None
    lang: str | None = None
    rating: Rating | None = None
    written_since: datetime | None = None  # with an offset from UTC
    revision: int | None = None  # the corpus as it was at that revision


@dataclass(frozen=True)
class Page:
    """The debunks that were asked for, the revision of the corpus that they are of, and whether more follow."""

    corpus_revision: int
    debunks: list[Debunk]
    more: bool


def list_debunks(database: Database, asked: Question, limit: int) -> Page:
    """Return up to `limit` debunks, by id; raises UnknownRevision, or StoreError."""
    with database.reading() as connection:
        newest = int(connection.execute(sa.select(sa.func.max(revisions.c.revision))).scalar() or 0)
        revision = newest if asked.revision is None else asked.revision
        if not 0 <= revision <= newest:
            raise UnknownRevision(f"revision: met {revision}; expected 0 to {newest}, the newest")
        query = _newest(asked) if revision == newest else _as_of(asked, revision)
        with connection.execution_options(yield_per=min(AT_ONCE, limit + 1)).execute(query) as rows:
            listed = list(islice(_met(asked, (row.body for row in rows)), limit + 1))
    return Page(revision, listed[:limit], len(listed) > limit)


def _met(asked: Question, bodies: Iterator[str]) -> Iterator[Debunk]:
    for debunk in map(_debunk, bodies):
        if asked.tag is not None and asked.tag not in debunk.tags:
            continue
        if asked.lang is not None and asked.lang.lower() != debunk.lang.lower():
            continue
        if asked.rating is not None and asked.rating != debunk.rating:
            continue
        yield debunk


def _debunk(body: str) -> Debunk:
    try:
        return Debunk.model_validate_json(body)
    except (InvalidDebunk, ValidationError) as error:
        raise StoreError(f"a debunk is stored as what is none; unless a newer Mythmatch wrote it, {DAMAGED}") from error


def _newest(asked: Question) -> sa.Select[str, str]:
    query = sa.select(debunks.c.id, debunks.c.body).where(debunks.c.id > sa.literal(asked.after, AnyText()))
    return _narrowed(asked, query, debunks.c.body, debunks.c.revision).order_by(debunks.c.id)


def _as_of(asked: Question, revision: int) -> sa.Select[str, str]:
    of_then = sa.and_(versions.c.revision <= revision, versions.c.debunk_id > sa.literal(asked.after, AnyText()))
    last = (
        sa.select(versions.c.debunk_id, sa.func.max(versions.c.revision).label("revision"))
        .where(of_then)
        .group_by(versions.c.debunk_id)
        .subquery()
    )
    is_last = sa.and_(versions.c.debunk_id == last.c.debunk_id, versions.c.revision == last.c.revision)
    query = sa.select(versions.c.debunk_id, versions.c.body).join(last, is_last)
    return _narrowed(asked, query, versions.c.body, versions.c.revision).order_by(versions.c.debunk_id)


def _narrowed(
    asked: Question, query: sa.Select[str, str], body: sa.Column[str], revision: sa.Column[int]
) -> sa.Select[str, str]:
    """Return the query for those alone whose JSON holds the words that are asked for: most others are not even read.

    It may let pass what is not meant, a tag that stands in a text; `_met` looks at the fields themselves.
    """
    query = query.where(body.is_not(None))
    if asked.rating is not None:
        query = query.where(body.contains(f'"rating":"{asked.rating}"', autoescape=True))
    for words in (asked.tag, asked.lang):
        if words is not None and words.isascii():  # SQLite folds the case of ASCII letters alone
            query = query.where(
                sa.func.lower(body).contains(json.dumps(words.lower(), ensure_ascii=False), autoescape=True)
            )
    if asked.written_since is not None:
        query = query.join(revisions, revisions.c.revision == revision).where(
            revisions.c.written_at >= asked.written_since
        )
    return query
