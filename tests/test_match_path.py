"""The whole path on real input: a server started as anyone starts it, real claims, real debunks."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from bs4 import BeautifulSoup

from tests.real_server import CLIENT_SECONDS, ROOT, START_SECONDS, RealServer, environment_in, serving
from tests.test_docs import readme_example, same_as_shown

pytestmark = pytest.mark.model

WAR, PROMISE, THREAT, ENCIRCLING, INTERVENTIONS = (f"nato.int-115204-{number}" for number in range(1, 6))

CLAIMS = {
    "NATO is waging a war against Russia on Ukrainian soil": WAR,
    "NATO broke its promise not to expand after the Cold War": PROMISE,
    "NATO is an aggressive bloc that threatens Russia": THREAT,
    "L'OTAN est en guerre contre la Russie en Ukraine": WAR,
    "L'OTAN encercle la Russie et cherche à la contenir": ENCIRCLING,
    "Les interventions de l'OTAN en Yougoslavie et en Libye prouvent que l'Alliance n'est pas défensive": INTERVENTIONS,
    "НАТО воюет с Россией на Украине": WAR,
    "НАТО обещала России не расширяться после холодной войны": PROMISE,
    "НАТО окружает Россию и пытается её сдержать": ENCIRCLING,
    "НАТО веде війну проти Росії в Україні": WAR,
    "НАТО обіцяла Росії не розширюватися після холодної війни": PROMISE,
    "НАТО — агресивний блок і загроза для Росії": THREAT,
}
INCHES = "Клялись Горбачёву, что НАТО ни на дюйм не двинется на восток, и обманули"
RECIPES = [
    "Mix 500 g of flour with yeast, salt and warm water. Let the dough rise for an hour. Bake at 220 degrees.",
    "Mélangez 500 g de farine, la levure et le sel. Laissez lever la pâte une heure. Enfournez à 220 degrés.",
    "Смешайте 500 г муки с дрожжами и солью. Дайте тесту подняться час. Выпекайте при 220 градусах.",
    "Змішайте 500 г борошна з дріжджами й сіллю. Дайте тісту піднятися годину. Випікайте за 220 градусів.",
]
UNRELATED = [
    *RECIPES,
    "Mix 500 g of flour with yeast and salt, let it rise for an hour.",
    "Faites fondre le chocolat au bain-marie, puis ajoutez les œufs.",
    "Завтра в городе отключат горячую воду до конца недели.",
    "Завтра у місті дощ, увечері до плюс шести.",
]


BURIED = [
    (
        "Утром был на рынке. Клялись Горбачёву, что НАТО ни на дюйм не двинется на восток, и обманули."
        " Вечером позвоню сестре, у неё день рождения.",
        "Клялись Горбачёву, что НАТО ни на дюйм не двинется на восток, и обманули.",
        PROMISE,
    ),
    (
        "J'ai repeint la cuisine. Avec toutes ses bases, l'OTAN encercle la Russie pour l'étouffer. Demain il pleut.",
        "Avec toutes ses bases, l'OTAN encercle la Russie pour l'étouffer.",
        ENCIRCLING,
    ),
]
HOSTILE = [
    "N4T0 pr0m1sed G0rb4chev n0t to exp4nd e4st and br0ke its w0rd",
    "#NATOPromisedGorbachev #NotOneInchEast and broke its word",
    "НАTО oбeщaлo Гopбaчёвy нe pacшиpятьcя нa вocтoк и oбмaнулo",
]


def match(server: RealServer, text: str, **more: object) -> Any:
    answer = httpx.post(f"{server.url}/v1/match", json={"text": text, **more}, timeout=CLIENT_SECONDS)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_first_start_is_ready_in_time(real_server: RealServer) -> None:
    assert real_server.seconds_to_ready < START_SECONDS
    assert httpx.get(f"{real_server.url}/readyz").json() == {"status": "ready", "corpus_revision": 1, "debunks": 5}


@pytest.mark.parametrize(("claim", "debunk_id"), CLAIMS.items())
def test_a_claim_gets_natos_debunk(real_server: RealServer, claim: str, debunk_id: str) -> None:
    answer = match(real_server, claim)
    best = answer["matches"][0]
    assert best["debunk"]["id"] == debunk_id
    assert answer["decision"] == best["decision"]
    assert best["decision"] in ("match", "possible")
    assert best["probability"] >= answer["thresholds"]["possible"]
    assert best["span"]["text"] == claim


def test_a_promise_in_other_words_is_a_match_with_the_sentence_as_its_span(real_server: RealServer) -> None:
    answer = match(real_server, INCHES)
    best = answer["matches"][0]
    assert (answer["decision"], best["debunk"]["id"]) == ("match", PROMISE)
    assert best["span"] == {"start": 0, "end": len(INCHES), "text": INCHES}
    assert answer["thresholds"]["match"] <= best["probability"] <= 1.0


@pytest.mark.parametrize(("text", "marked", "debunk_id"), BURIED)
def test_a_claim_inside_a_text_is_found_where_it_stands(
    real_server: RealServer, text: str, marked: str, debunk_id: str
) -> None:
    answer = match(real_server, text)
    best = answer["matches"][0]
    assert (answer["decision"], best["debunk"]["id"]) == ("match", debunk_id)
    assert best["span"]["text"] == marked
    assert text[best["span"]["start"] : best["span"]["end"]] == marked


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_spelling_hides_nothing(real_server: RealServer, text: str) -> None:
    answer = match(real_server, text)
    assert (answer["decision"], answer["matches"][0]["debunk"]["id"]) == ("match", PROMISE)


@pytest.mark.parametrize("text", ["NATO", "НАТО!!!", "#NATO #Russia", "Russia Ukraine war", "🤡🤡🤡", "7", "?!"])
def test_a_text_that_claims_nothing_is_no_match(real_server: RealServer, text: str) -> None:
    assert match(real_server, text)["decision"] != "match"


def test_a_wording_word_for_word_is_certain_but_not_with_a_negation(real_server: RealServer) -> None:
    myth = "NATO is at war with Russia in Ukraine"
    assert match(real_server, f"{myth.upper()}!")["matches"][0]["probability"] == 1.0
    denied = match(real_server, myth.replace("is at", "is not at"))["matches"][0]
    assert denied["debunk"]["id"] == WAR
    assert denied["probability"] < 1.0


def test_the_model_is_served_with_its_card(real_server: RealServer) -> None:
    model = httpx.get(f"{real_server.url}/v1/model").json()
    assert model["encoder"] == "multilingual-e5-small@aeefd09ec7ca3e71"
    assert model["warning"] is None
    assert model["card"]["calibration"] == match(real_server, "a")["model"]["calibration"]
    assert set(model["card"]) >= {"thresholds", "measured", "fitted_on", "known_weaknesses", "unintended_use"}


@pytest.mark.parametrize("text", UNRELATED)
def test_an_unrelated_text_matches_nothing(real_server: RealServer, text: str) -> None:
    answer = match(real_server, text)
    assert answer["decision"] == "no_match"
    assert all(found["probability"] < 0.1 for found in answer["matches"])


def test_a_myth_in_its_own_words_has_similarity_1(real_server: RealServer) -> None:
    for debunk in httpx.get(f"{real_server.url}/v1/debunks").json()["debunks"]:
        best = match(real_server, debunk["myth"], limit=1)["matches"][0]
        assert (best["debunk"]["id"], best["similarity"]) == (debunk["id"], pytest.approx(1.0, abs=1e-3))
        assert best["debunk"] == {name: debunk[name] for name in best["debunk"]}


def test_the_page_answers_a_claim_with_the_debunk(real_server: RealServer) -> None:
    claim = "НАТО обещала России не расширяться после холодной войны"
    shown = BeautifulSoup(httpx.post(f"{real_server.url}/", data={"text": claim}).text, "html.parser")
    assert [mark.text for mark in shown.select("mark")] == [claim]
    article = shown.select_one("main > article")
    assert article is not None
    assert "NATO promised Russia it would not expand after the Cold War" in article.text
    assert "Such an agreement was never made. NATO’s door has been open" in article.text
    assert "Setting the record straight, NATO, 2022-09-21" in " ".join(article.text.split())


AGAINST = {
    "The tale that NATO promised Gorbachev not to expand is a myth: there never was such a promise.": (
        PROMISE,
        "denies",
    ),
    "Никто не обещал Горбачёву, что НАТО не будет расширяться. Это выдумка.": (PROMISE, "denies"),
    "НАТО не воює з Росією в Україні, це брехня російської пропаганди.": (WAR, "denies"),
    "Non, l'OTAN n'est pas en guerre contre la Russie, c'est une intox.": (WAR, "denies"),
    "Lavrov said on Friday that NATO is at war with Russia in Ukraine.": (WAR, "reports"),
    "Песков заявил журналистам, что НАТО воюет с Россией на Украине.": (WAR, "reports"),
}


@pytest.mark.parametrize("text", AGAINST)
def test_a_denial_or_a_report_is_told_as_such_and_is_at_most_possible_unless_asked(
    real_server: RealServer, text: str
) -> None:
    debunk_id, stance = AGAINST[text]
    for wanted, decision in (("repeats", "possible"), ("any", "match")):
        asked = {"text": text, "stance": wanted, "limit": 1}
        answer = httpx.post(f"{real_server.url}/v1/match", json=asked, timeout=CLIENT_SECONDS).json()
        best = answer["matches"][0]
        assert (answer["decision"], best["debunk"]["id"], best["stance"]) == (decision, debunk_id, stance)
    page = BeautifulSoup(httpx.post(real_server.url, data={"text": text}, timeout=CLIENT_SECONDS).text, "html.parser")
    heading = page.select_one(".verdict h2")
    assert heading is not None
    assert heading.text == f"This {stance} a known myth"
    assert f"the text {stance} this myth" in page.select("main > article")[0].text


def test_match_texts_answers_the_same_claims(real_server: RealServer, tmp_path: Path) -> None:
    source, target = tmp_path / "claims.jsonl", tmp_path / "answers.jsonl"
    rows = [{"id": number, "text": claim} for number, claim in enumerate([*CLAIMS, *UNRELATED])]
    source.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    environment = environment_in(real_server.home.parent, {})
    command = [sys.executable, "-m", "scripts.match_texts", "--input", str(source), "--output", str(target)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"no_match: {len(UNRELATED)}" in done.stderr.decode()
    answers = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    assert [answer["id"] for answer in answers] == list(range(len(rows)))
    found = [answer["claims"][0]["best"] for answer in answers]
    assert found == [*CLAIMS.values(), *[None] * len(UNRELATED)]
    served = match(real_server, next(iter(CLAIMS)))["matches"][0]["similarity"]
    assert answers[0]["matches"][0]["similarity"] == pytest.approx(served, abs=1e-3)


def test_the_readmes_request_has_the_readmes_answer(real_server: RealServer) -> None:
    request, shown = readme_example()
    answer = match(real_server, **request)
    for name in ("request_id", "took_ms"):
        assert type(shown.pop(name)) is type(answer.pop(name))
    same_as_shown(shown, answer)


def test_requests_at_a_time_are_all_answered_alike(real_server: RealServer) -> None:
    from concurrent.futures import ThreadPoolExecutor

    claims = list(CLAIMS) * 4
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda claim: match(real_server, claim, limit=1), claims))
    assert [answer["claims"][0]["best"] for answer in answers] == [CLAIMS[claim] for claim in claims]


def test_a_second_start_does_nothing_again(real_server: RealServer) -> None:
    folder = real_server.home.parent
    made = {path: path.stat().st_ino for path in sorted((folder / "data").rglob("*")) if path.is_file()}
    with serving(folder, {}) as again:
        assert match(again, next(iter(CLAIMS)))["decision"] == "match"
        now = {path: path.stat().st_ino for path in sorted((folder / "data").rglob("*")) if path.is_file()}
    kept = {path: inode for path, inode in made.items() if path.suffix not in ("", ".db-wal", ".db-shm")}
    assert len(kept) > 10
    assert {path: now[path] for path in kept} == kept
