"""Ids of reviews that bring none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.ids import host_of, review_id
from corpus.model import Debunk

ID = review_id("https://www.Example.org/checks/bridge", "The bridge was sold.")


def test_an_id_is_the_host_and_twelve_hex_digits() -> None:
    assert ID.startswith("example.org-")
    assert len(ID) == len("example.org-") + 12
    assert host_of("https://www.Example.org:443/a") == "example.org"


@pytest.mark.parametrize(
    ("url", "claim"),
    [
        ("http://example.org/checks/bridge/", "The bridge was sold."),
        ("https://www.example.org/checks/bridge?utm_source=x#top", "the BRIDGE was sold!"),
    ],
)
def test_spellings_of_the_same_address_and_claim_share_an_id(url: str, claim: str) -> None:
    assert review_id(url, claim) == ID


def test_another_claim_on_the_page_or_the_claim_on_another_page_has_another_id() -> None:
    assert review_id("https://example.org/checks/bridge", "The bridge was not sold.") != ID
    assert review_id("https://example.org/checks/other", "The bridge was sold.") != ID
    assert review_id("", "The bridge was sold.").startswith("review-")


@given(st.text(max_size=40), st.text(max_size=20))
def test_every_id_is_one_that_a_debunk_may_have(url: str, claim: str) -> None:
    for address in (url, f"https://{url}", "https://" + "x" * 300 + ".org/"):
        assert Debunk(id=review_id(address, claim), myth="m", lang="en", rating="false")
