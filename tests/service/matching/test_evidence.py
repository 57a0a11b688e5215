"""gather: the value of each feature, worked out by hand with plain numpy."""

import numpy as np
import numpy.typing as npt
import pytest

from embeddings.examples import Example, Examples
from embeddings.snapshot import Passage, Snapshot
from embeddings.words import terms
from service.matching.claims import Claim
from service.matching.evidence import FEATURES, MANY_WORDINGS, NEAREST, SAME_MYTH, nearest
from service.matching.retrieval import Found, Retrieval
from tests.service.matching.parts import snapshot, unit

DIMENSIONS = 8
PASSAGES = [
    Passage("a", "myth", "The bridges were sold in 2014", "en"),
    Passage("a", "variant", "Мост продан", "ru"),
    Passage("a", "fact", "Nobody in Brussels bought bridges.", "en"),
    Passage("b", "myth", "The moon is made of cheese", "en"),
    Passage("c", "myth", "Doctors hide the cure", "en"),
]
CLAIMS = [
    Claim("", 0, 0, "They say bridges were sold by Brussels in 2014", "en", 4),
    Claim("", 0, 0, "Мост опять продан", "ru", 2, 1, 1),
]


def snapshot_of(passages: list[Passage], background: int = 9, owned: int = 3, twins: float = 0.0) -> Snapshot:
    """Return random rows; the last debunk's are those of the one before, plus noise, where `twins` is not 0."""
    random = np.random.default_rng(11)
    texts = [Example(f"nobody's {n}", "ru" if n % 2 else "en", None) for n in range(background)]
    texts += [Example(f"of a {n}", "ru", "a") for n in range(owned)]
    rows = unit(random.normal(size=(len(passages) + len(texts), DIMENSIONS)) + 0.5)
    if twins:
        rows[len(passages) - 1] = unit(rows[len(passages) - 2] + twins * rows[len(passages) - 1])
    return snapshot(passages, Examples(texts, rows[len(passages) :]), rows[: len(passages)])


def claim_rows(claims: int = len(CLAIMS)) -> npt.NDArray[np.float32]:
    return unit(np.random.default_rng(12).normal(size=(claims, DIMENSIONS)) + 0.5)


def found_in(whole: Snapshot, claims: list[Claim] | None = None) -> Found:
    claims = CLAIMS if claims is None else claims
    return Retrieval(whole).search(claims, claim_rows(len(claims)), 5)


def table(found: Found, name: str) -> npt.NDArray[np.float32]:
    """Return one feature, shape (claims, debunks); the debunks are in the order of their ids."""
    return np.asarray(found.evidence.values[:, :, list(FEATURES).index(name)])


def mean_of_nearest(cosines: npt.NDArray[np.float32], k: int = NEAREST) -> float:
    return float(np.mean(sorted(cosines, reverse=True)[:k]))


def centered_claims(whole: Snapshot) -> npt.NDArray[np.float32]:
    return whole.examples.center(claim_rows(), [claim.lang for claim in CLAIMS])


def centered_wordings(whole: Snapshot) -> dict[str, npt.NDArray[np.float32]]:
    """Return each debunk's centered wordings and examples, worked out from the passages."""
    rows = whole.index.vectors(range(len(whole.passages)))
    centered = whole.examples.center(rows, [passage.lang for passage in whole.passages])
    return {
        owner: np.concatenate(
            [
                centered[[p.owner == owner and p.kind != "fact" for p in whole.passages]],
                whole.examples.of(owner),
            ]
        )
        for owner in sorted({passage.owner for passage in whole.passages})
    }


def best_cosines(whole: Snapshot) -> npt.NDArray[np.float32]:
    claims = centered_claims(whole)
    return np.stack([(claims @ rows.T).max(axis=1) for rows in centered_wordings(whole).values()], axis=1)


def test_the_evidence_has_one_value_a_claim_a_debunk_and_a_feature() -> None:
    evidence = found_in(snapshot_of(PASSAGES)).evidence
    assert list(evidence.debunk_ids) == ["a", "b", "c"]
    assert evidence.values.shape == (2, 3, len(FEATURES))
    assert evidence.values.dtype == np.float32


def test_raw_is_the_raw_cosine_with_the_nearest_wording_that_is_no_example() -> None:
    whole = snapshot_of(PASSAGES)
    cosines = claim_rows() @ whole.index.vectors(range(5)).T
    expected = np.stack([cosines[:, :2].max(axis=1), cosines[:, 3], cosines[:, 4]], axis=1)
    assert table(found_in(whole), "raw") == pytest.approx(expected, abs=1e-5)


def test_wording_is_the_centered_cosine_with_the_nearest_wording_or_example() -> None:
    whole = snapshot_of(PASSAGES)
    assert table(found_in(whole), "wording") == pytest.approx(best_cosines(whole), abs=1e-5)


def test_wordings_is_the_mean_of_the_nearest_wordings_of_however_many_there_are() -> None:
    whole = snapshot_of(PASSAGES, owned=6)
    cosines = [centered_claims(whole) @ rows.T for rows in centered_wordings(whole).values()]
    assert [each.shape[1] for each in cosines] == [8, 1, 1]
    expected = [[mean_of_nearest(each[row]) for each in cosines] for row in range(2)]
    assert table(found_in(whole), "wordings") == pytest.approx(np.array(expected), abs=1e-5)


def test_fact_is_the_cosine_with_the_nearest_paragraph_and_nothing_where_there_is_none() -> None:
    whole = snapshot_of(PASSAGES)
    (fact,) = whole.examples.center(whole.index.vectors([2]), ["en"])
    found = table(found_in(whole), "fact")
    assert found[:, 0] == pytest.approx(centered_claims(whole) @ fact, abs=1e-5)
    assert found[:, 1:] == pytest.approx(np.zeros((2, 2)))


def test_discriminant_is_the_log_likelihood_of_the_debunk_less_that_of_the_background() -> None:
    whole = snapshot_of(PASSAGES)
    precision, nothing = whole.examples.precision.astype(np.float64), whole.examples.background.mean(axis=0)
    means = [rows.mean(axis=0) for rows in centered_wordings(whole).values()]
    expected = [
        [(nothing - x) @ precision @ (nothing - x) / 2 - (mean - x) @ precision @ (mean - x) / 2 for mean in means]
        for x in centered_claims(whole)
    ]
    assert table(found_in(whole), "discriminant") == pytest.approx(np.array(expected), rel=1e-3, abs=1e-3)


def test_over_background_is_the_lead_over_the_mean_of_the_nearest_of_the_background() -> None:
    whole = snapshot_of(PASSAGES)
    background = centered_claims(whole) @ whole.examples.background.T
    near = np.array([[mean_of_nearest(row)] for row in background])
    assert table(found_in(whole), "over_background") == pytest.approx(best_cosines(whole) - near, abs=1e-5)
    nearest_one = background.max(axis=1, keepdims=True)
    assert table(found_in(whole), "over_nearest") == pytest.approx(best_cosines(whole) - nearest_one, abs=1e-5)


def test_over_rivals_is_the_lead_over_the_nearest_of_other_debunks_and_the_background_together() -> None:
    whole = snapshot_of(PASSAGES)
    best, background = best_cosines(whole), centered_claims(whole) @ whole.examples.background.T
    for claim in range(2):
        for mine in range(3):
            near = sorted(background[claim], reverse=True)[:NEAREST]
            expected = best[claim, mine] - mean_of_nearest(np.array([*np.delete(best[claim], mine), *near]))
            assert table(found_in(whole), "over_rivals")[claim, mine] == pytest.approx(expected, abs=1e-5)


def test_over_runner_up_is_the_lead_over_the_best_other_debunk() -> None:
    whole = snapshot_of(PASSAGES)
    best = best_cosines(whole)
    expected = [[row[mine] - np.delete(row, mine).max() for mine in range(3)] for row in best]
    assert table(found_in(whole), "over_runner_up") == pytest.approx(np.array(expected), abs=1e-5)


def test_a_debunk_of_the_same_story_is_no_rival() -> None:
    twins = snapshot_of([*PASSAGES, Passage("d", "myth", "Doctors hide cures", "en")], twins=0.1)
    centered = centered_wordings(twins)
    assert centered["c"][0] @ centered["d"][0] > SAME_MYTH
    best, background = best_cosines(twins), centered_claims(twins) @ twins.examples.background.T
    found = found_in(twins)
    for claim in range(2):
        strangers = best[claim, :2]  # of c and d: a and b alone
        near = sorted(background[claim], reverse=True)[:NEAREST]
        for mine in (2, 3):
            over = best[claim, mine] - mean_of_nearest(np.array([*strangers, *near]))
            assert table(found, "over_rivals")[claim, mine] == pytest.approx(over, abs=1e-5)
            assert table(found, "over_runner_up")[claim, mine] == pytest.approx(
                best[claim, mine] - strangers.max(), abs=1e-5
            )


def test_over_crowd_is_the_lead_over_what_crowds_the_nearest_wording() -> None:
    whole = snapshot_of(PASSAGES)
    expected = np.zeros((2, 3))
    for row, claim in enumerate(centered_claims(whole)):
        for column, wordings in enumerate(centered_wordings(whole).values()):
            wording = wordings[(wordings @ claim).argmax()]
            expected[row, column] = claim @ wording - mean_of_nearest(whole.examples.background @ wording)
    assert table(found_in(whole), "over_crowd") == pytest.approx(expected, abs=1e-5)


def test_words_is_the_share_of_the_bm25_that_the_claim_could_reach() -> None:
    whole = snapshot_of(PASSAGES)
    found = found_in(whole)
    for row, claim in enumerate(CLAIMS):
        said = terms(claim.plain, claim.lang)
        shares = whole.words.bm25(said) / sum(whole.words.weight(term) for term in set(said))
        assert table(found, "words")[row] == pytest.approx([max(shares[:2]), shares[3], shares[4]], abs=1e-5)
        assert table(found, "fact_words")[row] == pytest.approx([shares[2], 0.0, 0.0], abs=1e-5)
    assert 0.1 < table(found, "words")[0, 0] < 1.0
    assert table(found, "words")[1] == pytest.approx([table(found, "words")[1, 0], 0.0, 0.0])


def test_a_claim_of_no_terms_shares_no_words() -> None:
    found = found_in(snapshot_of(PASSAGES), [Claim("", 0, 0, "?!", "und", 0)])
    assert table(found, "words") == pytest.approx(np.zeros((1, 3)))
    assert np.isfinite(found.evidence.values).all()


@pytest.mark.parametrize(
    ("plain", "expected"),
    [
        ("They say that Brussels sold bridges", [0.5, -0.5, -0.5]),
        ("They say that Brussels and Moscow sold bridges", [0.0, -0.5, -0.5]),
        ("They say that Moscow sold bridges", [-0.5, -0.5, -0.5]),
        ("Brussels sold bridges", [0.0, 0.0, 0.0]),  # begins the sentence: no name for certain
        ("they sold bridges", [0.0, 0.0, 0.0]),
    ],
)
def test_names_is_the_share_of_capitalised_names_that_the_debunk_has(plain: str, expected: list[float]) -> None:
    found = found_in(snapshot_of(PASSAGES), [Claim("", 0, 0, plain, "en", 3)])
    assert table(found, "names")[0] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("plain", "expected"),
    [
        ("sold in 2014", [0.5, -0.5, -0.5]),
        ("sold in 2014 or 2015", [0.0, -0.5, -0.5]),
        ("sold in 2015", [-0.5, -0.5, -0.5]),
        ("sold 7 of them", [0.0, 0.0, 0.0]),  # a digit alone agrees by chance
        ("sold", [0.0, 0.0, 0.0]),
    ],
)
def test_numbers_is_the_share_of_numbers_that_the_debunk_has(plain: str, expected: list[float]) -> None:
    found = found_in(snapshot_of(PASSAGES), [Claim("", 0, 0, plain, "en", 3)])
    assert table(found, "numbers")[0] == pytest.approx(expected)


def test_claims_is_a_logarithm_and_the_same_for_each_debunk() -> None:
    found = found_in(snapshot_of(PASSAGES))
    assert table(found, "claims") == pytest.approx(np.full((2, 3), np.log(2)), abs=1e-6)


def test_same_lang_tells_whether_the_nearest_wording_is_in_the_claims_language() -> None:
    whole = snapshot_of(PASSAGES)
    langs = {"a": ["en", "ru", "ru", "ru", "ru"], "b": ["en"], "c": ["en"]}
    for row, claim in enumerate(centered_claims(whole)):
        for column, (debunk_id, wordings) in enumerate(centered_wordings(whole).items()):
            same = langs[debunk_id][int((wordings @ claim).argmax())] == CLAIMS[row].lang
            assert table(found_in(whole), "same_lang")[row, column] == float(same)


def test_a_debunk_is_well_known_from_many_wordings_and_examples_on() -> None:
    many = MANY_WORDINGS - 2  # beside the myth and the variant of a
    assert list(found_in(snapshot_of(PASSAGES, owned=many)).evidence.is_well_known) == [True, False, False]
    assert list(found_in(snapshot_of(PASSAGES, owned=many - 1)).evidence.is_well_known) == [False, False, False]


def test_without_background_the_leads_are_over_nothing() -> None:
    whole = snapshot_of(PASSAGES, background=0)
    found = found_in(whole)
    best = table(found, "wording")
    for name in ("over_background", "over_nearest", "over_crowd"):
        assert table(found, name) == pytest.approx(best, abs=1e-6)
    raw = claim_rows() @ whole.index.vectors([3, 4]).T
    assert best[:, 1:] == pytest.approx(raw, abs=1e-5)
    assert np.isfinite(found.evidence.values).all()


def test_an_only_debunk_has_the_background_for_a_runner_up() -> None:
    found = found_in(snapshot_of(PASSAGES[:3]))
    assert table(found, "over_runner_up") == pytest.approx(table(found, "over_background"), abs=1e-6)
    assert table(found, "over_rivals") == pytest.approx(table(found, "over_background"), abs=1e-6)


@pytest.mark.parametrize("background", [0, 9])
def test_an_empty_corpus_gives_no_evidence(background: int) -> None:
    whole = snapshot_of([], background)
    evidence = found_in(whole).evidence
    assert evidence.values.shape == (2, 0, len(FEATURES))
    assert list(evidence.debunk_ids) == []
    assert list(evidence.is_well_known) == []


def test_the_nearest_are_the_highest_of_each_row_in_ascending_order() -> None:
    cosines = np.array([[0.1, 0.9, -0.3, 0.5], [0.2, 0.1, 0.4, 0.3]], dtype=np.float32)
    assert nearest(cosines, 2) == pytest.approx(np.array([[0.5, 0.9], [0.3, 0.4]]))
    assert nearest(cosines, 9) == pytest.approx(np.sort(cosines, axis=1))
    assert nearest(cosines[:, :0], 2) == pytest.approx(np.zeros((2, 1)))


@pytest.mark.parametrize("background", [0, 3, 9])
def test_of_many_debunks_each_has_the_rivals_that_a_plain_search_finds(background: int) -> None:
    """In eight dimensions twenty random myths have some of one story among them."""
    passages = [Passage(f"d{number:02}", "myth", f"myth {number}", "en") for number in range(20)]
    whole = snapshot_of(passages, background, owned=0, twins=0.05)
    found, retrieval = found_in(whole), Retrieval(whole)
    myths = np.stack([retrieval.shelves.of(debunk_id).wordings[0] for debunk_id in found.evidence.debunk_ids])
    is_rival = (myths @ myths.T < SAME_MYTH) & ~np.eye(len(myths), dtype=bool)
    assert 0 < (~is_rival).sum() - len(myths) < len(myths) * len(myths) / 2
    centered = centered_claims(whole) @ whole.examples.background.T
    best = table(found, "wording")
    for row, texts in zip(range(len(CLAIMS)), np.sort(centered, axis=1), strict=True):
        near = texts[-NEAREST:] if background else np.zeros(1, dtype=np.float32)
        for column, mine in enumerate(is_rival):
            rivals = mean_of_nearest(np.concatenate([best[row, mine], near]))
            assert table(found, "over_rivals")[row, column] == pytest.approx(best[row, column] - rivals, abs=1e-5)
            runner_up = best[row, mine].max()
            assert table(found, "over_runner_up")[row, column] == pytest.approx(best[row, column] - runner_up, abs=1e-5)
