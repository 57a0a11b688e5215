"""Batches: many texts, each with an id of its own, answered in order; what is wrong with one fails no other."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.answering import Answered
from service.errors import InvalidRequest, RequestError, ServiceError
from service.wire import MatchRequest, kind, read_json

PART_ROWS = 16  # texts that are matched together: longer parts would have single texts wait for seconds
EXAMPLE = '{"id": 1, "text": "..."}'

Outcome = Answered | ServiceError
AnswerAll = Callable[[Sequence[MatchRequest]], Sequence[Answered]]


@dataclass(frozen=True)
class Row:
    """One text of a batch: its number from 1 on, its id, and the request or what is wrong with it."""

    number: int
    id: Any
    asked: MatchRequest | RequestError


class RowReader:
    """Reads rows: objects with a text, an id, and what is asked of its answer; or texts alone."""

    def __init__(self, read: Callable[[dict[str, Any]], MatchRequest], options: Mapping[str, Any], name: str) -> None:
        """Take what reads a request, what is asked where a row does not say, and what a row is called in errors.

        `read` raises RequestError.
        """
        self._read, self._options, self._name = read, options, name

    def row(self, value: Any, number: int) -> Row:
        """Return the row of a JSON value; without an id its number is its id."""
        fields = {"text": value} if isinstance(value, str) else value
        if not isinstance(fields, dict):
            error = InvalidRequest(f"met {kind(value)}; expected an object such as {EXAMPLE}, or a text alone")
            return Row(number, None, self.located(error, number))
        row_id = number if fields.get("id") is None else fields["id"]
        asked = {**self._options, **{name: said for name, said in fields.items() if name != "id"}}
        try:
            return Row(number, row_id, self._read(asked))
        except RequestError as error:
            return Row(number, row_id, self.located(error, number))

    def parsed(self, line: bytes, number: int) -> Row:
        """Return the row of a line of JSON."""
        try:
            value = read_json(line, EXAMPLE)
        except RequestError as error:
            return Row(number, None, self.located(error, number))
        return self.row(value, number)

    def located(self, error: RequestError, number: int) -> RequestError:
        """Return the error with the row that it is about."""
        return type(error)(f"{self._name} {number}: {error}")


def outcomes(rows: Sequence[Row], answer_all: AnswerAll) -> list[Outcome]:
    """Return the answer to each row, or what is wrong with it, in order; the texts are matched together."""
    asked = [row.asked for row in rows if isinstance(row.asked, MatchRequest)]
    answers = iter(answer_all(asked) if asked else ())
    return [next(answers) if isinstance(row.asked, MatchRequest) else row.asked for row in rows]
