"""Debunk: a myth with the fact that answers it and where that comes from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ModelWrapValidatorHandler, ValidationError, model_validator

from corpus.checks import DebunkId, LangTag, PartialDate, Text, Url, expectation
from corpus.errors import InvalidDebunk

Rating = Literal["false", "misleading", "unproven", "true", "other"]
Hold = Literal["never", "flood", "always"]  # when a debunk's matches are at most `possible`


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Wording(_Record):
    """A way to put a myth, and its language."""

    text: Text
    lang: LangTag


class Translation(_Record):
    """What a debunk says in another language."""

    lang: LangTag
    url: Url | None = None
    title: Text | None = None
    myth: Text | None = None
    passages: tuple[Text, ...] = ()


class Debunk(_Record):
    """A myth, its fact in passages, and its source; making one raises InvalidDebunk unless every field is right."""

    id: DebunkId = Field(description="who it is: the same in every import, whatever its wording")
    myth: Text
    lang: LangTag = Field(description="of the myth and the fact")
    variants: tuple[Wording, ...] = Field((), description="other wordings of the myth")
    passages: tuple[Text, ...] = Field((), description="the paragraphs of the fact, in order")
    rating: Rating | None = None
    rating_text: Text | None = Field(None, description="the source's own words for the rating")
    title: Text | None = None
    url: Url | None = None
    publisher: Text | None = None
    claimant: Text | None = Field(None, description="who made the claim")
    claimed: PartialDate | None = Field(None, description="when the claim was made")
    appearances: tuple[Url, ...] = Field((), description="where the claim appeared")
    published: PartialDate | None = None
    updated: PartialDate | None = None
    languages: tuple[LangTag, ...] = Field((), description="other languages that the source is available in")
    tags: tuple[Text, ...] = ()
    translations: tuple[Translation, ...] = ()
    context: tuple[Text, ...] = Field((), description="the paragraphs that introduce the source, in order")
    document_sha256: str | None = Field(None, pattern=r"^[0-9a-f]{64}$", description="of the source as it was read")
    sources: tuple[Text, ...] = Field((), description="the feeds and files that delivered it, in order of arrival")
    suppressions: tuple[Wording, ...] = Field((), description="texts that are not about this myth, whatever they share")
    hold: Hold = Field("never", description="when its matches are at most `possible`: in a flood of them, or always")
    disable_until: PartialDate | None = Field(None, description="it matches nothing before then")
    expires: PartialDate | None = Field(None, description="it matches nothing from then on")

    @property
    def fact(self) -> str:
        """Return the whole fact, its paragraphs parted by blank lines; empty when there is none."""
        return "\n\n".join(self.passages)

    @model_validator(mode="after")
    def _answers_its_myth(self) -> Self:
        if not (self.passages or self.rating or self.url):
            raise ValueError("expected at least one of passages (the fact), rating or url beside the myth")
        return self

    @model_validator(mode="wrap")
    @classmethod
    def _name_record_and_field(cls, fields: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(fields)
        except ValidationError as error:
            raise InvalidDebunk(_complaint(fields, error)) from error


def _complaint(fields: Any, error: ValidationError) -> str:
    """Return which record and field met what, and what was expected: an unknown field, else the first that is wrong."""
    errors = error.errors(include_url=False)
    first = next((met for met in errors if met["type"] == "extra_forbidden"), errors[0])
    name = _short(fields.get("id") if isinstance(fields, Mapping) else None)
    field = ".".join(map(str, first["loc"]))
    expected = expectation(first)
    if first["type"] == "extra_forbidden":
        expected = f"expected only {', '.join(Debunk.model_fields)}"
    if first["type"] == "missing" or not field:
        return f"debunk {name}{f', field {field!r}' if field else ''}: {expected}"
    return f"debunk {name}, field {field!r}: met {_short(first['input'])}; {expected}"


def _short(value: object, limit: int = 60) -> str:
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 3] + "..."


@dataclass(frozen=True)
class Rejected:
    """A record that could not be read: where it stood and why it is no debunk."""

    where: str
    why: str


@dataclass(frozen=True)
class Changes:
    """What a corpus looks like at `revision` to someone who knows an earlier one."""

    revision: int
    put: tuple[Debunk, ...]
    removed: tuple[str, ...]
