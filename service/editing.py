"""Editing: debunks created, replaced, changed in part and removed, each in one transaction that meets its condition."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from corpus.ids import ID_HEX_DIGITS, review_id
from corpus.model import Debunk, Wording
from corpus.store import CorpusStore, Version, Write
from service.errors import Conflict, InvalidRequest, UnknownDebunk, UnknownWording
from service.wire_debunks import merged_fields, read_debunk

Wordings = Literal["variants", "suppressions"]

MAX_SLUG_CHARS = 60
UNNAMED = "debunk"  # stands for the slug of a myth without letters


@dataclass(frozen=True)
class Condition:
    """What must be true of the stored debunk for a write to be done; None where it does not matter."""

    exists: bool | None = None
    revisions: frozenset[str] | None = None  # one of these wrote it

    def check(self, debunk_id: str, stored: Version | None) -> None:
        """Raise Conflict unless the stored state, None or removed for none, is as the writer knows it."""
        there = stored if stored is not None and stored.debunk is not None else None
        if self.exists is False and there is not None:
            raise Conflict(f"If-None-Match: met *, but {_stands(debunk_id, there)}; PUT it with If-Match to replace it")
        if self.exists and there is None:
            raise Conflict(f"If-Match: there is no debunk {debunk_id!r} now; GET /v1/debunks/{debunk_id}/history")
        if self.revisions is not None and there is not None and str(there.revision) not in self.revisions:
            met = ", ".join(sorted(self.revisions))[:60]
            raise Conflict(
                f"If-Match: met revision {met}, but {_stands(debunk_id, there)}; GET it again, and repeat the change on"
                " what it says now"
            )


ANY = Condition()


@dataclass(frozen=True)
class Edited:
    """A debunk after a write: the revision that wrote it, the corpus's own, and whether it is new."""

    debunk: Debunk
    revision: int
    corpus_revision: int
    created: bool = False


def create(store: CorpusStore, fields: Mapping[str, Any], author: str) -> Edited:
    """Write a new debunk, under an id made of its myth and address where it has none; the same again changes nothing.

    Raises InvalidDebunk, or Conflict where another one has the id.
    """
    is_named = fields.get("id") is not None
    debunk = read_debunk(fields) if is_named else _named(read_debunk({**fields, "id": UNNAMED}))
    with store.writing(author) as write:
        stored = write.get(debunk.id)
        if stored is not None and stored.debunk not in (None, debunk):
            raise Conflict(f"id: {_stands(debunk.id, stored)} with other fields; PUT or PATCH /v1/debunks/{debunk.id}")
        return _put(write, debunk, stored)


def replace(
    store: CorpusStore, debunk_id: str, fields: Mapping[str, Any], author: str, condition: Condition = ANY
) -> Edited:
    """Write the debunk in place of the one with its id, or as a new one; raises InvalidDebunk or Conflict."""
    _check_id(debunk_id, fields)
    debunk = read_debunk({**fields, "id": debunk_id})
    with store.writing(author) as write:
        stored = write.get(debunk_id)
        condition.check(debunk_id, stored)
        return _put(write, debunk, stored)


def patch(
    store: CorpusStore, debunk_id: str, changes: Mapping[str, Any], author: str, condition: Condition = ANY
) -> Edited:
    """Write the fields that a JSON merge patch changes; raises UnknownDebunk, InvalidDebunk or Conflict."""
    _check_id(debunk_id, changes)
    with store.writing(author) as write:
        stored, debunk = _known(write, debunk_id, condition)
        return _put(write, read_debunk({**merged_fields(debunk, changes), "id": debunk_id}), stored)


def remove(store: CorpusStore, debunk_id: str, author: str, condition: Condition = ANY) -> None:
    """Take the debunk away; its history stays. Raises UnknownDebunk or Conflict."""
    with store.writing(author) as write:
        _known(write, debunk_id, condition)
        write.remove([debunk_id])


def add_wording(
    store: CorpusStore, debunk_id: str, where: Wordings, new: Wording, author: str, condition: Condition = ANY
) -> Edited:
    """Add a variant or a suppression, where it is not there yet; raises UnknownDebunk or Conflict."""
    with store.writing(author) as write:
        stored, debunk = _known(write, debunk_id, condition)
        present: tuple[Wording, ...] = getattr(debunk, where)
        known = any(wording.text == new.text for wording in present)
        return _put(
            write, debunk if known else debunk.model_copy(update={where: (*present, new)}), stored, added=not known
        )


def drop_wording(
    store: CorpusStore, debunk_id: str, where: Wordings, text: str, author: str, condition: Condition = ANY
) -> Edited:
    """Take a variant or a suppression away; raises UnknownDebunk, UnknownWording or Conflict."""
    with store.writing(author) as write:
        stored, debunk = _known(write, debunk_id, condition)
        kept = tuple(wording for wording in getattr(debunk, where) if wording.text != text)
        if kept == getattr(debunk, where):
            raise UnknownWording(
                f"text: debunk {debunk_id!r} has none of these {len(text)} characters among its {where};"
                f" GET /v1/debunks/{debunk_id} shows them"
            )
        return _put(write, debunk.model_copy(update={where: kept}), stored)


def _put(write: Write, debunk: Debunk, stored: Version | None, *, added: bool = False) -> Edited:
    put, _ = write.put([debunk])
    created = added or stored is None or stored.debunk is None
    revision = write.revision if put or stored is None else stored.revision
    return Edited(debunk, revision, write.revision, created)


def _known(write: Write, debunk_id: str, condition: Condition) -> tuple[Version, Debunk]:
    """Return the stored state and its debunk; raises UnknownDebunk, or Conflict where the condition is not met."""
    stored = write.get(debunk_id)
    if stored is None or stored.debunk is None:
        raise unknown(debunk_id, stored)
    condition.check(debunk_id, stored)
    return stored, stored.debunk


def unknown(debunk_id: str, stored: Version | None) -> UnknownDebunk:
    """Return the error for an id that nothing is stored under, or no longer."""
    if stored is None:
        return UnknownDebunk(f"there is no debunk {debunk_id!r}; GET /v1/debunks lists them all")
    return UnknownDebunk(
        f"debunk {debunk_id!r} was removed at revision {stored.revision};"
        f" GET /v1/debunks/{debunk_id}/history shows what it was"
    )


def _check_id(debunk_id: str, fields: Mapping[str, Any]) -> None:
    if fields.get("id", debunk_id) != debunk_id:
        raise InvalidRequest(f"id: met another id than that of the path; expected {debunk_id!r}, or leave it out")


def _named(debunk: Debunk) -> Debunk:
    """Return the debunk under the id that its myth and its address always make."""
    words = "-".join(re.findall(r"\w+", debunk.myth.lower()))
    slug = words[:MAX_SLUG_CHARS].strip("-") or UNNAMED
    digits = review_id(debunk.url or "", debunk.myth)[-ID_HEX_DIGITS:]
    return debunk.model_copy(update={"id": f"{slug}-{digits}"})


def _stands(debunk_id: str, stored: Version) -> str:
    return f"debunk {debunk_id!r} is stored at revision {stored.revision}"
