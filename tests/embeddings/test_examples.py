"""Examples: what centering takes away, and whose is whose."""

import numpy as np
import pytest

from embeddings.examples import SHRINK_TEXTS, Example, Examples
from embeddings.vectors import Vectors


def unit(rows: object) -> Vectors:
    rows = np.asarray(rows, dtype=np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def some(seed: int = 1) -> Examples:
    random = np.random.default_rng(seed)
    texts = [Example(f"en {n}", "en", None) for n in range(40)] + [Example(f"ru {n}", "ru", None) for n in range(40)]
    texts += [Example(f"a {n}", "en", "a") for n in range(10)]
    langs = np.where(np.arange(90) // 40 == 1, 1.0, 0.0)[:, None] * np.eye(8)[0] * 3
    return Examples(texts, unit(random.normal(size=(90, 8)) + langs + np.eye(8)[7] * 2))


def test_the_background_of_each_language_has_its_mean_near_nothing_once_centered() -> None:
    examples = some()
    raw = examples.rows[:80]
    assert np.linalg.norm(raw[:40].mean(axis=0)) > 0.5
    assert np.linalg.norm(examples.background[:40].mean(axis=0)) < 0.3
    assert np.linalg.norm(examples.background[40:].mean(axis=0)) < 0.3
    assert np.linalg.norm(examples.background, axis=1) == pytest.approx(np.ones(80), abs=1e-5)


def test_a_languages_mean_is_shrunk_towards_the_common_one() -> None:
    examples = some()
    weight = 40 / (40 + SHRINK_TEXTS)
    mean = weight * examples.rows[:40].mean(axis=0) + (1 - weight) * examples.rows[:80].mean(axis=0)
    assert examples.center(examples.rows[:1], ["en"])[0] == pytest.approx(unit([examples.rows[0] - mean])[0], abs=1e-5)
    unknown = examples.rows[0] - examples.rows[:80].mean(axis=0)
    assert examples.center(examples.rows[:1], ["xx"])[0] == pytest.approx(unit([unknown])[0], abs=1e-5)


def test_examples_are_found_by_their_owner_and_can_be_left_out() -> None:
    examples = some()
    assert len(examples.of("a")) == 10
    assert examples.langs_of("a") == ["en"] * 10
    assert len(examples.of("b")) == 0
    fewer = examples.without({"a 3", "en 0", "absent"})
    assert (len(fewer), len(fewer.of("a")), len(fewer.background)) == (88, 9, 79)


def test_the_precision_is_the_inverse_of_the_covariance_about_the_owners_means() -> None:
    examples = some()
    rows = np.concatenate([part - part.mean(axis=0) for part in (examples.background, examples.of("a"))])
    covariance = rows.T @ rows / len(rows)
    expected = np.linalg.inv(covariance + 0.2 * np.trace(covariance) / 8 * np.eye(8))
    assert examples.precision == pytest.approx(expected, rel=1e-3, abs=1e-3)


def test_no_examples_change_nothing() -> None:
    none = Examples([], np.zeros((0, 8), dtype=np.float32))
    rows = unit(np.ones((2, 8)))
    assert none.center(rows, ["en", "ru"]) == pytest.approx(rows, abs=1e-6)
    assert none.precision == pytest.approx(np.eye(8))
    assert none.background.shape == (0, 8)
