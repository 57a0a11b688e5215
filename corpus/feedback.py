"""Feedback: what moderators say of answers, kept until it is erased, and read as judged posts."""

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, Literal

import sqlalchemy as sa

from corpus.columns import AnyText
from corpus.database import Database
from corpus.erasing import erase
from corpus.judged import JudgedPost
from corpus.tables import feedback

Verdict = Literal["confirm", "reject", "other"]
Said = Literal["repeats", "denies", "reports"]

KIND = "feedback"  # of the judged posts that feedback gives
AT_ONCE = 500  # rows read in one transaction, so that a slow reader holds none open


@dataclass(frozen=True)
class Feedback:
    """A moderator's word on one answer: the text is about the debunk, is not, or is about another one."""

    text: str
    lang: str
    debunk_id: str
    verdict: Verdict
    other_id: str | None = None
    relation: Said | None = None
    author: str = "unknown"
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    given_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def about(self) -> str | None:
        """Return the debunk that the text is about by this word; None where it is only said which it is not about."""
        return {"confirm": self.debunk_id, "other": self.other_id, "reject": None}[self.verdict]


class FeedbackStore:
    """Feedback in the corpus's database; every method raises StoreError where that cannot be reached."""

    def __init__(self, database: Database) -> None:
        """Take an opened database, that of a CorpusStore."""
        self.database = database

    def put(self, given: Feedback) -> None:
        """Keep one word of feedback."""
        with self.database.writing() as connection:
            connection.execute(sa.insert(feedback).values(**asdict(given)))

    def export(self) -> Iterator[Feedback]:
        """Yield all that is kept, oldest first."""
        last: Feedback | None = None
        while page := self.page(last):
            yield from page
            last = page[-1]

    def page(self, after: Feedback | None = None, limit: int = AT_ONCE) -> list[Feedback]:
        """Return up to `limit` words of feedback, oldest first, from the one behind `after` on."""
        rows = sa.select(feedback).order_by(feedback.c.given_at, feedback.c.id).limit(limit)
        if after is not None:
            same_time = sa.and_(feedback.c.given_at == after.given_at, feedback.c.id > after.id)
            rows = rows.where(sa.or_(feedback.c.given_at > after.given_at, same_time))
        with self.database.reading() as connection:
            return [_feedback(row) for row in connection.execute(rows)]

    def posts(self) -> Iterator[JudgedPost]:
        """Yield what the feedback says of each text, as posts to calibrate on.

        Of several words on one text and one debunk the newest counts. A text that is about no debunk by any of them
        is a near miss of the debunk that was rejected last.
        """
        rows = sa.select(feedback).order_by(feedback.c.text, feedback.c.given_at, feedback.c.id)
        with (
            self.database.reading() as connection,
            connection.execution_options(yield_per=AT_ONCE).execute(rows) as read,
        ):
            for _, words in groupby(map(_feedback, read), key=attrgetter("text")):
                yield from _judged(words)

    def erase(self, feedback_id: str) -> bool:
        """Erase one word of feedback with its text, and return whether there was one."""
        with self.database.writing() as connection:
            return erase(connection, feedback, feedback.c.id == sa.literal(feedback_id, AnyText())) > 0

    def erase_before(self, time: datetime) -> int:
        """Erase all that was given before a time, which has an offset from UTC, and return how many they were."""
        with self.database.writing() as connection:
            return erase(connection, feedback, feedback.c.given_at < time)

    def erase_all(self) -> int:
        """Erase all feedback, and return how much there was."""
        with self.database.writing() as connection:
            return erase(connection, feedback)


def _judged(words: Iterable[Feedback]) -> Iterator[JudgedPost]:
    """Yield the posts that all words on one text give, oldest first."""
    about: dict[str, Feedback] = {}
    rejected: Feedback | None = None
    for word in words:
        if word.verdict != "confirm":
            about.pop(word.debunk_id, None)
            rejected = word
        if word.about is not None:
            about.pop(word.about, None)  # so that it stands last
            about[word.about] = word
    for debunk_id, word in about.items():
        yield _post(word, debunk_id, None)
    if not about and rejected is not None:
        yield _post(rejected, None, rejected.debunk_id)


def _post(word: Feedback, debunk_id: str | None, near: str | None) -> JudgedPost:
    relation = "none" if debunk_id is None else word.relation or "repeats"
    return JudgedPost(
        id=word.id, text=word.text, lang=word.lang, debunk_id=debunk_id, relation=relation, kind=KIND, near=near
    )


def _feedback(row: sa.Row[*tuple[object, ...]]) -> Feedback:
    fields: dict[str, Any] = dict(row._mapping)
    return Feedback(**fields)
