"""The v1 shapes: what is taken, what is refused and how, and what an answer holds."""

import json
from typing import Any

import pytest

from corpus.model import Debunk, Translation
from service.errors import InvalidRequest, InvalidText, NotJson, RequestError, TextTooLong
from service.wire import answer_json, debunk_json, read_json, read_match_query, read_match_request
from service.worker import Worker

MAX = 100


def test_a_request_has_its_defaults() -> None:
    request = read_match_request({"text": "a claim"}, MAX)
    assert (request.limit, request.threshold, request.stance, request.explain, request.store, request.lang) == (
        5, None, "repeats", False, False, None,
    )  # fmt: skip


def test_every_documented_field_is_taken() -> None:
    asked = {
        "text": "a", "lang": "ru", "limit": 3, "threshold": 0.8, "stance": "any", "explain": True, "store": False,
        "tags": ["nato", "health"],
    }  # fmt: skip
    assert read_match_request(asked, MAX).model_dump() == asked


def test_a_query_takes_the_same_fields_as_strings() -> None:
    request = read_match_query({"text": "5", "limit": "3", "threshold": "0.8", "explain": "true"}, MAX)
    assert (request.text, request.limit, request.threshold, request.explain) == ("5", 3, 0.8, True)


@pytest.mark.parametrize(
    ("fields", "kind", "expected"),
    [
        ([], InvalidRequest, 'met an array; expected an object such as {"text": "..."}'),
        (None, InvalidRequest, "met null"),
        ("text", InvalidRequest, 'met "text"'),
        ({}, InvalidRequest, "text: it is missing; expected a string"),
        ({"text": 5}, InvalidRequest, "text: met 5; expected a valid string"),
        ({"text": None}, InvalidRequest, "text: met null"),
        ({"text": ["a"]}, InvalidRequest, "text: met an array"),
        ({"text": "a", "limit": 0}, InvalidRequest, "limit: met 0; expected greater than or equal to 1"),
        ({"text": "a", "limit": 51}, InvalidRequest, "limit: met 51; expected less than or equal to 50"),
        ({"text": "a", "limit": "5"}, InvalidRequest, 'limit: met "5"; expected a valid integer'),
        ({"text": "a", "limit": True}, InvalidRequest, "limit: met true"),
        ({"text": "a", "limit": 10**400}, InvalidRequest, "limit: met a very long number"),
        ({"text": "a", "threshold": 1.5}, InvalidRequest, "threshold: met 1.5"),
        ({"text": "a", "threshold": float("nan")}, InvalidRequest, "threshold: met NaN"),
        ({"text": "a", "stance": "denies"}, InvalidRequest, "stance: met \"denies\"; expected 'repeats' or 'any'"),
        ({"text": "a", "lang": "klingon!"}, InvalidRequest, 'lang: met "klingon!"; expected a BCP 47 language tag'),
        ({"text": "a", "store": True}, InvalidRequest, "this service stores no texts"),
        ({"text": "a", "txet": "b"}, InvalidRequest, "txet: unknown field; expected only text, lang, limit"),
        ({"text": "a" * 101}, TextTooLong, "text: met 101 characters; expected at most 100"),
        ({"text": ""}, InvalidText, "nothing but spaces"),
        ({"text": " \n\t\u00a0"}, InvalidText, "nothing but spaces"),
        ({"text": "\u200b\u202e\ufeff"}, InvalidText, "invisible characters"),
        ({"text": "ab\ud83d"}, InvalidText, "half of a surrogate pair at character 2"),
    ],
)
def test_a_bad_request_is_told_what_was_met_and_expected(fields: Any, kind: type[RequestError], expected: str) -> None:
    with pytest.raises(kind) as caught:
        read_match_request(fields, MAX)
    assert expected in str(caught.value)


@pytest.mark.parametrize("text", ["a" * MAX, "🤡" * MAX, "!!!", "a\x00b", "0"])
def test_odd_texts_are_taken(text: str) -> None:
    assert read_match_request({"text": text}, MAX).text == text


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "Expecting value at line 1 column 1"),
        (b'{"text": "secret', "Unterminated string"),
        (b"\xff\xfe\xff", "it is not UTF-8"),
        (b"[" * 200_000, "it nests too deeply"),
        (b'{"limit": ' + b"9" * 5000 + b"}", "a number in it is too long"),
    ],
)
def test_a_body_that_is_no_json_is_told_where_without_its_content(body: bytes, reason: str) -> None:
    with pytest.raises(NotJson) as caught:
        read_json(body)
    assert reason in str(caught.value)
    assert "secret" not in str(caught.value)


def test_an_answer_has_the_documented_shape_with_null_for_what_is_not_computed(toy_worker: Worker) -> None:
    matcher = toy_worker.matcher
    text = "NATO is at war with Russia in Ukraine!"
    answer = json.loads(json.dumps(answer_json(matcher.match(text, limit=2), matcher, "r1", 11.24)))
    assert list(answer) == [
        "request_id", "decision", "model", "corpus_revision", "thresholds", "took_ms", "matches", "claims",
    ]  # fmt: skip
    assert (answer["request_id"], answer["decision"], answer["took_ms"]) == ("r1", "match", 11.2)
    assert answer["model"] == {"encoder": f"toy@{matcher.encoder.fingerprint}", "calibration": matcher.calibration.id}
    assert answer["corpus_revision"] == 1
    thresholds = matcher.calibration.thresholds
    assert answer["thresholds"] == {"match": thresholds.match, "possible": thresholds.possible}
    best, second = answer["matches"]
    assert list(best) == ["debunk", "similarity", "probability", "stance", "decision", "span", "spans", "why"]
    assert list(best["debunk"]) == [
        "id", "myth", "fact", "passages", "rating", "lang", "url", "title", "publisher", "published", "updated",
        "translations", "claim_review",
    ]  # fmt: skip
    assert best["debunk"]["id"] == "nato.int-115204-1"
    assert best["debunk"]["fact"].startswith("NATO is not at war with Russia")
    assert 0.9 < best["similarity"] <= 1.0
    assert (best["probability"], best["stance"], second["stance"]) == (1.0, "repeats", "unclear")
    assert best["span"] == {"start": 0, "end": 38, "text": text}
    assert best["spans"] == [{"start": 0, "end": 38, "stance": "repeats", "probability": 1.0}]
    assert best["why"] == {
        "nearest": "myth",
        "passage": "NATO is at war with Russia in Ukraine",
        "shared_terms": best["why"]["shared_terms"],
        "margin": pytest.approx(best["similarity"] - second["similarity"], abs=2e-4),
        "stance_probability": 1.0,
        "suppressed_by": None,
        "held": None,
    }
    assert (best["why"]["stance_probability"], second["why"]["stance_probability"]) == (1.0, 0.0)
    assert set(best["why"]["shared_terms"]) == {"nato", "is", "at", "war", "with", "russia", "in", "ukrain"}
    assert answer["claims"] == [{"start": 0, "end": 38, "text": text, "decision": "match", "best": "nato.int-115204-1"}]


def test_claims_and_spans_stand_where_they_stood_in_the_text_as_sent(toy_worker: Worker) -> None:
    matcher = toy_worker.matcher
    war, threat = "N\u200bATO is at war with Russia in Ukraine!", "NATO is aggressive and a threat to Russia."
    sentences = ["I painted the kitchen 🤡 blue.", war, "Bake 500 g of flour for an hour.", threat, war]
    text = " ".join(sentences)
    answer = answer_json(matcher.match(text), matcher, "r1", 0.0)
    assert answer["decision"] == "match"
    first, second = answer["matches"][:2]
    assert [first["debunk"]["id"], second["debunk"]["id"]] == ["nato.int-115204-1", "nato.int-115204-3"]
    assert [first["span"]["text"], second["span"]["text"]] == [war, threat]
    assert [text[span["start"] : span["end"]] for span in first["spans"]] == [war, war]
    assert [span["start"] for span in first["spans"]] == [text.index(war), text.rindex(war)]
    assert [span["probability"] for span in (*first["spans"], *second["spans"])] == [1.0, 1.0, 1.0]
    assert [claim["text"] for claim in answer["claims"]] == sentences
    assert all(text[claim["start"] : claim["end"]] == claim["text"] for claim in answer["claims"])
    assert [claim["decision"] for claim in answer["claims"]] == ["no_match", "match", "no_match", "match", "match"]
    ids = ["nato.int-115204-1", "nato.int-115204-3", "nato.int-115204-1"]
    assert [claim["best"] for claim in answer["claims"]] == [None, ids[0], None, *ids[1:]]


def test_each_decision_follows_from_the_probability_and_the_thresholds(toy_worker: Worker) -> None:
    matcher = toy_worker.matcher
    text = "NATO promised Russia it would not expand after the Cold War ended"
    probability = answer_json(matcher.match(text), matcher, "r1", 0.0)["matches"][0]["probability"]
    assert matcher.calibration.thresholds.match < probability < 1.0
    for threshold, decision in ((1.0, "possible"), (probability - 0.01, "match"), (0.001, "match")):
        answer = answer_json(matcher.match(text, threshold=threshold), matcher, "r1", 0.0)
        assert (answer["decision"], answer["matches"][0]["decision"]) == (decision, decision)
        possible = min(threshold, matcher.calibration.thresholds.possible)
        assert answer["thresholds"] == {"match": threshold, "possible": possible}
        for match in answer["matches"][1:]:
            assert (match["decision"] != "no_match") == (match["probability"] >= possible)


def test_a_text_that_nothing_matches_names_no_best_debunk(toy_worker: Worker) -> None:
    matcher = toy_worker.matcher
    answer = answer_json(matcher.match("Bake 500 g of flour"), matcher, "r1", 0.0)
    assert answer["decision"] == "no_match"
    assert len(answer["matches"]) == 5
    assert answer["claims"][0]["best"] is None


def test_a_debunk_is_shown_with_its_fact_as_one_text_and_its_translations_by_language() -> None:
    debunk = Debunk(
        id="a", myth="m", lang="en", passages=("One.", "Two."), translations=(Translation(lang="uk", myth="м"),)
    )
    shown = debunk_json(debunk)
    assert shown["fact"] == "One.\n\nTwo."
    assert shown["translations"] == {"uk": {"url": None, "title": None, "myth": "м", "passages": []}}
    assert shown["claim_review"]["claimReviewed"] == "m"
    documented = {
        "id", "myth", "fact", "passages", "rating", "lang", "url", "title", "publisher", "published", "updated",
        "translations", "claim_review",
    }  # fmt: skip
    assert documented <= set(shown)
