"""The kinds of value that the tables hold, the same on every database."""

import re
from datetime import UTC, datetime

import sqlalchemy as sa

# ids are compared and ordered by their characters' code points on every database
Id = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")  # NUL, which PostgreSQL refuses, and halves of surrogate pairs


class AnyText(sa.types.TypeDecorator[str]):
    """A text that nobody has checked: what no database can store is kept as U+FFFD, the replacement character."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        """Return the text as it is stored."""
        return None if value is None else UNSTORABLE.sub("\ufffd", value)


class Moment(sa.types.TypeDecorator[datetime]):
    """A time with its offset, read back in UTC; SQLite alone would drop the offset, and shift the time by it."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Return the time in UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Return the time in UTC, with its offset."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
