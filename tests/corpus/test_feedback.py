"""FeedbackStore: what moderators said is kept, read as judged posts, and erased for good."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from corpus.database import Database
from corpus.feedback import Feedback, FeedbackStore, Said, Verdict
from corpus.judged import JudgedPost
from tests.postgres import empty_database

NOON = datetime(2026, 9, 21, 12, 0, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FeedbackStore]:
    with empty_database(request.param, tmp_path) as url:
        database = Database.open(url)
        yield FeedbackStore(database)
        database.close()


def said(
    minute: int, text: str, verdict: Verdict, debunk_id: str = "a", other_id: str | None = None, how: Said | None = None
) -> Feedback:
    """Return feedback that was given so many minutes after noon."""
    given_at = NOON + timedelta(minutes=minute)
    return Feedback(text, "en", debunk_id, verdict, other_id, how, "api:anna", f"f{minute}", given_at)


def test_what_is_put_is_exported_the_same_and_oldest_first(store: FeedbackStore) -> None:
    later, earlier = said(5, "t 🤡", "other", "a", "b", "denies"), said(3, "s", "confirm")
    store.put(later)
    store.put(earlier)
    assert list(store.export()) == [earlier, later]


def test_a_time_elsewhere_is_kept_as_the_moment_that_it_was(store: FeedbackStore) -> None:
    in_kyiv = timezone(timedelta(hours=3))
    store.put(Feedback("t", "en", "a", "confirm", given_at=NOON.astimezone(in_kyiv)))
    (kept,) = store.export()
    assert kept.given_at == NOON
    assert store.erase_before(NOON.astimezone(in_kyiv)) == 0
    assert store.erase_before((NOON + timedelta(seconds=1)).astimezone(in_kyiv)) == 1


def test_a_page_goes_on_behind_the_last_one_also_where_many_were_given_at_once(store: FeedbackStore) -> None:
    for name in ("c", "a", "d", "b"):
        store.put(Feedback("t", "en", "x", "confirm", id=name, given_at=NOON))
    first = store.page(limit=2)
    second = store.page(first[-1], limit=2)
    assert [[given.id for given in page] for page in (first, second)] == [["a", "b"], ["c", "d"]]
    assert store.page(second[-1]) == []


def test_each_verdict_is_a_judged_post(store: FeedbackStore) -> None:
    store.put(said(1, "repeated", "confirm"))
    store.put(said(2, "denied", "confirm", how="denies"))
    store.put(said(3, "near", "reject"))
    store.put(said(4, "of another", "other", "a", "b", "reports"))
    posts = {post.text: post for post in store.posts()}
    assert posts == {
        "repeated": judged(1, "repeated", "a", "repeats"),
        "denied": judged(2, "denied", "a", "denies"),
        "near": JudgedPost(id="f3", text="near", lang="en", debunk_id=None, relation="none", kind="feedback", near="a"),
        "of another": judged(4, "of another", "b", "reports"),
    }


def judged(minute: int, text: str, debunk_id: str, relation: Said) -> JudgedPost:
    return JudgedPost(id=f"f{minute}", text=text, lang="en", debunk_id=debunk_id, relation=relation, kind="feedback")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([("confirm", "a", None), ("reject", "a", None)], [(None, "a")]),
        ([("reject", "a", None), ("confirm", "a", None)], [("a", None)]),
        ([("confirm", "b", None), ("reject", "a", None)], [("b", None)]),
        ([("confirm", "a", None), ("other", "a", "b")], [("b", None)]),
        ([("confirm", "a", None), ("confirm", "b", None)], [("a", None), ("b", None)]),
        ([("confirm", "a", None), ("confirm", "a", None)], [("a", None)]),
        ([("other", "a", "b"), ("reject", "b", None)], [(None, "b")]),
    ],
)
def test_of_several_words_on_one_text_the_newest_counts(
    store: FeedbackStore, words: list[tuple[Verdict, str, str | None]], expected: list[tuple[str | None, str | None]]
) -> None:
    for minute, (verdict, debunk_id, other_id) in enumerate(words):
        store.put(said(minute, "text", verdict, debunk_id, other_id))
    assert [(post.debunk_id, post.near) for post in store.posts()] == expected


def test_what_is_erased_is_no_longer_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "corpus.db"
    store = FeedbackStore(Database.open(f"sqlite:///{path}"))
    for minute in range(4):
        store.put(said(minute, f"what somebody sent {minute}", "confirm"))
    assert [store.erase("f1"), store.erase("f1"), store.erase("absent")] == [True, False, False]
    assert store.erase_before(NOON + timedelta(minutes=2)) == 1
    assert [given.id for given in store.export()] == ["f2", "f3"]
    store.database.close()
    on_disk = path.read_bytes()
    assert [f"what somebody sent {minute}".encode() in on_disk for minute in range(4)] == [False, False, True, True]
    assert store.erase_all() == 2
    assert list(store.export()) == []
    store.database.close()
    assert b"what somebody sent" not in path.read_bytes()
    assert not path.with_name("corpus.db-wal").exists()


def test_a_text_with_a_nul_is_kept_as_every_database_can(store: FeedbackStore) -> None:
    store.put(said(1, "a\x00b", "confirm"))
    assert [given.text for given in store.export()] == ["a\ufffdb"]
