"""Kept texts: what callers asked to keep with its answer, until it is erased."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from corpus.columns import AnyText
from corpus.database import Database
from corpus.erasing import erase
from corpus.tables import texts

AT_ONCE = 500  # rows read in one transaction, so that a slow reader holds none open


@dataclass(frozen=True)
class KeptText:
    """A text by the id of the request that brought it, its language, and its answer as JSON."""

    request_id: str
    text: str
    lang: str
    answer: str
    kept_at: datetime = field(default_factory=lambda: datetime.now(UTC))


class KeptTexts:
    """Texts in the corpus's database; every method raises StoreError where that cannot be reached."""

    def __init__(self, database: Database) -> None:
        """Take an opened database, that of a CorpusStore."""
        self.database = database

    def keep(self, kept: KeptText) -> bool:
        """Keep a text under its request's id; return False, and keep nothing, where that id has another text.

        The same text again is kept with its new answer.
        """
        this = texts.c.request_id == kept.request_id
        with self.database.writing() as connection:
            is_same = connection.execute(sa.select(texts.c.text == kept.text).where(this)).scalar()
            if is_same is None:
                connection.execute(sa.insert(texts).values(**asdict(kept)))
            elif is_same:
                connection.execute(sa.update(texts).where(this).values(**asdict(kept)))
            return is_same is not False

    def get(self, request_id: str) -> KeptText | None:
        """Return the text that is kept under a request's id; None when there is none."""
        with self.database.reading() as connection:
            row = connection.execute(sa.select(texts).where(_is(request_id))).first()
        return None if row is None else _kept(row)

    def export(self) -> Iterator[KeptText]:
        """Yield all that is kept, oldest first."""
        last: KeptText | None = None
        while page := self.page(last):
            yield from page
            last = page[-1]

    def page(self, after: KeptText | None = None, limit: int = AT_ONCE) -> list[KeptText]:
        """Return up to `limit` texts, oldest first, from the one behind `after` on."""
        rows = sa.select(texts).order_by(texts.c.kept_at, texts.c.request_id).limit(limit)
        if after is not None:
            same_time = sa.and_(texts.c.kept_at == after.kept_at, texts.c.request_id > after.request_id)
            rows = rows.where(sa.or_(texts.c.kept_at > after.kept_at, same_time))
        with self.database.reading() as connection:
            return [_kept(row) for row in connection.execute(rows)]

    def erase(self, request_id: str) -> bool:
        """Erase one text with its answer, and return whether there was one."""
        with self.database.writing() as connection:
            return erase(connection, texts, _is(request_id)) > 0

    def erase_before(self, time: datetime) -> int:
        """Erase all that was kept before a time, which has an offset from UTC, and return how many they were."""
        with self.database.writing() as connection:
            return erase(connection, texts, texts.c.kept_at < time)

    def erase_all(self) -> int:
        """Erase all texts, and return how many there were."""
        with self.database.writing() as connection:
            return erase(connection, texts)


def _is(request_id: str) -> sa.ColumnElement[bool]:
    return texts.c.request_id == sa.literal(request_id, AnyText())


def _kept(row: sa.Row[*tuple[object, ...]]) -> KeptText:
    fields: dict[str, Any] = dict(row._mapping)
    return KeptText(**fields)
