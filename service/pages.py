"""The page for people: paste a claim, read the debunk. It works without JavaScript."""

from typing import NamedTuple

from flask import Blueprint, Response, current_app, make_response, render_template, request
from werkzeug.exceptions import RequestEntityTooLarge

from service.answering import Answering
from service.matching.answers import Answer
from service.settings import Settings
from service.wire import read_match_query


def blueprint(settings: Settings, answering: Answering) -> Blueprint:
    """Return the routes."""
    routes = Blueprint("pages", __name__)

    @routes.get("/")
    def home() -> str:
        return render_template("home.html", max_text_chars=settings.max_text_chars)

    @routes.post("/")
    def matched() -> str:
        text = _sent_text()
        answered = answering.answer(read_match_query({"text": text}, settings.max_text_chars))
        answer, documents = answered.answer, answered.matcher.snapshot.documents
        shown = {"text": text, "answer": answer, "documents": documents, "parts": parts(text, answer)}
        return render_template("home.html", **shown, max_text_chars=settings.max_text_chars)

    return routes


class Part(NamedTuple):
    """A stretch of the text, and whether it makes a claim that was found."""

    text: str
    marked: bool


def parts(text: str, answer: Answer) -> list[Part]:
    """Return the whole text in parts, those marked in which a claim is a match or possible."""
    found, at = list[Part](), 0
    for verdict in answer.claims:
        start, end = max(at, verdict.claim.start), verdict.claim.end
        if verdict.decision != "no_match" and start < end:
            found += [Part(text[at:start], False), Part(text[start:end], True)]
            at = end
    return [part for part in (*found, Part(text[at:], False)) if part.text]


def problem_page(kind: str, message: str, status: int) -> Response:
    """Return the page with what went wrong above the text that was sent, for another try."""
    try:
        text = _sent_text()
    except RequestEntityTooLarge:
        text = ""
    longest = current_app.config["MAX_TEXT_CHARS"]
    return make_response(render_template("home.html", text=text, problem=message, max_text_chars=longest), status)


def _sent_text() -> str:
    return request.form.get("text", "").replace("\r\n", "\n")
