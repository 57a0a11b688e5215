"""Addresses: one key for all spellings, and those found in texts."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from corpus.urls import names_a_page, url_key, urls_in

ADDRESS = st.from_regex(
    r"(https?:)?//[a-zé.:@\[\]0-9%]{0,12}(/[a-zA-Zé%/.;:+~&=# ]{0,20})?(\?[a-zA-Z=&+%;/_]{0,20})?(#.{0,9})?"
)


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("http://www.Example.org:80/a/b/?b=2&a=1#top", "example.org/a/b?a=1&b=2"),
        ("https://example.org:443/a/b?a=1&b=2&utm_source=x&fbclid=y", "example.org/a/b?a=1&b=2"),
        ("//m.example.org/a", "example.org/a"),
        ("amp.example.org/a", "example.org/a"),
        ("https://example.org/a/amp/?amp=1", "example.org/a"),
        ("https://en.m.wikipedia.org/wiki/NATO", "en.wikipedia.org/wiki/NATO"),
        ("https://example.org/", "example.org"),
        ("https://example.org/?gclid=1", "example.org"),
        ("https://example.org:8443/a", "example.org:8443/a"),
        ("https://user:pass@example.org./a", "example.org/a"),
        ("https://Exämple.org/%7eü", "xn--exmple-cua.org/~%C3%BC"),
        ("https://xn--exmple-cua.org/~%c3%bc", "xn--exmple-cua.org/~%C3%BC"),
        ("https://правда.рф/", "xn--80aafi6cg.xn--p1ai"),
        ("https://example.org/a/../b/./c", "example.org/b/c"),
        ("https://example.org/#!/route/1", "example.org#!/route/1"),
        ("https://m.me/abc", "m.me/abc"),
        ("https://mobile.twitter.com/a/status/1?s=20&t=x", "x.com/a/status/1"),
        ("https://youtu.be/abc?si=1", "youtube.com/watch?v=abc"),
        ("https://www.youtube.com/watch?v=abc&t=12s&feature=share", "youtube.com/watch?v=abc"),
        ("https://t.me/abc/12?single", "t.me/abc/12"),
        ("https://example.org/story?cid=7&uid=8&ref=9&id=10", "example.org/story?cid=7&id=10&ref=9&uid=8"),
        ("http://[::1]:8000/a", "[::1]:8000/a"),
        (" mailto:a@example.org ", "example.org"),
        ("ftp://example.org/a", "ftp://example.org/a"),
        ("http://[", "http://["),
        ("", ""),
    ],
)
def test_every_spelling_of_an_address_has_one_key(url: str, key: str) -> None:
    assert url_key(url) == key


@given(ADDRESS | st.text())
@example("x.org://b")
@example("http://a.www.b:80:443/")
@example("http://youtu.be//a/")
@example("http://x.org/a/amp/amp/")
@example("http://x.org/?%75tm_a=1&&=")
def test_a_key_is_its_own_key(url: str) -> None:
    assert url_key(url_key(url)) == url_key(url)


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("See https://example.org/a_(b), (www.example.org/c).", ["https://example.org/a_(b)", "www.example.org/c"]),
        ("t.me/abc/12, vk.com/wall-1_2! youtu.be/a?", ["t.me/abc/12", "vk.com/wall-1_2", "youtu.be/a"]),
        ("«https://lenta.ru/n» “http://x.org/a”…", ["https://lenta.ru/n", "http://x.org/a"]),
        ("https://x.org/a,https://y.org/b", ["https://x.org/a", "https://y.org/b"]),
        ("https://web.archive.org/web/2020/https://x.org/a", ["https://web.archive.org/web/2020/https://x.org/a"]),
        ("https://правда.рф/новость. правда.рф/а", ["https://правда.рф/новость", "правда.рф/а"]),
        ("example.news/a HTTPS://X.ORG/A", ["example.news/a", "HTTPS://X.ORG/A"]),
        ("www.example.org twice: www.example.org", ["www.example.org"]),
        ("Write to me@example.org about notes.py, e.g. Ok.So what, и т.д., 12.5.2022, a/b, ftp://x.org/a", []),
        ("", []),
    ],
)
def test_the_addresses_of_a_text_are_found_as_they_stand(text: str, urls: list[str]) -> None:
    assert urls_in(text) == urls


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("https://example.org", False),
        ("www.example.org/?utm_source=x#top", False),
        ("https://example.org/a", True),
        ("https://example.org/?p=1", True),
        ("https://example.org/#!/a", True),
        ("", False),
    ],
)
def test_a_bare_host_names_no_page(url: str, says: bool) -> None:
    assert names_a_page(url) is says


@pytest.mark.parametrize(
    "piece", ["http://", "www.", "a.b/", "(", "https://x.org/a,", "https://x.org/a", "x@", "t.me/"]
)
def test_a_hostile_text_takes_no_long_time(piece: str) -> None:
    started = time.monotonic()
    urls_in(piece * 5_000)
    assert time.monotonic() - started < 2
