"""comments:analyze answers as Perspective does: its scores, its places, its languages and its errors."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from service.app import create_app
from service.matching.stance import Judgement
from service.settings import Settings
from service.sockets.perspective import text_of_html, utf16_starts
from service.worker import Worker
from tests.service.sockets.conftest import BRIDGE, MILL, TOWER, WELL

PATH = "/v1alpha1/comments:analyze"
STANCES = ("KNOWN_MYTH_REPEATED", "KNOWN_MYTH_DENIED", "KNOWN_MYTH_REPORTED")
ALL = ("KNOWN_MYTH", *STANCES)
OTHER = "Choirs practise louder before noon."


def analysed(caller: FlaskClient, text: str, *attributes: str, **more: Any) -> Any:
    """Return the JSON of an analysis that is answered."""
    body = {"comment": {"text": text}, "requestedAttributes": {name: {} for name in attributes or ALL}, **more}
    answer = caller.post(PATH, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json


def summaries(told: Any) -> dict[str, float]:
    """Return the summary score of each attribute."""
    scores = told["attributeScores"]
    assert all(scored["summaryScore"]["type"] == "PROBABILITY" for scored in scores.values())
    return {name: scored["summaryScore"]["value"] for name, scored in scores.items()}


def refused(caller: FlaskClient, body: Any) -> tuple[str, str]:
    """Return the message and Perspective's own type of an error of the request."""
    sent = {"data": body} if isinstance(body, bytes) else {"json": body}
    answer = caller.post(PATH, **sent)
    assert answer.json is not None
    error = answer.json["error"]
    assert (answer.status_code, error["code"], error["status"]) == (400, 400, "INVALID_ARGUMENT")
    (detail,) = error["details"]
    assert detail["@type"] == "type.googleapis.com/google.commentanalyzer.v1alpha1.Error"
    return error["message"], detail["errorType"]


def test_a_comment_that_repeats_a_myth_scores_1_and_another_does_not_score(caller: FlaskClient) -> None:
    said = summaries(analysed(caller, TOWER))
    assert said == {"KNOWN_MYTH": 1.0, "KNOWN_MYTH_REPEATED": 1.0, "KNOWN_MYTH_DENIED": 0.0, "KNOWN_MYTH_REPORTED": 0.0}
    assert max(summaries(analysed(caller, OTHER)).values()) < 0.3


def test_the_score_is_the_probability_that_the_match_has(caller: FlaskClient) -> None:
    text = f"According to the pub, {TOWER}."
    match = caller.post("/v1/match", json={"text": text, "stance": "any"}).json
    assert match is not None
    best = match["matches"][0]
    assert (best["decision"], best["stance"]) == ("match", "reports")
    scored = summaries(analysed(caller, text))
    assert scored["KNOWN_MYTH"] == pytest.approx(best["probability"], abs=1e-4)
    of_stance = best["probability"] * best["why"]["stance_probability"]
    assert scored["KNOWN_MYTH_REPORTED"] == pytest.approx(of_stance, abs=1e-3)
    assert sum(scored[name] for name in STANCES) == pytest.approx(scored["KNOWN_MYTH"], abs=1e-6)


def test_a_stance_that_is_unclear_is_shared_out_and_an_exact_wording_is_sure() -> None:
    unclear = Judgement("unclear", 0.5, (0.5, 0.3, 0.2))
    assert [unclear.probability_of(stance) for stance in ("repeats", "denies", "reports")] == [0.5, 0.3, 0.2]
    exact = Judgement("repeats", 1.0)
    assert [exact.probability_of(stance) for stance in ("repeats", "denies", "reports")] == [1.0, 0.0, 0.0]


@pytest.mark.parametrize("text", [WELL, "village well poisoned"])
def test_what_is_at_most_possible_scores_below_the_threshold_of_a_match(
    caller: FlaskClient, socket_worker: Worker, text: str
) -> None:
    thresholds = socket_worker.matcher.calibration.thresholds
    scored = summaries(analysed(caller, text))["KNOWN_MYTH"]
    assert thresholds.possible < scored < thresholds.match
    assert scored == pytest.approx(thresholds.match, abs=1e-9)


def test_a_claim_that_was_found_true_is_no_myth(caller: FlaskClient) -> None:
    assert max(summaries(analysed(caller, MILL)).values()) < 0.3


def test_scores_below_the_threshold_are_left_out(caller: FlaskClient) -> None:
    body = {
        "comment": {"text": f"{TOWER}! {OTHER}"},
        "requestedAttributes": {
            "KNOWN_MYTH": {"scoreThreshold": 0.99, "scoreType": "PROBABILITY"},
            "KNOWN_MYTH_DENIED": {"scoreThreshold": 0.9},
        },
        "spanAnnotations": True,
    }
    answer = caller.post(PATH, json=body).json
    assert answer is not None
    assert set(answer["attributeScores"]) == {"KNOWN_MYTH"}
    (span,) = answer["attributeScores"]["KNOWN_MYTH"]["spanScores"]
    assert (span["begin"], span["end"]) == (0, len(TOWER) + 1)
    nothing = caller.post(PATH, json={**body, "comment": {"text": OTHER}}).json
    assert nothing == {"attributeScores": {}, "languages": ["en"], "detectedLanguages": ["en"]}


def test_places_count_utf_16_code_units_as_perspective_does(caller: FlaskClient) -> None:
    text = f"🐄🐄 {OTHER} 🐄 {TOWER}! Йой! {BRIDGE}."
    told = analysed(caller, text, "KNOWN_MYTH", spanAnnotations=True)
    units = text.encode("utf-16-le")
    spans = told["attributeScores"]["KNOWN_MYTH"]["spanScores"]
    sure = [span for span in spans if span["score"] == {"value": 1.0, "type": "PROBABILITY"}]
    shown = [units[2 * span["begin"] : 2 * span["end"]].decode("utf-16-le") for span in sure]
    assert shown == [f"{TOWER}!", f"{BRIDGE}."]
    assert [span["begin"] for span in spans] == sorted(span["begin"] for span in spans)
    assert sure[0]["begin"] == text.index(TOWER) + 3


def test_every_place_of_a_text_is_counted_in_utf_16() -> None:
    text = "a🐄й🐄🐄z"
    unit_of = utf16_starts(text)
    counted = [unit_of(place) for place in range(len(text) + 1)]
    assert counted == [len(text[:place].encode("utf-16-le")) // 2 for place in range(len(text) + 1)]


def test_places_are_given_only_where_they_are_asked_for(caller: FlaskClient) -> None:
    for more in ({}, {"spanAnnotations": False}, {"comment": {"text": TOWER, "type": "HTML"}, "spanAnnotations": True}):
        assert set(analysed(caller, TOWER, "KNOWN_MYTH", **more)["attributeScores"]["KNOWN_MYTH"]) == {"summaryScore"}


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("Sold &amp; <b>sol</b>d", "Sold & sold"),
        ("<p>One</p><p>two<br>three</p>", "\nOne\n\ntwo\n\nthree\n"),
        ("a<script>b</script><style>c</style><!-- d -->e", "ae"),
        ("https://example.org/a?b=1&amp;c", "https://example.org/a?b=1&c"),
        ("1 < 2", "1 < 2"),
    ],
)
def test_the_text_of_html_is_what_it_shows(html: str, text: str) -> None:
    assert text_of_html(html) == text


def test_a_comment_in_html_is_matched_by_its_text(caller: FlaskClient) -> None:
    html = TOWER.replace("radio tower", "<i>radio</i>&nbsp;<a href='https://x.example'>tower</a>")
    body = {"comment": {"text": f"<p>{html}</p><p>{OTHER}</p>", "type": "HTML"}}
    assert summaries(analysed(caller, "", "KNOWN_MYTH", **body)) == {"KNOWN_MYTH": 1.0}
    nested = {"comment": {"text": "<div>" * 4000, "type": "HTML"}, "requestedAttributes": {"KNOWN_MYTH": {}}}
    assert refused(caller, nested)[1] == "COMMENT_EMPTY"


def test_languages_are_those_of_the_request_else_the_one_that_was_found(caller: FlaskClient) -> None:
    found = analysed(caller, "Водонапорная башня стоит на холме у реки.")
    assert (found["languages"], found["detectedLanguages"]) == (["ru"], ["ru"])
    said = analysed(caller, OTHER, languages=["fr", "en"])
    assert (said["languages"], said["detectedLanguages"]) == (["fr", "en"], ["en"])
    assert not {"languages", "detectedLanguages"} & set(analysed(caller, "12345 67890"))


def test_what_changes_nothing_is_taken_and_the_clients_token_is_sent_back(caller: FlaskClient) -> None:
    more = {
        "clientToken": "comment-53922",
        "doNotStore": True,
        "sessionId": "s",
        "communityId": "/forum/movies",
        "context": {"entries": [{"text": TOWER, "type": "PLAIN_TEXT"}]},
    }
    told = analysed(caller, OTHER, "KNOWN_MYTH", **more)
    assert told["clientToken"] == "comment-53922"
    assert summaries(told) == summaries(analysed(caller, OTHER, "KNOWN_MYTH"))
    unsaid = {"sessionId": None, "languages": None, "comment": {"text": OTHER, "type": None}}
    assert summaries(analysed(caller, OTHER, "KNOWN_MYTH", **unsaid)) == summaries(told)
    answer = {"context": {"articleAndParentComment": {"article": {"text": TOWER}}}}
    assert summaries(analysed(caller, OTHER, "KNOWN_MYTH", **answer)) == summaries(told)


def test_only_the_fields_that_are_asked_for_are_given(caller: FlaskClient) -> None:
    body = {"comment": {"text": TOWER}, "requestedAttributes": {"KNOWN_MYTH": {}}}
    fields = "attributeScores/KNOWN_MYTH/summaryScore/value"
    answer = caller.post(PATH, query_string={"fields": fields, "prettyPrint": "false"}, json=body)
    assert answer.text == '{"attributeScores":{"KNOWN_MYTH":{"summaryScore":{"value":1.0}}}}\n'


COMMENT = {"comment": {"text": "a"}}


@pytest.mark.parametrize(
    ("body", "told", "error_type"),
    [
        (b"nope", "the body is no JSON", "INVALID_REQUEST"),
        ([], "met an array", "INVALID_REQUEST"),
        ({}, "Missing requested_attributes", "INVALID_REQUEST"),
        (COMMENT, "Missing requested_attributes", "INVALID_REQUEST"),
        (
            {**COMMENT, "requestedAttributes": {"TOXICITY": {}}},
            "Unknown requested attribute: TOXICITY",
            "INVALID_REQUEST",
        ),
        (
            {**COMMENT, "requestedAttributes": {"KNOWN_MYTH": {"scoreType": "RAW"}}},
            "Requested score type RAW is not supported by attribute KNOWN_MYTH",
            "INVALID_REQUEST",
        ),
        ({"requestedAttributes": {"KNOWN_MYTH": {}}}, "nothing but spaces", "COMMENT_EMPTY"),
        ({"comment": {"text": " "}, "requestedAttributes": {"KNOWN_MYTH": {}}}, "nothing but spaces", "COMMENT_EMPTY"),
        (
            {"comment": {"text": "<p> </p>", "type": "HTML"}, "requestedAttributes": {"KNOWN_MYTH": {}}},
            "nothing but spaces",
            "COMMENT_EMPTY",
        ),
        (
            {"comment": {"text": "a" * 20_001}, "requestedAttributes": {"KNOWN_MYTH": {}}},
            "expected at most 20000",
            "COMMENT_TOO_LONG",
        ),
        ({"comment": {"text": 5}}, "comment.text: met 5", "INVALID_REQUEST"),
        ({"comment": {"text": "a", "type": "RTF"}}, "comment.type: met", "INVALID_REQUEST"),
        ({"comment": {"text": "a", "title": "b"}}, "comment.title: unknown field", "INVALID_REQUEST"),
        ({**COMMENT, "languages": ["no tag"]}, "languages.0: met", "INVALID_REQUEST"),
        (
            b'{"comment": {"text": "\\ud800"}, "requestedAttributes": {"KNOWN_MYTH": {}}}',
            "half of a surrogate pair",
            "INVALID_REQUEST",
        ),
    ],
)
def test_what_is_wrong_is_told_as_perspective_tells_it(
    caller: FlaskClient, body: Any, told: str, error_type: str
) -> None:
    message, met = refused(caller, body)
    assert told in message
    assert met == error_type


def test_an_unknown_attribute_is_told_those_there_are(caller: FlaskClient) -> None:
    message, _ = refused(caller, {**COMMENT, "requestedAttributes": {"KNOWN_MYTH": {}, "TOXICITY": {}}})
    assert all(name in message for name in ALL)
    assert "not its tone" in message


def test_suggested_scores_are_refused_with_the_way_to_give_feedback(caller: FlaskClient) -> None:
    answer = caller.post("/v1alpha1/comments:suggestscore", json=COMMENT)
    assert answer.json is not None
    assert (answer.status_code, answer.json["error"]["status"]) == (501, "UNIMPLEMENTED")
    assert "POST /v1/feedback" in answer.json["error"]["message"]


def test_a_service_that_is_not_ready_says_so_in_googles_shape(socket_settings: Settings) -> None:
    caller = create_app(socket_settings, Worker(socket_settings)).test_client()
    answer = caller.post(PATH, json={**COMMENT, "requestedAttributes": {"KNOWN_MYTH": {}}})
    assert answer.json is not None
    assert (answer.status_code, set(answer.json["error"])) == (503, {"code", "message", "status"})
    assert answer.json["error"]["status"] == "UNAVAILABLE"
