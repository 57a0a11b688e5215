"""The v1 shapes of the corpus: debunks read from what is sent, questions about them, and their history."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from corpus.checks import LangTag, Text
from corpus.errors import InvalidDebunk
from corpus.importers import jsonl
from corpus.language import UNDETERMINED, find_language
from corpus.listing import Page, Question
from corpus.model import Debunk, Rating, Wording
from corpus.source import Source, SourceMetadata
from corpus.store import Version
from service.errors import InvalidRequest
from service.wire import debunk_json, validated

MAX_PAGE = 1000
DERIVED = "claim_review"  # made from the other fields
GZIP = b"\x1f\x8b"


def _aware(time: object) -> object:
    """Return a day or a time in UTC, which is its offset where it has none."""
    if not isinstance(time, str):
        return time
    try:
        read = datetime.fromisoformat(time)
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(
            "expected a day or time in ISO 8601 such as 2026-09-21 or 2026-09-21T17:10Z (in a URL a + is %2B)"
        ) from None


Time = Annotated[AwareDatetime, BeforeValidator(_aware)]


class ListRequest(BaseModel):
    """Which debunks to list: up to `limit` that meet the filters, from the first id behind `after` on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    after: str = ""
    limit: int = Field(100, ge=1, le=MAX_PAGE)
    tag: str | None = None
    lang: LangTag | None = None
    rating: Rating | None = None
    updated_since: Time | None = None
    revision: int | None = Field(None, ge=0, lt=1 << 31)

    @property
    def question(self) -> Question:
        """Return what is asked of the store."""
        return Question(self.after, self.tag, self.lang, self.rating, self.updated_since, self.revision)


def read_list_query(fields: Mapping[str, str]) -> ListRequest:
    """Return the checked request from the strings of a query; raises InvalidRequest."""
    return validated(ListRequest, dict(fields), strict=False)


def page_json(page: Page) -> dict[str, Any]:
    """Return one page of the corpus, with the id to go on behind."""
    following = page.debunks[-1].id if page.more else None
    return {
        "corpus_revision": page.corpus_revision,
        "debunks": [debunk_json(debunk) for debunk in page.debunks],
        "next": following,
    }


class WordingRequest(BaseModel):
    """A wording of a myth, or a text that is not about it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: Text = Field(description="a string, the wording")
    lang: LangTag | None = None


def read_wording(fields: Mapping[str, Any]) -> Wording:
    """Return the wording of {text, lang?}, its language found where it is not said; raises InvalidRequest."""
    asked = validated(WordingRequest, dict(fields), strict=True)
    return Wording(text=asked.text, lang=asked.lang or find_language(asked.text))


def read_debunk(fields: Mapping[str, Any]) -> Debunk:
    """Return the debunk of a JSON object as JSON Lines are read, its language found where it is not said.

    Raises InvalidDebunk that names the field, what was met and what was expected.
    """
    stated = dict(fields)
    if stated.get("lang") is None and isinstance(stated.get("myth"), str):
        lang = find_language(stated["myth"])
        stated["lang"] = None if lang == UNDETERMINED else lang
    return read_line(json.dumps(stated).encode())


def read_line(line: bytes) -> Debunk:
    """Return the debunk of a line of JSON Lines, read as a file of them is; raises InvalidDebunk."""
    if line.startswith(GZIP):
        raise InvalidDebunk("met gzip; expected JSON; send it unpacked")
    record = next(iter(jsonl.read(Source("the body", line, SourceMetadata()))), None)
    if not isinstance(record, Debunk):
        raise InvalidDebunk(record.why if record else "met nothing; expected a JSON object")
    return record


def merged_fields(debunk: Debunk, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the debunk's fields as a JSON merge patch (RFC 7396) leaves them; raises InvalidRequest.

    The fact can be changed as one text or by its passages; translations are merged by language.
    """
    if DERIVED in changes:
        raise InvalidRequest(f"{DERIVED}: it is made from the other fields; change those")
    shown = debunk_json(debunk)
    for name in (DERIVED, "fact"):
        del shown[name]
    if "fact" in changes and "passages" not in changes:
        del shown["passages"]
    return dict(_merged(shown, changes))


def _merged(target: object, changes: object) -> Any:
    """Return the target as RFC 7396, section 2, changes it: null removes, objects merge, all else replaces."""
    if not isinstance(changes, Mapping):
        return changes
    merged = dict(target) if isinstance(target, Mapping) else {}
    for name, change in changes.items():
        if change is None:
            merged.pop(name, None)
        else:
            merged[name] = _merged(merged.get(name), change)
    return merged


def history_json(debunk_id: str, versions: Sequence[Version]) -> dict[str, Any]:
    """Return every state of a debunk, newest first, each with the names of the fields that it changed."""
    before = [*versions[1:], None]
    return {
        "id": debunk_id,
        "versions": [
            {
                "revision": version.revision,
                "written_at": version.written_at.isoformat(timespec="milliseconds"),
                "author": version.author,
                "changed": _changed(version.debunk, None if earlier is None else earlier.debunk),
                "debunk": None if version.debunk is None else debunk_json(version.debunk),
            }
            for version, earlier in zip(versions, before, strict=True)
        ],
    }


def _changed(now: Debunk | None, before: Debunk | None) -> list[str]:
    """Return the fields that differ; of a new debunk those that say something, of a removed one all that did."""
    said, had = ({} if one is None else one.model_dump(exclude_defaults=True) for one in (now, before))
    return [name for name in Debunk.model_fields if name != "id" and said.get(name) != had.get(name)]
