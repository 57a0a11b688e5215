"""Retention: what is old is erased at the start and by the hour, and nothing else is."""

import logging
from datetime import UTC, datetime, timedelta

import pytest

from corpus.database import Database
from corpus.feedback import Feedback, FeedbackStore
from corpus.kept_texts import KeptText, KeptTexts
from service.retention import Erased, Retention, purge
from service.settings import Settings

NOW = datetime(2026, 9, 21, 12, 0, tzinfo=UTC)
CANARY = "what somebody sent"


def fill(database: Database) -> None:
    """Keep feedback and a text of each of the days before."""
    for days in (0, 29, 31, 400):
        time = NOW - timedelta(days=days)
        FeedbackStore(database).put(Feedback(CANARY, "en", "a", "confirm", id=f"{days}", given_at=time))
        KeptTexts(database).keep(KeptText(f"{days}", CANARY, "en", "{}", time))


def left(database: Database) -> tuple[list[str], list[str]]:
    feedback = [given.id for given in FeedbackStore(database).export()]
    return feedback, [kept.request_id for kept in KeptTexts(database).export()]


def test_what_is_older_than_the_settings_allow_is_erased(toy_settings: Settings) -> None:
    database = Database.open(toy_settings.corpus_url)
    fill(database)
    assert purge(database, 0, NOW) == Erased(0, 0)
    assert purge(database, 30, NOW) == Erased(2, 2)
    assert left(database) == (["29", "0"], ["29", "0"])
    assert purge(database, 30, NOW) == Erased(0, 0)
    assert purge(database, 30, NOW + timedelta(days=2)) == Erased(1, 1)
    database.close()


def test_one_run_erases_and_counts_in_the_log_without_the_texts(
    toy_settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    database = Database.open(toy_settings.corpus_url)
    fill(database)
    with caplog.at_level(logging.INFO):
        Retention(toy_settings.model_copy(update={"retention_days": 90})).run_once(NOW)
    assert left(database) == (["31", "29", "0"], ["31", "29", "0"])
    assert "erased by age: 1 words of feedback, 1 texts" in caplog.text
    assert CANARY not in caplog.text
    database.close()


def test_a_database_that_cannot_be_reached_is_told_and_tried_again(
    toy_settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    away = toy_settings.model_copy(update={"database_url": "sqlite:////proc/none/corpus.db"})
    Retention(away).run_once(NOW)
    assert "cannot erase what is old" in caplog.text
    assert "the next try is in an hour" in caplog.text
