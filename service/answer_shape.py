"""The fields that a v1 answer may have, by which a mask of them is checked."""

from service.field_mask import Shape
from service.wire import ANSWER_FIELDS

SPAN = ("start", "end", "text")
WHY = ("nearest", "passage", "shared_terms", "margin", "stance_probability", "suppressed_by", "held")


def _plain(*names: str) -> dict[str, Shape | None]:
    return {name: {} for name in names}


# by name what there is below each field; None: whatever there is
ANSWER_SHAPE: Shape = {
    "request_id": {},
    "decision": {},
    "model": _plain("encoder", "calibration"),
    "corpus_revision": {},
    "thresholds": _plain("match", "possible"),
    "took_ms": {},
    "matches": {
        "debunk": {**_plain(*ANSWER_FIELDS), "translations": None, "claim_review": None},
        "similarity": {},
        "probability": {},
        "stance": {},
        "decision": {},
        "span": _plain(*SPAN),
        "spans": _plain("start", "end", "stance", "probability"),
        "why": {**_plain(*WHY), "explanation": None},
    },
    "claims": _plain(*SPAN, "decision", "best"),
}
