"""Tags: which debunks of a snapshot have a tag, and which of those are nearest to a claim."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import accumulate
from typing import Any

import numpy as np

from embeddings.index import Ints
from embeddings.snapshot import Snapshot
from embeddings.vectors import Vectors
from service.matching.addresses import keys_of

FEW = 1 << 14  # debunks; so many are compared with a claim one by one, of more the nearest are searched for
KEPT = 16  # sets of tags; where a hundred thousand debunks have one, some 8 MB each
NOWHERE = -2.0  # a cosine below any


@dataclass(frozen=True)
class Tagged:
    """The debunks that have one of some tags; of a few the keys of their passages too, by debunk, in order.

    `ordered[n]` has the keys `keys[starts[n]:starts[n + 1]]`.
    """

    debunk_ids: frozenset[str]
    ordered: Sequence[str] = ()
    starts: Sequence[int] = (0,)
    keys: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    @property
    def is_few(self) -> bool:
        """Return whether there are so few that each can be compared with a claim."""
        return len(self.debunk_ids) <= FEW

    def nearest(self, rows: Vectors, snapshot: Snapshot, k: int, absent: Collection[str]) -> set[str]:
        """Return the `k` debunks that are nearest to each row, but none that is `absent`; only of a few."""
        if not len(self.keys):
            return set()
        cosines = rows @ snapshot.index.vectors(self.keys).T
        best = np.maximum.reduceat(cosines, self.starts[:-1], axis=1)
        best[:, [place for place, debunk_id in enumerate(self.ordered) if debunk_id in absent]] = NOWHERE
        order = np.argsort(-best, axis=1, kind="stable")[:, :k]
        return {self.ordered[int(place)] for place in order.flat}.difference(absent)


class Tags:
    """The tags of a snapshot's debunks; who has one is looked up when it is first asked for."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Take the snapshot."""
        self._snapshot = snapshot
        self._found = lru_cache(maxsize=KEPT)(partial(_tagged, snapshot))

    def of(self, tags: Sequence[str]) -> Tagged | None:
        """Return the debunks that have at least one of the tags; None where no tag is given."""
        return self._found(frozenset(tags)) if tags else None


def names_of(document: Mapping[str, Any]) -> frozenset[str]:
    """Return what a snapshot finds a debunk by: the keys of its addresses, and its tags."""
    return keys_of(document) | {_name(tag) for tag in document.get("tags") or ()}


def _name(tag: str) -> str:
    return f"tag {tag}"  # no address has a space in it


def _tagged(snapshot: Snapshot, tags: frozenset[str]) -> Tagged:
    found = frozenset[str]().union(*(snapshot.owners_named(_name(tag), names_of) for tag in tags))
    if len(found) > FEW:
        return Tagged(found)
    keys = {debunk_id: list(snapshot.keys[debunk_id]) for debunk_id in sorted(found) if debunk_id in snapshot.keys}
    starts = list(accumulate(map(len, keys.values()), initial=0))
    return Tagged(found, list(keys), starts, np.array([key for own in keys.values() for key in own], dtype=np.int64))
