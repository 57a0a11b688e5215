"""Dates as people and feeds write them, read to ISO 8601 at the precision that they were given."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime

from dateutil import parser as dates

YEAR = re.compile(r"[12]\d{3}")  # a year below 1000 is a misprint, and "0001-01-01" how some systems write "none"
YEAR_FIRST = re.compile(r"\s*\d{4}\b")
DAY_FIRST = re.compile(r"\s*\d{1,2}\.\s?\d{1,2}\.")  # with dots the day comes first, wherever that is written
MONTH = re.compile(r"[12]\d{3}-(0[1-9]|1[0-2])")
EPOCH = re.compile(r"\d{9,10}|\d{12,13}")  # seconds, or milliseconds, since 1970

# Hours from UTC of the zones that English-language sites name; any other name says nothing.
HOURS_OF_ZONE = {"UTC": 0, "GMT": 0, "Z": 0, "BST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3, "IST": 5.5}
HOURS_OF_ZONE |= {"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7}


def read_date(text: str, utc_offset: str | None = None) -> str | None:
    """Return the year, month, day or time in ISO 8601, at the precision it was given; None when it is none of these.

    A time without an offset from UTC gets `utc_offset` ("+02:00"), if any; seconds of zero are left out. 03/05/2022 is
    None: it could be a day of March or of May; 05.03.2022 is of March.
    """
    text = text.strip()
    if YEAR.fullmatch(text) or MONTH.fullmatch(text):
        return text
    if EPOCH.fullmatch(text):
        seconds = int(text) / (1 if len(text) <= len("9999999999") else 1000)
        return _time(datetime.fromtimestamp(int(seconds), UTC), None)
    reading = _iso(text)
    if reading is None:
        return _as_people_write(text, utc_offset)
    if not YEAR.fullmatch(f"{reading.year:04}"):
        return None
    return _time(reading, utc_offset) if isinstance(reading, datetime) else reading.isoformat()


def _iso(text: str) -> date | datetime | None:
    """Return the day or the time that the text is in ISO 8601, None when it is neither."""
    for reader in (date.fromisoformat, datetime.fromisoformat):
        try:
            return reader(text)
        except ValueError:
            continue
    return None


def _time(time: datetime, utc_offset: str | None) -> str:
    precise = "auto" if time.second or time.microsecond else "minutes"
    return time.isoformat(timespec=precise) + ((utc_offset or "") if time.tzinfo is None else "")


def _as_people_write(text: str, utc_offset: str | None) -> str | None:
    """Return what two readings agree on that fill missing parts differently: what one part differs in was not said."""
    day_first = (False,) if YEAR_FIRST.match(text) else (True,) if DAY_FIRST.match(text) else (False, True)
    try:
        readings = [
            dates.parse(text, default=datetime(2000 + n, n, n, n), dayfirst=first, tzinfos=_zone)
            for n in (1, 2)
            for first in day_first
        ]
    except (ValueError, OverflowError):
        return None
    one, other = readings[0], readings[-1]
    if one.year != other.year or not YEAR.fullmatch(f"{one.year:04}"):
        return None
    if len({reading.date() for reading in readings}) > 1:
        return _named_month(text, readings)
    return one.date().isoformat() if one.hour != other.hour else _time(one, utc_offset)


def _named_month(text: str, readings: Sequence[datetime]) -> str | None:
    """Return the month where only the day was left open and the month has a name ("Sep. 2022"), else None."""
    is_one = len({reading.month for reading in readings}) == 1
    return f"{readings[0]:%Y-%m}" if is_one and any(map(str.isalpha, text)) else None


def _zone(name: str | None, offset_seconds: int | None) -> int | None:
    """Return a zone's seconds from UTC: those that stand beside its name, else those of the name, if it is known."""
    if offset_seconds is not None:
        return offset_seconds
    hours = HOURS_OF_ZONE.get(name or "")
    return None if hours is None else int(hours * 3600)
