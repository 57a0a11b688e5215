"""The measurement of suppressions: which texts are paired, and what a line of its table counts."""

from random import Random

from corpus.judged import JudgedPost
from scripts.measure_suppressions import edits_of, pairs_of, row
from service.matching.light_edits import LIGHT_EDITS, OTHER_CLAIMS

SOLD = "The mayor sold 2 stone bridges to foreign bankers last week"


def post(number: int, text: str, debunk_id: str | None) -> JudgedPost:
    relation = {"relation": "repeats"} if debunk_id else {"relation": "none"}
    return JudgedPost.model_validate(
        {"id": str(number), "text": text, "lang": "en", "debunk_id": debunk_id, "kind": "direct", **relation}
    )


POSTS = [post(1, SOLD, "a"), post(2, "Bankers own it", "a"), post(3, "It is gone", "a"), post(4, "Cheese", None)]


def test_each_two_posts_about_one_debunk_are_a_pair() -> None:
    assert [(one[:3], other[:3]) for one, other, _ in pairs_of(POSTS)] == [
        ("The", "Ban"),
        ("The", "It "),
        ("Ban", "It "),
    ]


def test_every_light_edit_of_a_post_passes_for_it_and_no_other_claim_does() -> None:
    for name, edit in LIGHT_EDITS.items():
        assert row(name, list(edits_of(POSTS[:1] * 20, edit, Random(1))), None, 0).split(" | ")[4:6] in (
            ["20", "20"],
            ["0", "0"],
        ) or name in ("words made hashtags", "leetspeak", "look-alike letters", "zero-width marks")
    for name in ("a not added", "another number"):
        pairs = list(edits_of(POSTS[:1] * 20, OTHER_CLAIMS[name], Random(1)))
        assert row(name, pairs, None, 0).split(" | ")[4:6] == ["20", "0"]
