"""GET /debunks/<id>: a debunk as a page for people, with its ClaimReview for machines. It works without JavaScript."""

from typing import NamedTuple

import langcodes
from flask import Blueprint, Response, make_response, render_template

from corpus.claim_review import to_claim_review
from corpus.model import Debunk
from service.api_debunks import corpus
from service.errors import RemovedDebunk, UnknownDebunk
from service.matching.standing import begins, utc_now
from service.stores import Stores
from service.worker import Worker


def blueprint(worker: Worker, stores: Stores) -> Blueprint:
    """Return the route, answering from the store; raises UnknownDebunk, RemovedDebunk, NotReady or StoreError."""
    routes = Blueprint("debunk_pages", __name__)

    @routes.get("/debunks/<debunk_id>")
    def show(debunk_id: str) -> str:
        stored = corpus(stores, worker).version(debunk_id)
        if stored is None:
            raise UnknownDebunk(f"there is no debunk {debunk_id!r}; check the address")
        if stored.debunk is None:
            raise RemovedDebunk(f"the debunk {debunk_id!r} was removed on {stored.written_at:%Y-%m-%d}")
        return render_template("debunk_page.html", **shown(stored.debunk))

    return routes


class Spoken(NamedTuple):
    """A language: its tag and its name in English."""

    tag: str
    name: str


def shown(debunk: Debunk) -> dict[str, object]:
    """Return what the page is made of."""
    return {
        "debunk": debunk,
        "claim_review": to_claim_review(debunk),
        "standing": standing(debunk),
        "languages": [spoken(tag) for tag in debunk.languages],
        "translations": [(spoken(said.lang), said) for said in debunk.translations],
    }


def standing(debunk: Debunk) -> str | None:
    """Return why the debunk matches nothing now, for people; None where it may match."""
    now = utc_now()
    if debunk.expires and begins(debunk.expires) <= now:
        return f"This debunk expired on {debunk.expires[:10]}. No text is matched to it any more."
    if debunk.disable_until and now < begins(debunk.disable_until):
        return f"No text is matched to this debunk before {debunk.disable_until[:10]}."
    return None


def spoken(tag: str) -> Spoken:
    """Return the language of a BCP 47 tag."""
    return Spoken(tag, langcodes.Language.get(tag).display_name())


def problem_page(kind: str, message: str, status: int) -> Response:
    """Return the page that says why there is no debunk to show."""
    heading = {404: "There is no such debunk", 410: "This debunk was removed"}.get(status, "That could not be shown")
    return make_response(render_template("debunk_page.html", heading=heading, problem=message), status)
