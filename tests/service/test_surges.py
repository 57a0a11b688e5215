"""Surges: when a debunk is told, on a clock that the test sets."""

import threading

from service.surges import Surges


class Clock:
    """A clock that stands where it is put."""

    seconds = 1_000_000.0

    def __call__(self) -> float:
        return self.seconds


def test_a_surge_is_told_again_only_after_its_minutes_whether_it_lasted_or_not() -> None:
    clock = Clock()
    surges = Surges(2, 10, clock)
    assert surges.count(["a", "b"]) == surges.count(["a"]) == []
    assert surges.count(["a"]) == [("a", 3)]
    clock.seconds += 300
    assert surges.count(["a", "a"]) == []
    clock.seconds += 300  # the first three have left the window
    assert surges.count(["a"]) == [("a", 3)]
    clock.seconds += 599
    assert surges.count(["a", "a", "a", "b"]) == []  # it fell and rose within ten minutes
    clock.seconds += 1
    assert surges.count(["a"]) == [("a", 4)]
    clock.seconds += 10_000
    assert surges.count(["c"]) == []
    assert set(surges._counts) == {"c"}


def test_slow_matches_are_no_surge() -> None:
    clock = Clock()
    surges = Surges(2, 1, clock)
    for _ in range(100):
        assert surges.count(["a"]) == []
        clock.seconds += 31  # two in any minute


def test_many_threads_count_right() -> None:
    surges = Surges(3999, 10)
    told: list[tuple[str, int]] = []

    def count() -> None:
        for _ in range(500):
            told.extend(surges.count(["a"]))

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == [("a", 4000)]
