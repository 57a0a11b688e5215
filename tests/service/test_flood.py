"""Flood control: what is a flood beside the usual rate, on a clock that the test sets."""

import sys
import threading

from service.flood import FloodControl

FACTOR, MIN = 10, 50
MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0


class Clock:
    """A clock that stands where it is put."""

    def __init__(self) -> None:
        self.seconds = 1_000_000.0

    def __call__(self) -> float:
        return self.seconds


def control() -> tuple[FloodControl, Clock]:
    clock = Clock()
    return FloodControl(FACTOR, MIN, clock), clock


def test_more_than_the_minimum_in_ten_minutes_is_a_flood_of_what_was_never_matched_before() -> None:
    flood, clock = control()
    for _ in range(MIN):
        flood.count(["a"])
        clock.seconds += 5
    assert not flood.is_flooded("a")
    flood.count(["a", "b"])
    assert flood.is_flooded("a")
    assert not flood.is_flooded("b")
    assert not flood.is_flooded("never counted")


def test_a_flood_ends_ten_minutes_after_its_last_match() -> None:
    flood, clock = control()
    flood.count(["a"] * (MIN + 1))
    clock.seconds += 10 * MINUTE - 1
    assert flood.is_flooded("a")
    clock.seconds += 1
    assert not flood.is_flooded("a")


def test_what_is_usual_is_no_flood_and_more_than_ten_times_that_is() -> None:
    flood, clock = control()
    for _ in range(24 * 60):  # two a minute for a day: 20 in ten minutes
        flood.count(["a", "a"])
        clock.seconds += MINUTE
    clock.seconds += 10 * MINUTE
    flood.count(["a"] * 197)
    assert not flood.is_flooded("a")
    flood.count(["a"] * 4)
    assert flood.is_flooded("a")


def test_a_rate_that_is_known_for_an_hour_is_told_from_that_hour() -> None:
    flood, clock = control()
    for _ in range(60):
        flood.count(["a"] * 10)
        clock.seconds += MINUTE
    assert not flood.is_flooded("a")  # a hundred in ten minutes, as before


def test_matches_of_more_than_a_day_ago_are_usual_no_more() -> None:
    flood, clock = control()
    flood.count(["a"] * 10_000)
    clock.seconds += DAY - 20 * MINUTE
    flood.count(["a"] * 60)
    assert not flood.is_flooded("a")
    clock.seconds += 40 * MINUTE
    flood.count(["a"] * 60)
    assert flood.is_flooded("a")


def test_a_clock_that_goes_back_does_no_harm() -> None:
    flood, clock = control()
    flood.count(["a"] * (MIN + 1))
    clock.seconds -= 5 * HOUR
    assert flood.is_flooded("a")
    flood.count(["a"])
    clock.seconds += 10 * MINUTE
    assert not flood.is_flooded("a")
    flood.count(["a"] * (MIN + 1))
    assert flood.is_flooded("a") is (MIN + 1 > FACTOR * (MIN + 2))


def test_what_nothing_matched_for_a_day_is_forgotten_and_a_busy_debunk_stays_small() -> None:
    flood, clock = control()
    flood.count([f"d{number}" for number in range(1000)])
    for _ in range(24 * 60 + 120):
        flood.count(["busy"] * 3)
        clock.seconds += MINUTE
    assert list(flood._counts) == ["busy"]
    counts = flood._counts["busy"]
    assert (len(counts.recent), counts.recent_sum) == (10, 30)
    assert len(counts.older) <= 24 * 6
    assert counts.older_sum == sum(count for _, count in counts.older)


def test_many_threads_lose_no_match() -> None:
    flood, _ = control()

    def count_often() -> None:
        for _ in range(500):
            flood.count(["a"])

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=count_often) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=30)
    finally:
        sys.setswitchinterval(interval)
    assert flood._counts["a"].recent_sum == 4000
