"""Timing: who wants to know how long the stages of a match take puts something around them; matching has no clock."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

# what is entered for a stage, given its name and how many texts it takes
Timed = Callable[[str, int], AbstractContextManager[object]]
STAGES = ("extract", "encode", "search", "score", "stance")
NOTHING = nullcontext()


def untimed(_stage: str, _texts: int) -> AbstractContextManager[object]:
    """Return what does nothing around a stage."""
    return NOTHING
