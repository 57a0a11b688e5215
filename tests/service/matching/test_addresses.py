"""Addresses: the same page in any spelling, where it stands, and what names no page."""

from typing import Any

import pytest

from service.matching.addresses import Address, Addresses, owners_by_key, says_nothing_else, without_addresses

PAGE = "https://example.org/checks/bridge"
DOCUMENTS: dict[str, dict[str, Any]] = {
    "bridge": {"url": PAGE, "appearances": ["https://t.me/rumours/17"], "translations": {}},
    "sold": {"url": PAGE, "translations": {"uk": {"url": "https://example.org/uk/bridge"}, "fr": {"url": None}}},
    "bare": {"url": "https://example.com/", "appearances": ["https://www.example.net"]},
    "none": {"url": None},
    "old": {},
}
OWNERS = owners_by_key(DOCUMENTS)


def owners_of(key: str) -> frozenset[str]:
    return OWNERS.get(key, frozenset())


def test_a_page_leads_to_every_debunk_that_has_its_address_and_a_bare_host_to_none() -> None:
    assert {
        "example.org/checks/bridge": {"bridge", "sold"},
        "t.me/rumours/17": {"bridge"},
        "example.org/uk/bridge": {"sold"},
    } == OWNERS


@pytest.mark.parametrize(
    ("url", "ids"),
    [
        (PAGE, {"bridge", "sold"}),
        ("http://www.EXAMPLE.org/checks/bridge/?utm_source=x#top", {"bridge", "sold"}),
        ("example.org/checks/bridge", {"bridge", "sold"}),
        ("t.me/rumours/17", {"bridge"}),
        ("https://example.org/uk/bridge", {"sold"}),
    ],
)
def test_an_address_is_found_as_it_stands_in_whatever_spelling(url: str, ids: set[str]) -> None:
    text = f"🤡 they hide it: {url}, read!"
    start = text.index(url)
    assert Addresses(owners_of).within(text) == [Address(url, start, start + len(url), frozenset(ids))]


@pytest.mark.parametrize(
    "text",
    [
        "", "no address here", "and/or?", "https://example.org", "https://example.com/", "see www.example.net",
        "https://example.org/checks/bridges", "https://example.org/checks/bridge?id=2", "https://t.me/rumours/171",
    ],
)  # fmt: skip
def test_another_page_or_a_bare_host_is_no_address_of_a_debunk(text: str) -> None:
    assert Addresses(owners_of).within(text) == []


def test_every_place_is_told_and_a_longer_address_is_not_the_shorter_one() -> None:
    short, long = "t.me/rumours/17", "t.me/rumours/171"
    text = f"{long} {short} {long} {short}"
    spans = [(one.start, one.end) for one in Addresses(owners_of).within(text)]
    assert spans == [(17, 32), (50, 65)]
    assert [text[start:end] for start, end in spans] == [short, short]


def test_a_debunk_that_is_absent_has_no_address() -> None:
    addresses = Addresses(owners_of)
    assert [one.debunk_ids for one in addresses.within(PAGE, {"bridge"})] == [{"sold"}]
    assert addresses.within(PAGE, {"bridge", "sold"}) == []


def test_a_text_of_addresses_and_accounts_says_nothing_else() -> None:
    assert says_nothing_else("👉 https://t.me/a/1 (www.example.org/b) example.org/c @you …")
    assert not says_nothing_else("https://t.me/a/1 lies")
    assert without_addresses("and/or 3.5/4  of https://t.me/a them") == "and/or 3.5/4 of them"
