"""Titles: who is touched when a title begins or ceases to be shared."""

from corpus.model import Debunk
from service.titles import Titles


def debunk(debunk_id: str, title: str | None) -> Debunk:
    return Debunk(id=debunk_id, myth="The bridge was sold", lang="en", title=title, rating="false")


def test_a_title_that_is_shared_from_now_on_touches_the_one_that_had_it() -> None:
    titles = Titles([("a", "News"), ("b", None)])
    assert titles.change({"c": debunk("c", "News")}) == {"a"}
    assert titles.is_shared("News")
    assert titles.change({"d": debunk("d", "News")}) == set()


def test_a_title_that_is_shared_no_more_touches_the_one_that_has_it_still() -> None:
    titles = Titles([("a", "News"), ("b", "News")])
    assert titles.change({"b": None}) == {"a"}
    assert not titles.is_shared("News")
    assert titles.change({"a": debunk("a", "Other")}) == set()
    assert titles.change({"x": debunk("x", None)}) == set()
    assert not titles.is_shared(None)
