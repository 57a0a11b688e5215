"""The kinds of value that a debunk's fields are made of, each with its check and what it expects."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated
from urllib.parse import urlsplit

from langcodes import tag_is_valid
from pydantic import AfterValidator
from pydantic_core import ErrorDetails

MAX_ID_CHARS = 200


def _lang(tag: str) -> str:
    if not tag_is_valid(tag):
        raise ValueError("expected a BCP 47 language tag such as 'uk' or 'pt-BR'")
    return tag


def _url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or any(c.isspace() for c in url):
        raise ValueError("expected a URL such as 'https://example.org/page'")
    return url


def _partial_date(text: str) -> str:
    """Return the date as it is, at its own precision: a year, a month, a day or a time."""
    readers: dict[int, Callable[[str], object]] = {
        len("2022"): lambda year: date.fromisoformat(f"{year}-01-01"),
        len("2022-09"): lambda month: date.fromisoformat(f"{month}-01"),
        len("2022-09-21"): date.fromisoformat,
    }
    try:
        readers.get(len(text), datetime.fromisoformat)(text)
    except ValueError:
        expected = "'2022', '2022-09', '2022-09-21' or '2022-09-21T17:10+02:00'"
        raise ValueError(f"expected an ISO 8601 date: {expected}") from None
    return text


def _id(text: str) -> str:
    if not 0 < len(text) <= MAX_ID_CHARS or "/" in text or not text.isprintable() or any(c.isspace() for c in text):
        raise ValueError(f"expected 1 to {MAX_ID_CHARS} visible characters without spaces and slashes")
    return text


def _text(text: str) -> str:
    if not text.strip():
        raise ValueError("expected a text that is not blank")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError("expected Unicode text; it holds half of a surrogate pair") from error
    return text


def expectation(failure: ErrorDetails) -> str:
    """Return what a value that pydantic refused was expected to be."""
    return failure["msg"].removeprefix("Value error, ").replace("Input should be", "expected")


LangTag = Annotated[str, AfterValidator(_lang)]
Url = Annotated[str, AfterValidator(_url)]
PartialDate = Annotated[str, AfterValidator(_partial_date)]
DebunkId = Annotated[str, AfterValidator(_id)]
Text = Annotated[str, AfterValidator(_text)]
