"""The page for people: paste a claim, read the debunk. It works without JavaScript."""

from flask import Blueprint, render_template, request
from werkzeug.exceptions import RequestEntityTooLarge

from service.settings import Settings
from service.wire import read_match_query
from service.worker import Worker


def blueprint(settings: Settings, worker: Worker) -> Blueprint:
    """Return the routes, answering from the worker."""
    routes = Blueprint("pages", __name__)

    @routes.get("/")
    def home() -> str:
        return render_template("home.html", max_text_chars=settings.max_text_chars)

    @routes.post("/")
    def matched() -> str:
        text = _sent_text()
        asked = read_match_query({"text": text}, settings.max_text_chars)
        matcher = worker.matcher
        answer, documents = matcher.match(asked.text), matcher.snapshot.documents
        return render_template(
            "home.html", text=text, answer=answer, documents=documents, max_text_chars=settings.max_text_chars
        )

    return routes


def problem_page(message: str, max_text_chars: int) -> str:
    """Return the page with what went wrong above the text that was sent, for another try."""
    try:
        text = _sent_text()
    except RequestEntityTooLarge:
        text = ""
    return render_template("home.html", text=text, problem=message, max_text_chars=max_text_chars)


def _sent_text() -> str:
    return request.form.get("text", "").replace("\r\n", "\n")
