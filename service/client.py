"""Client: a server of Mythmatch from Python, typed; it loads none of what a server needs."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from types import TracebackType
from typing import Any, Literal, Self, Unpack, cast
from urllib.parse import quote

from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from service.client_errors import Busy, ServerFailed, Unreachable
from service.client_sending import Sender, json_lines_of, json_of
from service.client_shapes import BatchOptions, Json, MatchAnswer, MatchOptions, Readiness, RowError, Stored, TextRow

TIMEOUT_SECONDS = 30.0
RETRIES = 3
ROWS_A_REQUEST = 16  # as many as the server answers together: what fails does so before the first answer
PAGE = 100  # debunks that are listed at a time
LOOK_SECONDS = 0.2  # between two looks at whether a server is ready
NDJSON, MERGE_PATCH = "application/x-ndjson", "application/merge-patch+json"
IfMatch = int | Literal["*"] | None  # the revision that the debunk must have, `*` for any, None for not even that


class Client:
    """A server of Mythmatch, for as long as a `with` lasts or until `close`; several threads may share one."""

    def __init__(
        self, url: str, key: str | None = None, *, timeout: float = TIMEOUT_SECONDS, retries: int = RETRIES
    ) -> None:
        """Take the server's address, a key where it asks for one, and the seconds that an answer may take.

        What is safe to repeat is sent up to `retries` times again, with longer and longer waits.
        """
        self._sender = Sender(url, key, timeout, retries)
        self._timeout = timeout
        self.debunks = Debunks(self._sender)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._sender.close()

    def match(self, text: str, **options: Unpack[MatchOptions]) -> MatchAnswer:
        """Return the answer to a text; with `fields` it holds those parts alone. Raises MythmatchError."""
        asked: Json = {"text": text, **options}
        params = {"fields": asked.pop("fields")} if "fields" in asked else {}
        writes = bool(options.get("store"))
        answer = json_of(self._sender.send("POST", "/v1/match", json=asked, params=params, writes=writes))
        return cast(MatchAnswer, answer)

    def match_all(
        self, texts: Iterable[str | TextRow], **options: Unpack[BatchOptions]
    ) -> Iterator[MatchAnswer | RowError]:
        """Yield the answer to each text, or its error, in order, each with its row's id; a bare text's is its number.

        Texts are taken as answers are, some at a time, so neither need fit into memory. Raises MythmatchError.
        """
        rows = (_row(number, each) for number, each in enumerate(texts))
        while asked := list(islice(rows, ROWS_A_REQUEST)):
            body = "".join(json.dumps(row) + "\n" for row in asked).encode()
            sent: Json = {"content": body, "params": dict(options), "headers": {"Content-Type": NDJSON}}
            answers = json_lines_of(self._sender.send("POST", "/v1/match/batch", **sent))
            _check_ids(answers, asked)
            yield from answers

    def feedback(self, verdict: Literal["confirm", "reject", "other"], debunk_id: str, **said: str) -> Json:
        """Return what is kept of a moderator's word on an answer; raises MythmatchError.

        `said` holds `text` or `request_id`, and perhaps `other_id`, `lang` and `relation`.
        """
        given = {"verdict": verdict, "debunk_id": debunk_id, **said}
        return cast(Json, json_of(self._sender.send("POST", "/v1/feedback", json=given, writes=True)))

    def ready(self, wait_seconds: float = 0.0) -> Readiness:
        """Return what the server answers from, once it is ready; raises Busy or Unreachable if it is not by then."""
        retrying = Retrying(
            retry=retry_if_exception_type((Busy, Unreachable)),
            stop=stop_after_delay(wait_seconds),
            wait=wait_fixed(LOOK_SECONDS),
            reraise=True,
        )
        timeout = min(self._timeout, max(1.0, wait_seconds))
        return cast(Readiness, json_of(retrying(self._sender.send_once, "GET", "/readyz", timeout=timeout)))


class Debunks:
    """The corpus of a server: read, written and removed; each raises MythmatchError."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def get(self, debunk_id: str) -> Stored:
        """Return a debunk and its revision; raises NotFound."""
        answer = self._sender.send("GET", _path(debunk_id))
        return Stored(json_of(answer), int(answer.headers["ETag"].strip('"')))

    def list(self, **filters: str | int) -> Iterator[Json]:
        """Yield every debunk, by id, page by page; `tag`, `lang`, `rating`, `updated_since` and `revision` choose.

        Pages are of one revision, that of the first: what is written meanwhile does not show.
        """
        asked: dict[str, str | int] = {"limit": PAGE, **filters}
        while True:
            page = json_of(self._sender.send("GET", "/v1/debunks", params=asked))
            yield from page["debunks"]
            if page["next"] is None:
                return
            asked |= {"after": page["next"], "revision": page["corpus_revision"]}

    def put(self, debunk: Mapping[str, Any], if_match: IfMatch = None) -> Stored:
        """Write a debunk in place of the one with its `id`, or as a new one; raises Refused or Conflict."""
        return self._write("PUT", str(debunk["id"]), dict(debunk), "application/json", if_match)

    def patch(self, debunk_id: str, changes: Mapping[str, Any], if_match: IfMatch = None) -> Stored:
        """Change some fields, None takes one away (RFC 7396); raises NotFound, Refused or Conflict."""
        return self._write("PATCH", debunk_id, dict(changes), MERGE_PATCH, if_match)

    def delete(self, debunk_id: str, if_match: IfMatch = None) -> None:
        """Take a debunk away; its history stays. Raises NotFound or Conflict."""
        self._sender.send("DELETE", _path(debunk_id), headers=_condition(if_match), writes=True)

    def history(self, debunk_id: str) -> Sequence[Json]:
        """Return every state that a debunk had, newest first; raises NotFound."""
        return cast(Sequence[Json], json_of(self._sender.send("GET", f"{_path(debunk_id)}/history"))["versions"])

    def _write(
        self, method: Literal["PUT", "PATCH"], debunk_id: str, fields: Json, kind: str, if_match: IfMatch
    ) -> Stored:
        headers = {"Content-Type": kind, **_condition(if_match)}
        told = json_of(self._sender.send(method, _path(debunk_id), json=fields, headers=headers, writes=True))
        return Stored(told["debunk"], told["revision"])


def _path(debunk_id: str) -> str:
    return f"/v1/debunks/{quote(debunk_id, safe='')}"


def _condition(if_match: IfMatch) -> dict[str, str]:
    if if_match is None:
        return {}
    return {"If-Match": "*" if if_match == "*" else f'"{if_match}"'}


def _row(number: int, text: str | TextRow) -> TextRow:
    return {"id": number, "text": text} if isinstance(text, str) else text


def _check_ids(answers: Sequence[Json], asked: Sequence[TextRow]) -> None:
    """Raise ServerFailed unless there is an answer to each text, in order; in the server's words where it gave up."""
    if [answer.get("id") for answer in answers] == [row["id"] for row in asked]:
        return
    told = answers[-1].get("error") if answers else None
    if told and answers[-1].get("id") is None:
        raise ServerFailed(str(told.get("type")), str(told.get("message")))
    message = f"met {len(answers)} answers to {len(asked)} texts, or others' ids; expected one for each"
    raise ServerFailed("OtherAnswers", message)
