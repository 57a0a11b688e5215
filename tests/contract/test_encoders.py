"""What every encoder must do, run over each of them."""

from pathlib import Path

import numpy as np
import pytest

from embeddings.encoder import Encoder, load_encoder

TEXTS = ["NATO is at war with Russia", "НАТО воює з Росією", "un gâteau au chocolat", "🤡", "a", "word " * 3000, "\x00"]


@pytest.fixture(scope="module", params=["toy", pytest.param("bundled", marks=pytest.mark.model)])
def encoder(request: pytest.FixtureRequest) -> Encoder:
    models_dir = request.getfixturevalue("models_dir") if request.param == "bundled" else Path("unused")
    return load_encoder(request.param, models_dir)


def test_rows_are_unit_vectors_in_order(encoder: Encoder) -> None:
    for encode in (encoder.encode_queries, encoder.encode_passages):
        rows = encode(TEXTS)
        assert rows.shape == (len(TEXTS), encoder.dimensions)
        assert rows.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-5)
        for text, row in zip(TEXTS[:3], rows[:3], strict=True):
            assert encode([text])[0] @ row == pytest.approx(1.0, abs=1e-5)


def test_no_texts_give_no_rows(encoder: Encoder) -> None:
    assert encoder.encode_queries([]).shape == (0, encoder.dimensions)
    assert encoder.encode_passages([]).shape == (0, encoder.dimensions)


def test_like_texts_are_nearer_than_unlike_ones(encoder: Encoder) -> None:
    claim, like, unlike = encoder.encode_queries(
        ["NATO is at war with Russia", "NATO is in a war with Russia", "un gâteau au chocolat"]
    )
    assert claim @ like > claim @ unlike + 0.05


def test_the_fingerprint_is_16_hex_digits(encoder: Encoder) -> None:
    assert len(encoder.fingerprint) == 16
    int(encoder.fingerprint, 16)


def test_encoding_from_many_threads_gives_the_same_rows(encoder: Encoder) -> None:
    from concurrent.futures import ThreadPoolExecutor

    texts = [f"claim number {number} " + "long " * (number % 7) for number in range(24)]
    expected = encoder.encode_queries(texts)
    with ThreadPoolExecutor(8) as pool:
        rows = list(pool.map(lambda text: encoder.encode_queries([text])[0], texts))
    np.testing.assert_allclose(np.stack(rows), expected, atol=1e-5)
