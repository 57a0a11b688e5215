"""Debunks of every valid kind, for hypothesis to draw."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, get_args

from hypothesis import strategies as st

from corpus.model import Debunk, Hold, Rating, Translation, Wording

TRICKY = (
    "True",
    "<p>One</p><p>Two</p>",
    "a &amp;amp; b",
    'C:\\new \\u2019 \\"said\\"',
    "One.\n\nTwo.",
    " spaces  around ",
    "one, two; three",
    "5 < 6 > 2",
    '{"@type": "ClaimReview"}',
    "tab\tand\x00zero\u200b",
    "НАТО обещала не расширяться",
    "https://example.org/a",
    "null",
    "e\u0301 \U0001f600",
)
TAGS = ("en", "uk", "ru", "fr", "pt-BR", "zh-Hant", "und", "en-us", "sr-Latn-RS")

texts = st.one_of(
    st.sampled_from(TRICKY), st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
).filter(lambda text: bool(text.strip()))
tags = st.sampled_from(TAGS)
urls = st.sampled_from(
    (
        "https://example.org/page",
        "http://www.Example.org:80/a%20b/?q=1&amp;x=2#top",
        "https://пример.укр/стаття?utm_source=x",
        "https://example.org/?a=<b>&c=\\d\"e'",
        "https://[::1]/x",
    )
)
zones = st.sampled_from((None, UTC, timezone(timedelta(hours=2)), timezone(timedelta(hours=-3, minutes=-30))))
dates = st.one_of(
    st.integers(1, 9999).map("{:04}".format),
    st.dates().map(lambda day: f"{day:%Y-%m}" if day.year >= 1000 else day.isoformat()),
    st.dates().map(date.isoformat),
    st.datetimes(timezones=zones).map(datetime.isoformat),
    st.sampled_from(("20220921", "2022-09-21 17:10", "2022-09-21T17", "2022-W05-1", "2022-09-21T17:10:00Z")),
)
ids = st.one_of(
    st.sampled_from(("bridge", "nato.int-115204-2", "example.org-0123456789ab", "мост")),
    st.text(st.characters(categories=["L", "N", "P", "S"], exclude_characters="/"), min_size=1, max_size=20),
)
wordings = st.builds(Wording, text=texts, lang=tags)


def several(of: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, ...]]:
    """Return a strategy for tuples of none to three."""
    return st.lists(of, max_size=3).map(tuple)


translations = st.builds(
    Translation,
    lang=tags,
    url=st.none() | urls,
    title=st.none() | texts,
    myth=st.none() | texts,
    passages=several(texts),
)


REQUIRED: dict[str, st.SearchStrategy[Any]] = {"id": ids, "myth": texts, "lang": tags}
OPTIONAL: dict[str, st.SearchStrategy[Any]] = {
    "variants": st.lists(wordings, max_size=3).map(tuple),
    "passages": several(texts),
    "rating": st.sampled_from(get_args(Rating)),
    "rating_text": texts,
    "title": texts,
    "url": urls,
    "publisher": texts,
    "claimant": texts,
    "claimed": dates,
    "appearances": several(urls),
    "published": dates,
    "updated": dates,
    "languages": several(tags),
    "tags": several(texts),
    "translations": st.lists(translations, max_size=2).map(tuple),
    "context": several(texts),
    "document_sha256": st.just("0123456789abcdef" * 4),
    "sources": several(texts),
    "suppressions": st.lists(wordings, max_size=2).map(tuple),
    "hold": st.sampled_from(get_args(Hold)),
    "disable_until": dates,
    "expires": dates,
}


def debunks() -> st.SearchStrategy[Debunk]:
    """Return a strategy for valid debunks: every field given or not, dates at every precision, texts of every kind."""
    fields = st.fixed_dictionaries(REQUIRED, optional=OPTIONAL)
    answered = fields.filter(lambda given: bool(given.get("passages") or given.get("rating") or given.get("url")))
    return answered.map(Debunk.model_validate)
