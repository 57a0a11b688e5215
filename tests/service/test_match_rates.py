"""MatchRates: the drift of decisions, counted by the hour and kept across restarts."""

import json
import threading
from pathlib import Path

import pytest

from service.match_rates import FEWEST_TEXTS, SECONDS_AN_HOUR, WEEK_HOURS, MatchRates

NOW = 500_000 * SECONDS_AN_HOUR + 600.0  # ten minutes into an hour


class Clock:
    """A clock that a test sets."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __call__(self) -> float:
        return self.seconds


def filled(rates: MatchRates, clock: Clock) -> None:
    """Count a week in which one text in ten matched, and then an hour in which four in ten did."""
    for hour in range(WEEK_HOURS + 1, 1, -1):
        clock.seconds = NOW - hour * SECONDS_AN_HOUR
        for number in range(10):
            rates.count("match" if number == 0 else "no_match")
    clock.seconds = NOW
    for number in range(60):
        rates.count("match" if number % 10 < 4 else "no_match")


def test_an_hour_is_compared_with_the_week_before_it() -> None:
    clock = Clock(NOW)
    rates = MatchRates(clock=clock)
    filled(rates, clock)
    hour = rates.rates()["hour"]
    assert (dict(hour.last), dict(hour.before)) == ({"match": 24, "no_match": 36}, {"match": 168, "no_match": 1512})
    assert hour.ratio("match") == pytest.approx(4.0)
    assert hour.ratio("no_match") == pytest.approx(0.6 / 0.9)
    assert hour.ratio("possible") is None  # none of the week's, so there is nothing to compare with
    day = rates.rates()["day"]
    assert sum(day.last.values()) == 60 + 23 * 10  # of the 24 whole hours the last had none
    assert sum(day.before.values()) == (WEEK_HOURS - 23) * 10


def test_of_few_texts_there_is_no_ratio() -> None:
    clock = Clock(NOW - 100 * SECONDS_AN_HOUR)
    rates = MatchRates(clock=clock)
    for _ in range(FEWEST_TEXTS):
        rates.count("match")
    clock.seconds = NOW
    for _ in range(FEWEST_TEXTS - 1):
        rates.count("match")
    assert rates.rates()["hour"].ratio("match") is None
    rates.count("match")
    assert rates.rates()["hour"].ratio("match") == 1.0


def test_what_is_older_than_the_weeks_is_forgotten(tmp_path: Path) -> None:
    clock, path = Clock(NOW - 400 * SECONDS_AN_HOUR), tmp_path / "run/decisions.json"
    rates = MatchRates(path, clock)
    for hour in range(400):
        clock.seconds = NOW - (399 - hour) * SECONDS_AN_HOUR
        rates.count("match")
    rates.save()
    held = json.loads(path.read_text())
    assert len(held) == WEEK_HOURS + 25
    assert max(map(int, held)) == 500_000


def test_counts_outlive_a_restart(tmp_path: Path) -> None:
    clock, path = Clock(NOW), tmp_path / "run/decisions.json"
    rates = MatchRates(path, clock)
    filled(rates, clock)
    rates.save(at_once=True)
    assert MatchRates(path, clock).rates() == rates.rates()
    assert set(json.loads(path.read_text())["500000"]) == {"match", "no_match"}  # counts, and nothing else
    assert [one.name for one in path.parent.iterdir()] == ["decisions.json"]


def test_they_are_written_once_a_minute_and_only_when_there_is_something_new(tmp_path: Path) -> None:
    clock, path = Clock(NOW), tmp_path / "decisions.json"
    rates = MatchRates(path, clock)
    rates.save()
    assert not path.exists()
    for seconds, expected in ((0, 1), (59, 1), (60, 3)):
        clock.seconds = NOW + seconds
        rates.count("match")
        rates.save()
        assert json.loads(path.read_text())["500000"]["match"] == expected


@pytest.mark.parametrize("content", ["", "[]", '{"a": {}}', '{"500000": {"match": "x"}}', '{"500000": {"maybe": 1}}'])
def test_a_file_that_is_no_such_counts_is_told_and_begun_anew(
    content: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "decisions.json"
    path.write_text(content)
    rates = MatchRates(path, Clock(NOW))
    assert "decisions.json holds no counts of decisions" in caplog.text
    rates.count("match")
    assert sum(rates.rates()["hour"].last.values()) == 1


def test_a_folder_that_cannot_be_written_stops_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "run").write_text("no folder")
    rates = MatchRates(tmp_path / "run/decisions.json", Clock(NOW))
    rates.count("match")
    rates.save(at_once=True)
    assert "cannot keep the counts of decisions" in caplog.text
    assert sum(rates.rates()["hour"].last.values()) == 1


def test_many_threads_count_every_text() -> None:
    rates = MatchRates(clock=Clock(NOW))

    def count() -> None:
        for _ in range(500):
            rates.count("match")

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert rates.rates()["hour"].last["match"] == 4000
