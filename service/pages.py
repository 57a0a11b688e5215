"""The page for people: paste a claim, read the debunk. It works without JavaScript."""

from typing import NamedTuple

from flask import Blueprint, render_template, request
from werkzeug.exceptions import RequestEntityTooLarge

from service.flood import FloodControl, counted
from service.matching.answers import Answer
from service.settings import Settings
from service.wire import read_match_query
from service.worker import Worker


def blueprint(settings: Settings, worker: Worker, flood: FloodControl) -> Blueprint:
    """Return the routes, answering from the worker and counting what matches."""
    routes = Blueprint("pages", __name__)

    @routes.get("/")
    def home() -> str:
        return render_template("home.html", max_text_chars=settings.max_text_chars)

    @routes.post("/")
    def matched() -> str:
        text = _sent_text()
        asked = read_match_query({"text": text}, settings.max_text_chars)
        matcher = worker.matcher
        answer, documents = matcher.match(asked.text, is_flooded=flood.is_flooded), matcher.snapshot.documents
        flood.count(counted(answer, matcher.calibration.thresholds.match))
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


def problem_page(message: str, max_text_chars: int) -> str:
    """Return the page with what went wrong above the text that was sent, for another try."""
    try:
        text = _sent_text()
    except RequestEntityTooLarge:
        text = ""
    return render_template("home.html", text=text, problem=message, max_text_chars=max_text_chars)


def _sent_text() -> str:
    return request.form.get("text", "").replace("\r\n", "\n")
