"""A plugin of ROOST Osprey: functions for its rules, which ask a server of Mythmatch about a text.

Osprey finds it by the entry point `osprey_plugin`. All calls about one text in one action are one request. What is
needed where Osprey runs is httpx, tenacity and the client: no weights.
"""

import logging
import os
from abc import ABC
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from osprey.engine.executor.execution_context import ExecutionContext, ExpectedUdfException
from osprey.engine.executor.external_service_utils import ExternalService
from osprey.engine.executor.udf_execution_helpers import HasHelper
from osprey.engine.stdlib.udfs.categories import UdfCategories
from osprey.engine.udf.arguments import ArgumentsBase
from osprey.engine.udf.base import UDFBase
from osprey.worker.adaptor.plugin_manager import hookimpl_osprey

from service.client import Client
from service.client_errors import MythmatchError
from service.errors import InvalidSetting

log = logging.getLogger(__name__)
URL, KEY, SECONDS = "OSPREY_MYTHMATCH_URL", "OSPREY_MYTHMATCH_KEY", "OSPREY_MYTHMATCH_SECONDS"
DEFAULT_URL, DEFAULT_SECONDS = "http://127.0.0.1:8000", 2.0


@dataclass(frozen=True)
class Told:
    """What the server says of a text: its decision, and of the likeliest debunk how probable and in which stance."""

    decision: str
    probability: float = 0.0
    stance: str = "unclear"
    debunk_id: str | None = None


BLANK = Told("no_match")  # a text that says nothing is about no myth; the server would refuse it


class Mythmatch(ExternalService[str, Told | None]):
    """One server; Osprey's context asks it once for each text of an action."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def get_from_service(self, key: str) -> Told | None:
        """Return what the server says of a text, None where it gives no answer; the log says why, without the text."""
        readable = key.encode("utf-8", "replace").decode("utf-8")  # half of a surrogate pair would be refused
        if not readable.strip():
            return BLANK
        try:
            return told(self._client.match(readable, limit=1))
        except MythmatchError as error:
            if error.type == "InvalidText":
                return BLANK
            log.warning("Mythmatch gave no answer: %s (%s)", error.type, error.status or "nothing came back")
            return None


def told(answer: Mapping[str, Any]) -> Told:
    """Return what Osprey's rules use of an answer; a debunk that is no match and not possible has no id here."""
    if not answer["matches"]:
        return Told(answer["decision"])
    best = answer["matches"][0]
    known = best["debunk"]["id"] if best["decision"] != "no_match" else None
    return Told(answer["decision"], best["probability"], best["stance"], known)


@cache
def the_server() -> Mythmatch:
    """Return the server that the environment names; made once, so that all functions share what it answered."""
    seconds = os.environ.get(SECONDS, str(DEFAULT_SECONDS))
    try:
        timeout = float(seconds)
    except ValueError as error:
        raise InvalidSetting(f"{SECONDS}: met {seconds!r}; expected a number of seconds such as 2.0") from error
    if not 0 < timeout < float("inf"):
        raise InvalidSetting(f"{SECONDS}: met {seconds!r}; expected more than 0 seconds, and an end")
    url = os.environ.get(URL, DEFAULT_URL)
    return Mythmatch(Client(url, os.environ.get(KEY) or None, timeout=timeout, retries=0))


class _Asks(HasHelper[Mythmatch], ABC):
    """What the functions have in common: they ask one server."""

    @classmethod
    def create_provider(cls) -> Mythmatch:
        """Return the server."""
        return the_server()

    def told(self, execution_context: ExecutionContext, text: str) -> Told | None:
        """Return what the server says, asked once for a text of an action; None where it gives no answer."""
        server = execution_context.get_udf_helper(self)
        answer: Told | None = execution_context.get_external_service_accessor(server).get(text)
        return answer


class ProbabilityArguments(ArgumentsBase):
    """The arguments of `MythmatchProbability`."""

    text: str
    """What somebody posted."""

    if_unanswered: float | None = None
    """The value where the server gives no answer. None: the call fails, and with it what depends on it (fails open)."""


class TextArguments(ArgumentsBase):
    """The arguments of the functions that return a word."""

    text: str
    """What somebody posted."""

    if_unanswered: str | None = None
    """The value where the server gives no answer. None: the call fails, and with it what depends on it (fails open)."""


class IdArguments(ArgumentsBase):
    """The arguments of `MythmatchDebunkId`."""

    text: str
    """What somebody posted."""


class MythmatchProbability(_Asks, UDFBase[ProbabilityArguments, float]):
    """Returns how probable it is that the text is about a known myth: of posts that are given 0.9, nine in ten are."""

    execute_async = True
    category = UdfCategories.HTTP

    def execute(self, execution_context: ExecutionContext, arguments: ProbabilityArguments) -> float:
        """Return the probability; raises ExpectedUdfException where there is no answer and no value for that."""
        answer = self.told(execution_context, arguments.text)
        if answer is not None:
            return answer.probability
        if arguments.if_unanswered is None:
            raise ExpectedUdfException
        return float(arguments.if_unanswered)


class MythmatchDecision(_Asks, UDFBase[TextArguments, str]):
    """Returns `match`, `possible` or `no_match`; a text that only denies or reports a myth is at most `possible`."""

    execute_async = True
    category = UdfCategories.HTTP

    def execute(self, execution_context: ExecutionContext, arguments: TextArguments) -> str:
        """Return the decision; raises ExpectedUdfException where there is no answer and no value for that."""
        return _word("decision", self.told(execution_context, arguments.text), arguments)


class MythmatchStance(_Asks, UDFBase[TextArguments, str]):
    """Returns how the text puts the likeliest myth: `repeats`, `denies`, `reports` or `unclear`."""

    execute_async = True
    category = UdfCategories.HTTP

    def execute(self, execution_context: ExecutionContext, arguments: TextArguments) -> str:
        """Return the stance; raises ExpectedUdfException where there is no answer and no value for that."""
        return _word("stance", self.told(execution_context, arguments.text), arguments)


class MythmatchDebunkId(_Asks, UDFBase[IdArguments, str | None]):
    """Returns the id of the debunk that answers the text, or null where no known one is even possible."""

    execute_async = True
    category = UdfCategories.HTTP

    def execute(self, execution_context: ExecutionContext, arguments: IdArguments) -> str | None:
        """Return the id; raises ExpectedUdfException where there is no answer."""
        answer = self.told(execution_context, arguments.text)
        if answer is None:
            raise ExpectedUdfException
        return answer.debunk_id


def _word(name: str, answer: Told | None, arguments: TextArguments) -> str:
    if answer is not None:
        return str(getattr(answer, name))
    if arguments.if_unanswered is None:
        raise ExpectedUdfException
    return arguments.if_unanswered


@hookimpl_osprey
def register_udfs() -> Sequence[type[UDFBase[Any, Any]]]:
    """Return the functions that rules may call."""
    return [MythmatchProbability, MythmatchDecision, MythmatchStance, MythmatchDebunkId]
