"""What the segments of a snapshot hold, as if they were one: its passages, its documents, and whose keys are whose.

Nothing is copied and nothing is gone through when segments are joined, however many owners they hold.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import accumulate
from typing import Any, overload

from embeddings.index import Ints
from embeddings.passage import Passage
from embeddings.segment import Segment


class Joined:
    """Segments one after another, and who is dead in each; an owner lives in at most one."""

    def __init__(self, segments: Sequence[Segment], dead: Sequence[Collection[str]]) -> None:
        """Take the segments and, for each, the owners whose place is elsewhere or nowhere by now."""
        self.segments = segments
        self.dead = [frozenset(owners) for owners in dead]
        self.starts = list(accumulate((len(segment.passages) for segment in segments), initial=0))

    def part_of(self, owner: str) -> int | None:
        """Return the place of the segment that an owner lives in; None for one that lives in none."""
        for part in range(len(self.segments) - 1, -1, -1):
            if owner in self.segments[part].places and owner not in self.dead[part]:
                return part
        return None

    def at(self, key: int) -> tuple[Segment, int]:
        """Return the segment that has a key, and the key that the passage has in there; raises IndexError."""
        if not 0 <= key < self.starts[-1]:
            raise IndexError(f"met passage {key}; expected one of {self.starts[-1]}")
        part = bisect_right(self.starts, key) - 1
        return self.segments[part], key - self.starts[part]

    def owners(self) -> Iterator[str]:
        """Yield the owners that live, by segment."""
        for segment, dead in zip(self.segments, self.dead, strict=True):
            yield from (owner for owner in segment.owners if owner not in dead) if dead else segment.owners

    @cached_property
    def owners_by_id(self) -> list[str]:
        """Return the owners that live, in the order of their ids."""
        return sorted(self.owners())

    @cached_property
    def living(self) -> int:
        """Return how many owners live."""
        return sum(len(segment.owners) - len(dead) for segment, dead in zip(self.segments, self.dead, strict=True))

    def saying(self, text: str) -> Iterator[str]:
        """Yield the owners that live of each passage that says the text, word for word."""
        for segment, dead in zip(self.segments, self.dead, strict=True):
            yield from (o for o in map(segment.owner, segment.wordings.of_text(text)) if o not in dead)

    def named(self, name: str) -> Iterator[str]:
        """Yield the owners that live and go by the name."""
        for segment, dead in zip(self.segments, self.dead, strict=True):
            owners = (segment.owners[place] for place in segment.names.of_text(name))
            yield from (owner for owner in owners if owner not in dead)

    def marks(self) -> Iterator[Iterable[tuple[str, Mapping[str, Any]]]]:
        """Yield the owners that live in each segment with their marks, where they have any."""
        for segment, dead in zip(self.segments, self.dead, strict=True):
            yield ((owner, marks) for owner, marks in segment.marks.items() if owner not in dead)

    def dead_keys(self, part: int) -> Ints:
        """Return the keys that are dead in one segment, as that segment counts them."""
        return self.segments[part].keys_of_all(self.dead[part])


class JoinedPassages(Sequence[Passage]):
    """Each passage by its key, those of the dead too."""

    def __init__(self, joined: Joined) -> None:
        self._joined = joined

    def __len__(self) -> int:
        """Return how many there are, dead ones too."""
        return self._joined.starts[-1]

    @overload
    def __getitem__(self, key: int) -> Passage: ...
    @overload
    def __getitem__(self, key: slice) -> list[Passage]: ...
    def __getitem__(self, key: int | slice) -> Passage | list[Passage]:
        """Return one passage, or a list of them."""
        if isinstance(key, slice):
            return [self[each] for each in range(*key.indices(len(self)))]
        segment, local = self._joined.at(key + len(self) if key < 0 else key)
        return segment.passage(local)


class JoinedDocuments(Mapping[str, dict[str, Any]]):
    """The document of each owner that lives, by id; it is parsed when it is asked for."""

    def __init__(self, joined: Joined) -> None:
        self._joined = joined

    def __len__(self) -> int:
        """Return how many owners live."""
        return self._joined.living

    def __iter__(self) -> Iterator[str]:
        """Yield the owners in the order of their ids."""
        return iter(self._joined.owners_by_id)

    def __contains__(self, owner: object) -> bool:
        """Return whether an owner lives."""
        return isinstance(owner, str) and self._joined.part_of(owner) is not None

    def __getitem__(self, owner: str) -> dict[str, Any]:
        """Return a new copy of an owner's document; raises KeyError."""
        part = self._joined.part_of(owner)
        if part is None:
            raise KeyError(owner)
        segment = self._joined.segments[part]
        document: dict[str, Any] = segment.documents[segment.places[owner]]
        return document

    def after(self, owner: str, limit: int) -> list[str]:
        """Return up to `limit` owners that live behind an id, in the order of their ids."""
        owners = self._joined.owners_by_id
        start = bisect_right(owners, owner)
        return owners[start : start + limit]


class JoinedKeys(Mapping[str, Sequence[int]]):
    """The keys of the passages of each owner that lives."""

    def __init__(self, joined: Joined) -> None:
        self._joined = joined

    def __len__(self) -> int:
        """Return how many owners live."""
        return self._joined.living

    def __iter__(self) -> Iterator[str]:
        """Yield the owners, by segment."""
        return self._joined.owners()

    def __contains__(self, owner: object) -> bool:
        """Return whether an owner lives."""
        return isinstance(owner, str) and self._joined.part_of(owner) is not None

    def __getitem__(self, owner: str) -> list[int]:
        """Return the keys of an owner, ascending; raises KeyError."""
        part = self._joined.part_of(owner)
        if part is None:
            raise KeyError(owner)
        start = self._joined.starts[part]
        return [start + key for key in self._joined.segments[part].keys(owner)]
