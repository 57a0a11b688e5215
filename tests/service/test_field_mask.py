"""Field masks: what is kept, what is merged, and what is refused, and where."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import InvalidRequest
from service.field_mask import MAX_CHARS, MAX_DEPTH, Mask, Shape, read_mask

MATCHES = [
    {"debunk": {"id": "a", "url": None, "passages": ["p", "q"]}, "probability": 0.9, "why": {"margin": 0.1}},
    {"debunk": {"id": "b", "url": "u", "passages": []}, "probability": 0.2, "why": {"margin": None}},
]
ANSWER = {
    "decision": "match",
    "took_ms": 1.5,
    "model": {"encoder": "toy", "calibration": "abc"},
    "matches": MATCHES,
}


def named(debunk_id: str, **more: object) -> dict[str, object]:
    return {"debunk": {"id": debunk_id}, **more}


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("decision", {"decision": "match"}),
        ("took_ms,decision", {"decision": "match", "took_ms": 1.5}),
        ("model", {"model": {"encoder": "toy", "calibration": "abc"}}),
        ("model/encoder", {"model": {"encoder": "toy"}}),
        ("model.encoder", {"model": {"encoder": "toy"}}),
        ("model(encoder)", {"model": {"encoder": "toy"}}),
        (" model ( encoder , calibration ) ", {"model": {"encoder": "toy", "calibration": "abc"}}),
        ("model/*", {"model": {"encoder": "toy", "calibration": "abc"}}),
        ("model/encoder,model/calibration", {"model": {"encoder": "toy", "calibration": "abc"}}),
        ("model/encoder,model", {"model": {"encoder": "toy", "calibration": "abc"}}),
        ("model,model/encoder", {"model": {"encoder": "toy", "calibration": "abc"}}),
        ("matches/probability", {"matches": [{"probability": 0.9}, {"probability": 0.2}]}),
        (
            "matches(debunk(id,url))",
            {"matches": [{"debunk": {"id": "a", "url": None}}, {"debunk": {"id": "b", "url": "u"}}]},
        ),
        ("matches.debunk/passages", {"matches": [{"debunk": {"passages": ["p", "q"]}}, {"debunk": {"passages": []}}]}),
        (
            "matches/debunk(id),matches/why.margin",
            {"matches": [named("a", why={"margin": 0.1}), named("b", why={"margin": None})]},
        ),
        ("matches/*/id", {"matches": [named("a", why={}), named("b", why={})]}),
        ("matches(*/id,why)", {"matches": [named("a", why={"margin": 0.1}), named("b", why={"margin": None})]}),
        ("matches/*/*", {"matches": [{name: each[name] for name in ("debunk", "why")} for each in MATCHES]}),
        ("*", ANSWER),
        ("absent", {}),
        ("decision/deeper", {}),
        ("matches/debunk/url/deeper", {"matches": [{"debunk": {"url": None}}, {"debunk": {}}]}),
        ("matches/debunk/passages/deeper", {"matches": [{"debunk": {"passages": []}}, {"debunk": {"passages": []}}]}),
    ],
)
def test_only_the_named_fields_are_kept(written: str, kept: object) -> None:
    assert read_mask(written).of(ANSWER) == kept


def test_the_answer_keeps_its_own_order_and_is_not_changed() -> None:
    before = repr(ANSWER)
    assert list(read_mask("matches/why,model,decision").of(ANSWER)) == ["decision", "model", "matches"]
    assert repr(ANSWER) == before


def test_a_list_is_gone_through_at_the_top_and_within_a_list() -> None:
    assert read_mask("a").of([[{"a": 1, "b": 2}], {"a": 3}, 4]) == [[{"a": 1}], {"a": 3}]


def test_names_may_have_the_signs_that_json_ld_has() -> None:
    review = {"@type": "ClaimReview", "@context": "https://schema.org", "author": {"@type": "Organization"}}
    assert read_mask("@type,author/@type").of(review) == {"@type": "ClaimReview", "author": {"@type": "Organization"}}


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("", "met the end; expected a field's name"),
        ("   ", "met the end; expected a field's name"),
        ("a,", "met the end; expected a field's name"),
        (",a", "met ',' at character 0; expected a field's name"),
        ("a//b", "met '/' at character 2; expected a field's name"),
        ("a(b", "met the end; expected a comma or a closing bracket"),
        ("a()", "met ')' at character 2; expected a field's name"),
        ("a)", "met ')' at character 1; expected a comma or the end"),
        ("a b", "met 'b' at character 2; expected a comma or the end"),
        ("a(b)/c", "met '/' at character 4; expected a comma or the end"),
        ("/".join("a" * (MAX_DEPTH + 1)), f"expected at most {MAX_DEPTH} fields below one another"),
        ("a" * (MAX_CHARS + 1), f"met {MAX_CHARS + 1} characters; expected at most {MAX_CHARS}"),
    ],
)
def test_what_is_no_mask_is_refused_where_it_goes_wrong(written: str, told: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_mask(written)
    assert told in str(caught.value)
    assert "matches(debunk(id,url),probability),decision" in str(caught.value)


SHAPE: Shape = {"decision": {}, "free": None, "model": {"encoder": {}, "calibration": {}}}


@pytest.mark.parametrize(
    "written", ["decision", "free/anything/at.all", "model(encoder)", "*", "model/*", "free", "*/encoder"]
)
def test_names_that_there_are_pass(written: str) -> None:
    read_mask(written).check(SHAPE)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("decison", "met decison, which there is not; expected one of decision, free, model"),
        ("model/enc", "met model/enc, which there is not; expected one of encoder, calibration"),
        ("decision/a", "met decision/a, which there is not; expected no field: decision has none"),
        ("model/*/a", "met model/*/a, which there is not; expected no field: model/* has none"),
    ],
)
def test_a_name_that_there_is_not_is_told_with_those_there_are(written: str, told: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_mask(written).check(SHAPE)
    assert told in str(caught.value)


NAMES = st.text("ab*", min_size=1, max_size=1)
JSON = st.recursive(
    st.integers(), lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text("ab", max_size=1), below)
)
MASKS = st.recursive(
    st.just(Mask()), lambda below: st.builds(Mask, st.dictionaries(NAMES, below, min_size=1, max_size=3)), max_leaves=8
)


def spelt(mask: Mask) -> str:
    return ",".join(name + (f"({spelt(below)})" if below.fields else "") for name, below in mask.fields.items())


@given(MASKS.filter(lambda mask: bool(mask.fields)), JSON)
def test_a_mask_is_read_as_it_is_written_and_applied_twice_is_applied_once(mask: Mask, value: object) -> None:
    assert read_mask(spelt(mask)) == mask
    assert mask.of(mask.of(value)) == mask.of(value)


@given(st.text("ab,/.()* ", max_size=40))
def test_any_text_is_read_or_refused(written: str) -> None:
    with suppress(InvalidRequest):
        assert isinstance(read_mask(written).of(ANSWER), dict)


def test_the_longest_mask_is_read_at_once() -> None:
    written = ",".join(f"a{number % 7}" for number in range(MAX_CHARS // 3))
    assert read_mask(written).of({"a1": 1, "b": 2}) == {"a1": 1}
    assert read_mask("a(" * 19 + "a" + ")" * 19).of({"a": {"b": 1}}) == {"a": {}}
