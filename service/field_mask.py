"""Field masks: which fields of an answer a caller wants, in the syntax of Google's partial responses.

`a,b/c,d(e,f)` names fields side by side, below one another, and several below one; dots part a path as slashes do, `*`
stands for every field. Lists are gone through: a path names the fields of what is in them.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from service.errors import InvalidRequest

MAX_CHARS = 2000
MAX_DEPTH = 20  # no answer is as deep
ANY = "*"
EXAMPLE = "matches(debunk(id,url),probability),decision"
TOKEN = re.compile(r"\s*([,/.()]|[^\s,/.()]+)\s*")
SIGNS = frozenset(",/.()")
STEPS = ("/", ".")

# by name what there is below each field: an empty one has no fields, None has any
Shape: TypeAlias = Mapping[str, "Shape | None"]


@dataclass(frozen=True)
class Mask:
    """The fields that are wanted, each with those below it; one without any is wanted whole."""

    fields: Mapping[str, "Mask"] = field(default_factory=dict)

    def of(self, value: Any) -> Any:
        """Return a JSON value with only the named fields, in its own order.

        Where fields below it are named, null stays, and what else has no fields is left out; the value itself stays.
        """
        if not self.fields:
            return value
        if isinstance(value, list):
            return [self.of(one) for one in value if self._fits(one)]
        if not isinstance(value, Mapping):
            return value
        wanted = ((name, self._below(name), below) for name, below in value.items())
        return {name: mask.of(below) for name, mask, below in wanted if mask is not None and mask._fits(below)}

    def check(self, shape: Shape, path: str = "") -> None:
        """Raise InvalidRequest for a name that the shape has not; the message says which it has there.

        What is named below `*` has to be below one field at least.
        """
        for name, mask in self.fields.items():
            if name != ANY and name not in shape:
                known = f"one of {', '.join(shape)}" if shape else f"no field: {path[:-1]} has none"
                raise InvalidRequest(f"fields: met {path}{_short(name)}, which there is not; expected {known}")
            below = _any_of(shape) if name == ANY else shape[name]
            if below is not None:
                mask.check(below, f"{path}{name}/")

    def _fits(self, value: Any) -> bool:
        return not self.fields or value is None or isinstance(value, list | Mapping)

    def _below(self, name: str) -> "Mask | None":
        """Return what is wanted below the field; None where the field itself is not."""
        named = [self.fields[one] for one in (name, ANY) if one in self.fields]
        return _union(named) if named else None


WHOLE = Mask()


def read_mask(text: str) -> Mask:
    """Return the mask that the text writes; raises InvalidRequest that says where it cannot be read."""
    if len(text) > MAX_CHARS:
        raise InvalidRequest(f"fields: met {len(text)} characters; expected at most {MAX_CHARS}, such as {EXAMPLE}")
    reading = _Reading(text)
    mask = reading.mask(MAX_DEPTH)
    if reading.token:
        raise reading.refusal("a comma or the end")
    return mask


class _Reading:
    """A text of a mask, read token by token."""

    def __init__(self, text: str) -> None:
        self._found = TOKEN.finditer(text)
        self.token = ""
        self._at: int | None = None
        self.step()

    def step(self) -> None:
        """Go on to the next token; behind the last one it is empty."""
        found = next(self._found, None)
        self.token, self._at = (found[1], found.start(1)) if found else ("", None)

    def mask(self, depth: int) -> Mask:
        """Return the paths up to a closing bracket or the end, as one mask."""
        paths = [self._path(depth)]
        while self.token == ",":
            self.step()
            paths.append(self._path(depth))
        return _union(paths)

    def _path(self, depth: int) -> Mask:
        name = self.token
        if not name or name in SIGNS:
            raise self.refusal("a field's name")
        if not depth:
            raise self.refusal(f"at most {MAX_DEPTH} fields below one another")
        self.step()
        below = WHOLE
        if self.token in STEPS:
            self.step()
            below = self._path(depth - 1)
        elif self.token == "(":
            self.step()
            below = self.mask(depth - 1)
            if self.token != ")":
                raise self.refusal("a comma or a closing bracket")
            self.step()
        return Mask({name: below})

    def refusal(self, expected: str) -> InvalidRequest:
        """Return the error for the token that cannot be read."""
        met = "the end" if self._at is None else f"{_short(self.token)!r} at character {self._at}"
        return InvalidRequest(f"fields: met {met}; expected {expected}, as in {EXAMPLE}")


def _union(masks: Iterable[Mask]) -> Mask:
    """Return the mask of all that any of the masks wants."""
    below = defaultdict[str, list[Mask]](list)
    for mask in masks:
        if not mask.fields:
            return WHOLE
        for name, wanted in mask.fields.items():
            below[name].append(wanted)
    return Mask({name: _union(wanted) for name, wanted in below.items()})


def _any_of(shape: Shape) -> Shape | None:
    """Return what there is below any field of the shape."""
    merged: dict[str, Shape | None] = {}
    for below in shape.values():
        if below is None:
            return None
        for name, deeper in below.items():
            met = merged.get(name, {})
            merged[name] = None if met is None or deeper is None else {**met, **deeper}
    return merged


def _short(name: str) -> str:
    return name if len(name) <= 40 else f"{name[:40]}…"
