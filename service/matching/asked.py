"""AskedText: a text to match, and what is asked of its answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypedDict

Wanted = Literal["repeats", "any"]  # repeats: what only denies or reports a myth is at most possible


class Options(TypedDict, total=False):
    """What can be asked of an answer; see `AskedText`."""

    limit: int
    threshold: float | None
    lang: str | None
    stance: Wanted
    tags: Sequence[str]
    explain: bool


@dataclass(frozen=True)
class AskedText:
    """A text, how many matches to show, and what stands in the place of what is usual.

    `threshold` replaces that of a match, `lang` is found when None. With `tags`, only debunks that have one of them are
    answered with; each match is explained on request.
    """

    text: str
    limit: int = 5
    threshold: float | None = None
    lang: str | None = None
    stance: Wanted = "repeats"
    tags: Sequence[str] = ()
    explain: bool = False
