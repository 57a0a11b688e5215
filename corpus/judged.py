"""Judged posts: texts of which a person said which debunk they are about, and how they put it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from corpus.checks import DebunkId, LangTag, expectation
from corpus.errors import UnreadableSource

JUDGED = Path(__file__).parent / "data" / "judged"  # those that ship
TRAIN = JUDGED / "train.jsonl"  # what the shipped calibration is fitted on
DEV = JUDGED / "dev.jsonl"
DEV_LANGUAGES = JUDGED / "dev-languages.jsonl"
DEV_HOSTILE = JUDGED / "dev-hostile.jsonl"
OPEN_DEV = (JUDGED / "open-dev-myths.jsonl", JUDGED / "open-dev.jsonl")  # myths of other topics, and posts about them

Relation = Literal["repeats", "denies", "reports", "none"]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class JudgedSpan(_Record):
    """Where a long post makes a claim, in code points of its text, and about which debunk."""

    start: int = Field(ge=0)
    end: int
    debunk_id: DebunkId
    relation: Literal["repeats", "denies", "reports"]


class JudgedPost(_Record):
    """A post, the debunk that it is about (None: no known one), and its relation to that debunk's myth."""

    id: str = Field(min_length=1)
    text: str = Field(min_length=1)
    lang: LangTag
    debunk_id: DebunkId | None
    relation: Relation
    kind: str = Field(min_length=1, description="how it is put: direct, slang, near_miss, far, long, ...")
    spans: tuple[JudgedSpan, ...] = Field((), description="of long posts: each claim, in order")
    near: DebunkId | None = Field(None, description="of a near miss: the debunk that it is not about, but near to")

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if (self.debunk_id is None) != (self.relation == "none"):
            raise ValueError('expected "debunk_id": null exactly where the relation is "none"')
        if self.near is not None and self.debunk_id is not None:
            raise ValueError('expected "near" only where "debunk_id" is null')
        if any(not span.start < span.end <= len(self.text) for span in self.spans):
            raise ValueError("expected every span inside the text")
        return self

    @property
    def debunk_ids(self) -> frozenset[str]:
        """Return the debunks that the post is about."""
        named = {span.debunk_id for span in self.spans}
        return frozenset(named | {self.debunk_id} if self.debunk_id else named)


def read_judged(path: Path) -> list[JudgedPost]:
    """Return the judged posts of a JSON Lines file, in order; raises UnreadableSource that names the line."""
    try:
        return list(_posts(path))
    except OSError as error:
        raise UnreadableSource(
            f"{path}: cannot be read ({error.strerror}); give the path of a JSON Lines file"
        ) from error


def _posts(path: Path) -> Iterator[JudgedPost]:
    seen: dict[str, int] = {}
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        if not line.strip():
            continue
        try:
            post = JudgedPost.model_validate(json.loads(line))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            field = ".".join(map(str, first["loc"])) or "the post"
            raise UnreadableSource(f"{path}, line {number}, {field}: {expectation(first)}") from error
        except ValueError as error:
            raise UnreadableSource(f"{path}, line {number}: expected one JSON object in UTF-8 ({error})") from error
        if post.id in seen:
            raise UnreadableSource(
                f"{path}, line {number}: id {post.id!r} is that of line {seen[post.id]}; give each its own"
            )
        seen[post.id] = number
        yield post
