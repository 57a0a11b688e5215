"""Dates as people and feeds write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.dates import read_date
from corpus.model import Debunk


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2022", "2022"),
        ("2022-09", "2022-09"),
        ("2022-09-21", "2022-09-21"),
        ("20220921", "2022-09-21"),
        ("2022-9-1", "2022-09-01"),
        ("2022-09-21T17:10:00Z", "2022-09-21T17:10+00:00"),
        ("2022-09-21T17:10:05.120+0200", "2022-09-21T17:10:05.120000+02:00"),
        ("2022-09-21 17:10:05", "2022-09-21T17:10:05"),
        (" September 21, 2022 ", "2022-09-21"),
        ("21 Sep. 2022 17:10", "2022-09-21T17:10"),
        ("Wed, 21 Sep 2022 17:10:05 GMT", "2022-09-21T17:10:05+00:00"),
        ("Wed, 21 Sep 2022 17:10:05 EDT", "2022-09-21T17:10:05-04:00"),
        ("Wed, 21 Sep 2022 17:10:05 XYZT", "2022-09-21T17:10:05"),
        ("Sep. 2022", "2022-09"),
        ("25/03/2022", "2022-03-25"),
        ("05.03.2022", "2022-03-05"),
        ("1663773000", "2022-09-21T15:10+00:00"),
        ("1663773000123", "2022-09-21T15:10+00:00"),
    ],
)
def test_a_date_is_read_at_its_own_precision(text: str, expected: str) -> None:
    assert read_date(text) == expected


@pytest.mark.parametrize(
    "text", ["", "yesterday", "03/05/2022", "May 5", "5", "Sunday", "2022-00-00", "2022-02-30", "0001-01-01T00:00:00"]
)
def test_what_is_no_date_or_could_be_two_is_none(text: str) -> None:
    assert read_date(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("21 Sep. 2022 17:10", "2022-09-21T17:10+02:00"),
        ("2022-09-21T17:10", "2022-09-21T17:10+02:00"),
        ("2022-09-21T17:10Z", "2022-09-21T17:10+00:00"),
        ("2022-09-21", "2022-09-21"),
        ("September 21, 2022", "2022-09-21"),
    ],
)
def test_only_a_time_without_an_offset_gets_the_one_that_is_known(text: str, expected: str) -> None:
    assert read_date(text, "+02:00") == expected


@given(st.one_of(st.text(max_size=30), st.from_regex(r"[0-9 .,:/TZ+-]{1,25}", fullmatch=True)))
def test_whatever_is_read_is_a_date_that_a_debunk_may_have_and_is_read_the_same_again(text: str) -> None:
    read = read_date(text)
    if read is not None:
        assert Debunk(id="a", myth="m", lang="en", rating="false", published=read).published == read
        assert read_date(read) == read
