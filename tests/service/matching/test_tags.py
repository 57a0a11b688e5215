"""Tags: only debunks that have one of them are answered with, and what is said of them is the same as without."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from corpus.model import Debunk
from corpus.store import CorpusStore
from embeddings.snapshot import Snapshot, load_snapshot
from embeddings.toy import ToyEncoder
from service.app import STORES, create_app
from service.builder import build_snapshot
from service.matching import tags as tags_file
from service.matching.answers import Answer, Match
from service.matching.matcher import Matcher
from service.matching.retrieval import MIN_CANDIDATES
from service.matching.scoring import Thresholds
from service.matching.tags import Tags
from service.settings import Settings
from service.worker import Worker
from tests.service.matching.parts import TOY, calibration, scorer
from tests.service.parts import message, told

WORDS = ["".join(letters) for letters in np.random.default_rng(3).choice(list("aeioubdklmnrst"), (200, 6))]
DEBUNKS, TAGGED_EACH = 300, 7
BRIDGE = "The mayor secretly sold the stone bridge to foreign bankers"
MOON = "Astronauts admitted that the moon is made of yellow cheese"
THRESHOLDS = Thresholds(0.8, 0.2)


def corpus() -> list[Debunk]:
    """Return debunks of six words each; every seventh has the tag `rare`, half `even`, one `city`, and most none."""
    random = np.random.default_rng(5)
    made = [Debunk(id="bridge", myth=BRIDGE, lang="en", rating="false", tags=("city", "money"))]
    for number in range(DEBUNKS):
        tags = [name for name, each in (("rare", TAGGED_EACH), ("even", 2)) if number % each == 0]
        myth = " ".join(random.choice(WORDS, 6))
        made.append(Debunk(id=f"d{number:03}", myth=myth, lang="en", rating="false", tags=tuple(tags)))
    return made


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    folder = tmp_path_factory.mktemp("tags")
    with CorpusStore.open(f"sqlite:///{folder / 'corpus.db'}") as store:
        store.put(corpus())
        return load_snapshot(build_snapshot(store, ToyEncoder(), folder / "snapshots", "flat").folder)


@pytest.fixture(scope="module")
def matcher(held: Snapshot) -> Matcher:
    weighed = scorer(-9.0, wording=12.0, over_rivals=6.0, over_runner_up=6.0, words=2.0)
    return Matcher(TOY, held, calibration(held, weighed, THRESHOLDS))


def myth(debunk_id: str) -> str:
    return next(debunk.myth for debunk in corpus() if debunk.id == debunk_id)


def reworded(debunk_id: str) -> str:
    first, *more, last = myth(debunk_id).split()
    return " ".join(["they", "say", last, *more, first])


def by_id(answer: Answer) -> dict[str, Match]:
    return {match.candidate.debunk_id: match for match in answer.matches}


def with_tag(*names: str) -> set[str]:
    return {debunk.id for debunk in corpus() if set(debunk.tags) & set(names)}


def test_only_debunks_with_one_of_the_tags_are_answered_with(matcher: Matcher) -> None:
    text = reworded("d003")
    assert matcher.match(text).matches[0].candidate.debunk_id == "d003"
    for names in (["rare"], ["even"], ["city", "rare"], ["city", "absent"]):
        answer = matcher.match(text, tags=names, limit=50)
        assert by_id(answer).keys() <= with_tag(*names)
        assert len(answer.matches) == min(50, len(with_tag(*names)))
        assert all(verdict.best in {None, *with_tag(*names)} for verdict in answer.claims)
    assert matcher.match(text, tags=["rare"]).decision == "no_match"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["rare", "even"])
def test_a_debunk_is_as_probable_as_without_tags_and_found_where_others_are_nearer(matcher: Matcher, name: str) -> None:
    for text in [reworded(f"d{number:03}") for number in range(0, DEBUNKS, 21)] + [f"{reworded('d010')} {BRIDGE}"]:
        whole, some = matcher.match(text, limit=50), matcher.match(text, limit=50, tags=[name])
        known = by_id(whole).keys() & with_tag(name)
        assert known <= by_id(some).keys()
        for debunk_id in known:
            one, other = by_id(whole)[debunk_id], by_id(some)[debunk_id]
            assert replace(one, margin=None) == replace(other, margin=None)
        order = [match.candidate.debunk_id for match in whole.matches if match.candidate.debunk_id in known]
        assert [match.candidate.debunk_id for match in some.matches if match.candidate.debunk_id in known] == order


def test_margin_decision_and_claims_are_those_among_the_tagged(matcher: Matcher) -> None:
    text = f"{reworded('d014')}. {reworded('d001')}."
    whole, some = matcher.match(text), matcher.match(text, tags=["rare"])
    first, second = some.matches[:2]
    cosines = sorted((match.candidate.cosine for match in some.matches), reverse=True)
    assert first.candidate.debunk_id == "d014"
    assert first.margin == pytest.approx(first.candidate.cosine - second.candidate.cosine)
    assert first.candidate.cosine == cosines[0]
    assert {verdict.best for verdict in whole.claims} == {"d014", "d001"}
    assert [verdict.best for verdict in some.claims] == ["d014", None]
    assert matcher.match(reworded("d001"), tags=["rare"]).decision == "no_match"
    assert matcher.match(reworded("d001")).decision == "match"


def test_the_nearest_of_the_tagged_are_compared_whatever_is_nearer(matcher: Matcher, held: Snapshot) -> None:
    text = reworded("d003")
    tagged = sorted(with_tag("rare"))
    rows = {passage.owner: TOY.encode_queries([passage.text])[0] for passage in held.passages}
    claim = matcher.match(text).claims[0].claim.plain
    cosine = {debunk_id: float(TOY.encode_queries([claim])[0] @ rows[debunk_id]) for debunk_id in tagged}
    nearest = sorted(tagged, key=lambda one: -cosine[one])[:MIN_CANDIDATES]
    assert set(nearest) <= by_id(matcher.match(text, tags=["rare"], limit=50)).keys()


@pytest.mark.slow
@pytest.mark.parametrize("names", [["rare"], ["even"], ["city"]])
def test_of_many_that_are_tagged_the_same_are_found_as_of_few(
    held: Snapshot, monkeypatch: pytest.MonkeyPatch, names: list[str]
) -> None:
    fitted = calibration(held, scorer(-9.0, wording=12.0, over_rivals=6.0), THRESHOLDS)
    few = Matcher(TOY, held, fitted)
    answers = [few.match(reworded(f"d{number:03}"), tags=names, limit=20) for number in range(0, DEBUNKS, 30)]
    monkeypatch.setattr(tags_file, "FEW", 0)
    many = Matcher(TOY, held, fitted)
    tagged = many.tags.of(names)
    assert tagged is not None
    assert not tagged.is_few
    for number, one in zip(range(0, DEBUNKS, 30), answers, strict=True):
        other = many.match(reworded(f"d{number:03}"), tags=names, limit=20)
        assert len(one.matches) == min(20, len(with_tag(*names)))
        for match in one.matches[:10]:
            assert replace(match, margin=None) == replace(by_id(other)[match.candidate.debunk_id], margin=None)


def test_a_tag_that_no_debunk_has_is_no_match_and_no_error(matcher: Matcher) -> None:
    answer = matcher.match(BRIDGE, tags=["absent"])
    assert (list(answer.matches), answer.decision) == ([], "no_match")
    assert [(verdict.best, verdict.decision) for verdict in answer.claims] == [(None, "no_match")]


def test_a_wording_and_an_address_of_another_debunk_decide_nothing(held: Snapshot) -> None:
    matcher = Matcher(TOY, held, calibration(held, scorer(-9.0, wording=12.0), THRESHOLDS))
    assert matcher.match(BRIDGE, tags=["city"]).matches[0].probability == 1.0
    assert "bridge" not in by_id(matcher.match(BRIDGE, tags=["rare"], limit=50))
    assert matcher.match(BRIDGE, tags=["rare"]).decision == "no_match"


def test_tags_are_the_words_themselves(matcher: Matcher) -> None:
    for other in ("City", "cit", "city ", "tag city"):
        assert list(matcher.match(BRIDGE, tags=[other]).matches) == []


def test_who_has_a_tag_is_looked_up_once(held: Snapshot) -> None:
    tags = Tags(held)
    assert tags.of([]) is None
    assert tags.of(["rare", "city"]) is tags.of(["city", "rare"])
    found = tags.of(["rare", "city"])
    assert found is not None
    assert found.debunk_ids == with_tag("rare", "city")
    assert [held.owner(int(key)) for key in found.keys] == sorted(with_tag("rare", "city"))


@pytest.fixture
def client(toy_settings: Settings) -> Iterator[FlaskClient]:
    """A service whose corpus has two debunks with tags beside those that ship, which have none."""
    with CorpusStore.open(toy_settings.corpus_url) as store:
        moon = Debunk(id="moon", myth=MOON, lang="en", rating="false", tags=("space, and more",))
        store.put([corpus()[0], moon])
    worker = Worker(toy_settings)
    worker.load()
    app = create_app(toy_settings, worker)
    yield app.test_client()
    app.extensions[STORES].close()


def found(answer: TestResponse) -> list[str]:
    return [match["debunk"]["id"] for match in told(answer, 200)["matches"]]


def test_tags_are_a_list_in_json_and_parted_by_commas_in_a_query(client: FlaskClient) -> None:
    both = ["bridge", "moon"]
    sent = {"text": f"{BRIDGE}. {MOON}.", "tags": ["city", "space, and more"]}
    assert sorted(found(client.post("/v1/match", json=sent))) == both
    assert found(client.get("/v1/match", query_string={"text": BRIDGE, "tags": "nothing, money"})) == ["bridge"]
    assert found(client.get(f"/v1/match?text={BRIDGE}&tags=nothing&tags=city")) == ["bridge"]
    assert found(client.get("/v1/match", query_string={"text": BRIDGE, "tags": "space"})) == []
    batch = client.post("/v1/match/batch?tags=city", json={"texts": [BRIDGE, {"text": BRIDGE, "tags": ["no"]}]})
    assert [len(answer["matches"]) for answer in told(batch, 200)["answers"]] == [1, 0]


@pytest.mark.parametrize("tags", [[], [""], "city", [5], ["a"] * 51])
def test_what_is_no_list_of_tags_is_refused(client: FlaskClient, tags: object) -> None:
    assert message(client.post("/v1/match", json={"text": BRIDGE, "tags": tags}), 422, "InvalidRequest")
    for query in ("tags=", "tags=a,,b", "tags=,"):
        assert message(client.get(f"/v1/match?text=a&{query}"), 422, "InvalidRequest")
