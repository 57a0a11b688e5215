"""Standing: from when to when a debunk answers, and how far."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from service.matching.standing import Standing, begins, never_flooded

MAY = datetime(2024, 5, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("2024", datetime(2024, 1, 1, tzinfo=UTC)),
        ("2024-05", MAY),
        ("2024-05-01", MAY),
        ("20240501", MAY),
        ("2024-05-01T00:00", MAY),
        ("2024-05-01T02:00+02:00", MAY),
        ("2024-04-30T19:00-05:00", MAY),
    ],
)
def test_a_date_begins_at_its_first_moment_in_utc(date: str, expected: datetime) -> None:
    assert begins(date) == expected


def test_a_debunk_is_absent_until_it_is_enabled_and_from_when_it_expires() -> None:
    standing = Standing(
        {
            "later": {"disable_until": "2024-05"},
            "gone": {"expires": "2024-05-01"},
            "span": {"disable_until": "2023", "expires": "2024-05-02"},
            "always": {"disable_until": None, "expires": None},
            "bare": {},
        }
    )
    for now, absent in (
        (datetime(2022, 1, 1, tzinfo=UTC), {"later", "span"}),
        (MAY - SECOND, {"later"}),
        (MAY, {"gone"}),
        (MAY + timedelta(days=1) - SECOND, {"gone"}),
        (MAY + timedelta(days=1), {"gone", "span"}),
        (MAY - SECOND, {"later"}),  # a clock that went back
    ):
        assert standing.absent(now) == absent
        assert standing.absent(now) is standing.absent(now)


def test_of_several_reasons_to_hold_the_strongest_is_told() -> None:
    standing = Standing(
        {
            "true": {"rating": "true", "hold": "always"},
            "always": {"rating": "false", "hold": "always"},
            "flood": {"rating": "false", "hold": "flood"},
            "free": {"rating": "false", "hold": "never"},
            "bare": {},
        }
    )
    held = {one: standing.held(one, lambda _: True) for one in ("true", "always", "flood", "free", "bare", "unknown")}
    assert held == {
        "true": "rated_true", "always": "always", "flood": "flood", "free": None, "bare": None, "unknown": None,
    }  # fmt: skip
    assert standing.held("flood", never_flooded) is None


def test_claims_that_were_found_true_decide_nothing() -> None:
    probabilities = np.array([[0.9, 0.8], [0.1, 1.0]])
    deciding = Standing({"a": {"rating": "true"}, "b": {"rating": "false"}}).deciding(probabilities, ["a", "b"])
    assert deciding.tolist() == [[0.0, 0.8], [0.0, 1.0]]
    assert Standing({"b": {}}).deciding(probabilities, ["a", "b"]).tolist() == probabilities.tolist()
    assert Standing({}).deciding(np.zeros((2, 0)), []).shape == (2, 0)
