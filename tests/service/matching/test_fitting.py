"""Fitting: no post beside its own copy, the right claim of each post, and scorers that part what can be parted."""

import numpy as np
import pytest

from corpus.judged import JudgedPost, JudgedSpan
from embeddings.examples import Example, Examples
from embeddings.snapshot import Passage, Snapshot
from service.matching.claims import Claim
from service.matching.evidence import FEATURES, Evidence
from service.matching.fitting import (
    FOLDS,
    Observed,
    best_rows,
    ece_of_unseen_myths,
    fit,
    observe,
    observe_unheard,
    observe_unseen,
)
from service.matching.retrieval import Found, Retrieval
from service.matching.scoring import sigmoid
from tests.service.matching.parts import TOY, scorer, snapshot, toy_examples, unit

BRIDGE, MOON = "The mayor sold the stone bridge", "The moon is made of yellow cheese"
WORDING = list(FEATURES).index("wording")


def post(number: int, text: str, about: str | None, lang: str = "en", spans: tuple[JudgedSpan, ...] = ()) -> JudgedPost:
    relation = "none" if about is None else "repeats"
    return JudgedPost.model_validate(
        {"id": f"p{number}", "text": text, "lang": lang, "debunk_id": about, "relation": relation, "kind": "direct"}
        | {"spans": spans}
    )


def posts() -> list[JudgedPost]:
    """Return twelve posts in turns: about the bridge, about the moon, about nothing."""
    places = ["Paris", "Lyon", "Nice", "Lille"]
    texts = [
        (text, about)
        for place in places
        for text, about in (
            (f"In {place} our mayor has sold a stone bridge", "bridge"),
            (f"In {place} we learn the moon is yellow cheese", "moon"),
            (f"In {place} trains are late again this winter", None),
        )
    ]
    return [post(number, text, about) for number, (text, about) in enumerate(texts)]


def held(judged: list[JudgedPost], *more: Passage) -> Snapshot:
    passages = [Passage("bridge", "myth", BRIDGE, "en"), Passage("moon", "myth", MOON, "en"), *more]
    return snapshot(passages, toy_examples([Example(post.text, post.lang, post.debunk_id) for post in judged]))


def wording(observed: Observed, debunk_id: str) -> float:
    """Return the highest cosine of any claim with the nearest wording of the debunk."""
    column = list(observed.found.evidence.debunk_ids).index(debunk_id)
    return float(observed.found.evidence.values[:, column, WORDING].max())


def test_a_post_is_observed_with_its_claims_and_the_debunks_that_it_is_about() -> None:
    judged = posts()
    observed = observe(judged, Retrieval(held([])), TOY)
    assert [each.post for each in observed] == judged
    assert [sorted(each.about) for each in observed[:3]] == [["bridge"], ["moon"], []]
    expected = TOY.encode_queries([judged[0].text])[0] @ TOY.encode_queries([BRIDGE])[0]
    assert wording(observed[0], "bridge") == pytest.approx(float(expected), abs=1e-5)


def test_the_debunks_of_the_posts_are_translated_into_those_of_the_corpus() -> None:
    retrieval = Retrieval(snapshot([Passage("bare-bridge", "myth", BRIDGE, "en")]))
    (observed,) = observe(posts()[:1], retrieval, TOY, {"bridge": "bare-bridge"})
    assert observed.about == {"bare-bridge"}


@pytest.mark.slow
def test_a_post_that_stands_beside_its_own_copy_is_sure_and_cross_fitting_takes_the_copy_away() -> None:
    judged = posts()
    retrieval = Retrieval(held(judged))
    beside, apart = observe(judged, retrieval, TOY), observe_unseen(judged, retrieval, TOY)
    assert [each.post.id for each in apart] == [each.id for each in judged]
    for number, each in enumerate(judged):
        if each.debunk_id is not None:
            assert wording(beside[number], each.debunk_id) == pytest.approx(1.0, abs=1e-5)
            assert wording(apart[number], each.debunk_id) < 0.999
    fold = judged[1::FOLDS]
    alone = Retrieval(retrieval.snapshot, retrieval.examples.without({other.text for other in fold}))
    for unseen, expected in zip(apart[1::FOLDS], observe(fold, alone, TOY), strict=True):
        assert unseen.found.evidence.values == pytest.approx(expected.found.evidence.values, abs=1e-5)


@pytest.mark.slow
def test_cross_fitting_takes_away_the_copies_in_other_folds_too_and_the_claims_of_a_long_post() -> None:
    claim = "In Paris our mayor has sold a stone bridge"
    text = f"Listen. {claim}. Nobody cares."
    start = text.index(claim)
    span = JudgedSpan(start=start, end=start + len(claim), debunk_id="bridge", relation="repeats")
    long = post(50, text, None, spans=(span,))
    judged = [*posts(), long]
    whole = held([*posts(), post(51, claim, "bridge")])
    apart = observe_unseen(judged, Retrieval(whole), TOY)
    assert apart[-1].about == {"bridge"}
    assert wording(apart[-1], "bridge") < 0.999
    assert wording(observe([long], Retrieval(whole), TOY)[0], "bridge") > 0.95


@pytest.mark.slow
def test_unheard_a_post_knows_no_variant_and_no_example_of_its_language() -> None:
    french = [post(20, "Le maire a vendu le vieux pont", "bridge", "fr"), post(21, "Il pleut sur Nantes", None, "fr")]
    judged = [*posts(), *french]
    variant = Passage("bridge", "variant", "Le maire a vendu le vieux pont", "fr")
    retrieval = Retrieval(held(judged, variant))
    unheard = {each.post.id: each for each in observe_unheard(judged, retrieval, TOY)}
    assert set(unheard) == {each.id for each in judged}
    assert wording(observe(french, retrieval, TOY)[0], "bridge") == pytest.approx(1.0, abs=1e-5)
    assert wording(unheard["p20"], "bridge") < 0.8
    english = Retrieval(retrieval.snapshot, retrieval.examples.without_lang("en"))
    assert wording(unheard["p0"], "bridge") == pytest.approx(
        wording(observe(judged[:1], english, TOY)[0], "bridge"), abs=1e-6
    )


def observed_by_hand(wordings: list[list[float]], about: set[str], known: tuple[bool, bool] = (True, True)) -> Observed:
    """Return the evidence of a post whose claims have these cosines with debunks a and b."""
    evidence = np.zeros((len(wordings), 2, len(FEATURES)), dtype=np.float32)
    for name in ("wording", "wordings"):
        evidence[:, :, list(FEATURES).index(name)] = wordings
    claims = [Claim("", 0, 0, "", "en", 5, place, place) for place in range(len(wordings))]
    found = Found(claims, unit(np.ones((len(claims), 2))), Evidence(["a", "b"], evidence, known))
    return Observed(post(1, "x", min(about, default=None)), found, frozenset(about))


def test_the_best_row_of_a_post_is_that_of_its_most_probable_claim_for_each_debunk() -> None:
    observed = [observed_by_hand([[0.2, 0.7], [0.9, 0.1], [0.3, 0.3]], {"a"}), observed_by_hand([[0.4, 0.5]], set())]
    values, is_about = best_rows(observed, scorer(wording=1.0), well_known=True)
    assert values[:, WORDING] == pytest.approx([0.9, 0.7, 0.4, 0.5])
    assert is_about.tolist() == [True, False, False, False]
    values, _ = best_rows(observed, scorer(wording=-1.0), well_known=True)
    assert values[:, WORDING] == pytest.approx([0.2, 0.1, 0.4, 0.5])


def test_the_rows_are_of_the_debunks_of_one_kind_and_without_the_one_left_out() -> None:
    observed = [observed_by_hand([[0.2, 0.7]], {"a"}, (True, False)), observed_by_hand([[0.4, 0.5]], {"b"})]
    assert best_rows(observed, scorer(), well_known=False)[0][:, WORDING] == pytest.approx([0.7])
    assert best_rows(observed, scorer(), well_known=True)[0][:, WORDING] == pytest.approx([0.2, 0.4, 0.5])
    observed.append(observed_by_hand([[0.6, 0.8]], {"a"}))
    values, is_about = best_rows(observed, scorer(), well_known=True, without="a")
    assert values[:, WORDING] == pytest.approx([0.5])
    assert is_about.tolist() == [True]


def easy_set(posts_of_a_kind: int = 40) -> list[Observed]:
    """Return posts of three claims: the one that is about a debunk has a cosine above .6 with it, all others below."""
    random = np.random.default_rng(9)
    observed = []
    for number in range(posts_of_a_kind * 3):
        wordings = random.uniform(-0.2, 0.4, size=(3, 2))
        about = [{"a"}, {"b"}, set[str]()][number % 3]
        if about:
            wordings[number % 3, number % 3] = random.uniform(0.7, 1.0)
        observed.append(observed_by_hand(wordings.tolist(), about))
    return observed


def test_fitting_parts_an_easy_set() -> None:
    observed = easy_set()
    fitted = fit(observed, well_known=True)
    values, is_about = best_rows(observed, fitted, well_known=True)
    assert values[is_about, WORDING].min() >= 0.7
    probabilities = sigmoid(fitted.logits(values))
    assert probabilities[is_about].min() > 0.5
    assert probabilities[~is_about].max() < 0.2
    assert fitted.weights[WORDING] > 0


def test_a_fitted_scorer_has_the_means_and_scales_of_the_best_rows_and_1_for_what_never_varies() -> None:
    observed = easy_set()
    fitted = fit(observed, well_known=True)
    values, _ = best_rows(observed, fitted, well_known=True)
    assert fitted.means == pytest.approx(values.mean(axis=0), abs=1e-6)
    assert fitted.scales[WORDING] == pytest.approx(values[:, WORDING].std(), abs=1e-6)
    assert fitted.scales[list(FEATURES).index("names")] == 1.0
    assert fitted.weights[list(FEATURES).index("names")] == pytest.approx(0.0, abs=1e-9)


def test_a_myth_that_was_not_fitted_on_has_honest_probabilities_where_myths_are_alike() -> None:
    error = ece_of_unseen_myths(easy_set(), well_known=True)
    assert error is not None
    assert error < 0.2
    assert ece_of_unseen_myths(easy_set(), well_known=False) is None


def test_no_examples_leave_a_retrieval_that_still_finds() -> None:
    whole = snapshot([Passage("bridge", "myth", BRIDGE, "en")])
    assert isinstance(whole.examples, Examples)
    (each,) = observe_unseen(posts()[:1], Retrieval(whole), TOY)
    assert wording(each, "bridge") > 0.5
