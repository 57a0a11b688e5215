"""Lines: JSON records that lie as bytes in memory and are parsed when they are asked for.

A hundred thousand records are there in milliseconds, take no more room than their file, and cost no thread that
answers requests the time that parsing them all at once would.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np
import numpy.typing as npt

NEWLINE = ord("\n")  # JSON escapes it inside of strings
AT_ONCE = 1 << 22  # bytes that are searched for line ends in one go


class Lines(Sequence[Any]):
    """The records of a file with one JSON value a line."""

    def __init__(self, content: bytes) -> None:
        """Find where the lines end; each of them ends with a newline."""
        self._content = content
        self._ends = _line_ends(content)

    def __len__(self) -> int:
        """Return how many records there are."""
        return len(self._ends)

    @overload
    def __getitem__(self, place: int) -> Any: ...
    @overload
    def __getitem__(self, place: slice) -> list[Any]: ...
    def __getitem__(self, place: int | slice) -> Any:
        """Return one record, or a list of them."""
        if isinstance(place, slice):
            return [json.loads(self.raw(each)) for each in range(*place.indices(len(self)))]
        return json.loads(self.raw(place))

    def __iter__(self) -> Iterator[Any]:
        """Yield each record."""
        for place in range(len(self)):
            yield json.loads(self.raw(place))

    def raw(self, place: int) -> bytes:
        """Return the bytes of one record, newline included; raises IndexError."""
        if not -len(self) <= place < len(self):
            raise IndexError(f"met record {place}; expected one of {len(self)}")
        place %= len(self)
        return self._content[int(self._ends[place - 1]) + 1 if place else 0 : int(self._ends[place]) + 1]


def line_of(record: Any) -> bytes:
    """Return a record as its line, newline included."""
    return json.dumps(record, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"


def write_lines(path: Path, lines: Iterable[bytes]) -> None:
    """Write lines as `line_of` or `Lines.raw` gives them."""
    with path.open("wb") as file:
        file.writelines(lines)


def _line_ends(content: bytes) -> npt.NDArray[np.int64]:
    view = np.frombuffer(content, dtype=np.uint8)
    ends = [np.flatnonzero(view[start : start + AT_ONCE] == NEWLINE) + start for start in range(0, len(view), AT_ONCE)]
    return np.concatenate(ends).astype(np.int64) if ends else np.zeros(0, dtype=np.int64)
