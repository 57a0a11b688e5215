"""Updating: what changed in the corpus becomes a new snapshot, and what did not change is left where it lies.

A small corpus becomes one segment each time. To a larger one a segment is added that holds what changed, and the
snapshot says which of the older segments' debunks are dead; when these segments are many or large, they are merged.
See docs/decisions/0009-segments.md.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from corpus.judged import JudgedPost
from corpus.model import Debunk
from corpus.store import CorpusStore
from embeddings.encoder import Encoder
from embeddings.errors import SnapshotMissing, SnapshotOutdated
from embeddings.segment import Segment, SegmentRecord, content_of, merged, write_segment
from embeddings.snapshot import (
    Manifest,
    Passage,
    Snapshot,
    current_folder,
    examples_sha256,
    load_snapshot,
    make_current,
    now,
    prune,
    read_manifest,
    write_manifest,
)
from embeddings.vectors import Vectors
from service.builder import RECIPE, Built, build_snapshot, entries_of, examples_of
from service.titles import Titles

WRITES_AT_ONCE = 2_000  # of debunks, that become one segment where nobody waits for the first of them
SMALL_KIND = "flat"  # of the segments that are added: exact, and quick to make


@dataclass(frozen=True)
class Limits:
    """From where on segments are added, and from where on they are merged; measured in docs/decisions/0009."""

    whole_below: int = 2_000  # passages; so few are one segment each time
    most_added: int = 12  # segments beside the first
    share_added: float = 0.25  # passages that were added or died, of those that live in the first segment


@dataclass(frozen=True)
class Merge:
    """Neighbouring segments that become one, with those that were dead in them when that began."""

    segments: Sequence[Segment]
    dead: Sequence[Collection[str]]
    index_kind: str


@dataclass(frozen=True)
class Due:
    """What the next segment holds: changed debunks, None for a removed one, and how far the snapshot is with them.

    It has the corpus as it was at `revision`, but for the debunks `ahead`, each of the later revision that is named.
    """

    changed: Mapping[str, Debunk | None]
    revision: int
    ahead: Mapping[str, int]

    def revision_of(self, debunk_id: str) -> int:
        """Return the revision of which the snapshot has the debunk."""
        return self.ahead.get(debunk_id, self.revision)


class Updater:
    """Keeps the current snapshot at the corpus; only one in all processes may be at work at a time."""

    def __init__(
        self,
        store: CorpusStore,
        encoder: Encoder,
        root: Path,
        index_kind: str,
        judged: Sequence[JudgedPost] = (),
        limits: Limits | None = None,
    ) -> None:
        """Take what snapshots are made of and where they lie."""
        self.store, self.encoder, self.root, self.index_kind, self.judged = store, encoder, root, index_kind, judged
        self.limits = limits or Limits()
        self._examples_sha256 = examples_sha256(examples_of(judged))
        self._snapshot: Snapshot | None = None
        self._merging = False  # something that no snapshot names yet is being written
        self._titles: tuple[Path, Titles] | None = None  # and the snapshot that they are of

    @property
    def snapshot(self) -> Snapshot | None:
        """Return the snapshot as it was last brought up to date or found to be; None before that."""
        return self._snapshot

    def is_behind(self) -> bool:
        """Return whether there may be something to do; cheap."""
        snapshot = self._snapshot
        if snapshot is None or current_folder(self.root) != snapshot.folder:
            return True
        return snapshot.manifest.corpus_revision != self.store.revision

    def has_few(self, most: int) -> bool:
        """Return whether at most so many debunks changed since the current snapshot; raises SnapshotDamaged."""
        snapshot = self._current()
        if snapshot is None:
            return False
        return len(list(islice(self.store.changed(snapshot.manifest.corpus_revision), most + 1))) <= most

    def can_serve(self) -> bool:
        """Return whether there is a snapshot of this corpus that needs no more than additions.

        Raises SnapshotDamaged.
        """
        try:
            return self._fits(read_manifest(current_folder(self.root)))
        except (SnapshotMissing, SnapshotOutdated):
            return False

    def build(self) -> Built:
        """Build the snapshot of the newest revision anew, as one segment."""
        return self._build(None)

    def catch_up(self) -> Built:
        """Bring the current snapshot to the newest revision and return what it is now; raises SnapshotDamaged."""
        encoded = 0
        while (built := self.update(WRITES_AT_ONCE)) is not None:
            encoded += built.encoded
            if (merge := self.merge_due()) is not None:
                self.adopt(merge, self.written(merge))
        manifest = read_manifest(current_folder(self.root))
        return Built(current_folder(self.root), manifest.corpus_revision, manifest.passages, encoded)

    def update(self, writes: int) -> Built | None:
        """Bring the current snapshot forward by at most so many writes, of a larger revision by a part of it.

        Return None where it is at the newest. Where there is none to add to, one of the newest revision is built.
        Raises SnapshotDamaged.
        """
        snapshot = self._current()
        if snapshot is None:
            return self._build(None)
        due = self._due(snapshot.manifest, writes)
        if due is None:
            return None
        is_whole = not due.ahead and not snapshot.manifest.ahead
        if is_whole and snapshot.manifest.passages < self.limits.whole_below:
            return self._build(due.revision)
        return self._add(snapshot, due)

    def hasten(self, most: int) -> Built | None:
        """Take up what small revisions wrote before its turn comes, so that nobody's change waits behind a bulk.

        At most so many debunks, of revisions that wrote no more each; None where there are none, or nothing to add to.
        Raises SnapshotDamaged.
        """
        snapshot = self._current()
        if snapshot is None:
            return None
        manifest = snapshot.manifest
        small = self.store.small_writes(manifest.corpus_revision, most)
        early = [each for each in small if manifest.ahead.get(each[1]) != each[0]][:most]
        if not early:
            return None
        ahead = {**manifest.ahead, **{debunk_id: revision for revision, debunk_id, _ in early}}
        changed = {debunk_id: debunk for _, debunk_id, debunk in early}
        return self._add(snapshot, Due(changed, manifest.corpus_revision, ahead))

    def merge_due(self) -> Merge | None:
        """Return the segments to merge by now; None where there are few and small ones.

        Nothing is pruned from then on until the merge is adopted or given up.
        """
        snapshot = self._current()
        if snapshot is None or snapshot.joined is None or not snapshot.manifest.segments:
            return None
        first, *added = snapshot.manifest.segments
        died = first.passages * len(first.dead) / max(1, first.owners)
        is_large = died + sum(each.passages for each in added) > self.limits.share_added * (first.passages - died)
        if not is_large and len(added) <= self.limits.most_added:
            return None
        start, kind = (0, self.index_kind) if is_large else (1, SMALL_KIND)
        self._merging = True
        return Merge(snapshot.joined.segments[start:], snapshot.joined.dead[start:], kind)

    def written(self, merge: Merge) -> SegmentRecord:
        """Return the record of the segment that the merged ones became; other threads may update meanwhile."""
        above = self.root / self.encoder.fingerprint
        return write_segment(above, merged(merge.segments, merge.dead), merge.index_kind)

    def adopt(self, merge: Merge, record: SegmentRecord) -> None:
        """Have the current snapshot hold the merged segment, less what died or changed since the merge began."""
        self.give_up()
        snapshot = self._current()
        merged_names = {segment.name for segment in merge.segments}
        if snapshot is None or not merged_names & {each.name for each in snapshot.manifest.segments}:
            return  # it was built anew
        now_dead = {each.name: frozenset(each.dead) for each in snapshot.manifest.segments}
        died: set[str] = set()
        for segment, dead in zip(merge.segments, merge.dead, strict=True):
            died |= now_dead.get(segment.name, frozenset(segment.owners)) - frozenset(dead)
        records: list[SegmentRecord] = []
        for each in snapshot.manifest.segments:
            if each.name not in merged_names:
                records.append(each)
            elif record.name not in {held.name for held in records}:
                records.append(replace(record, dead=sorted(died)))
        mean_length = records[0].mean_length
        self._publish(replace(snapshot.manifest, built_at=now(), mean_length=mean_length, segments=tuple(records)))

    def give_up(self) -> None:
        """Let go of a merge that is not to be adopted."""
        self._merging = False

    def _build(self, revision: int | None) -> Built:
        return build_snapshot(self.store, self.encoder, self.root, self.index_kind, self.judged, revision)

    def _current(self) -> Snapshot | None:
        """Return the current snapshot; None where none can be added to. Raises SnapshotDamaged."""
        if not self.can_serve():
            self._snapshot = None
            return None
        folder = current_folder(self.root)
        if self._snapshot is None or self._snapshot.folder != folder:
            self._snapshot = load_snapshot(folder, self._snapshot, documents=False)
        return self._snapshot

    def _fits(self, manifest: Manifest) -> bool:
        met = (manifest.encoder_fingerprint, manifest.corpus_id, manifest.examples_sha256)
        expected = (self.encoder.fingerprint, self.store.corpus_id, self._examples_sha256)
        is_made_alike = (manifest.recipe, manifest.index_kind) == (RECIPE, self.index_kind)
        newest = max(manifest.corpus_revision, *manifest.ahead.values(), 0)
        return met == expected and is_made_alike and newest <= self.store.revision

    def _due(self, manifest: Manifest, writes: int) -> Due | None:
        """Return what is next in order, at most so many debunks; None where there is nothing."""
        revision, ahead = manifest.corpus_revision, manifest.ahead
        upto = self.store.revision_within(revision, writes)
        if upto == revision:
            return None
        taken = {debunk_id for debunk_id, taken_up in ahead.items() if taken_up >= upto}
        rest = self.store.changed(revision, upto, taken)
        changed = dict(islice(rest, writes))
        if next(rest, None) is not None:  # the one revision up to there is larger
            return Due(changed, revision, {**ahead, **dict.fromkeys(changed, upto)})
        return Due(changed, upto, {debunk_id: later for debunk_id, later in ahead.items() if later > upto})

    def _add(self, snapshot: Snapshot, due: Due) -> Built:
        """Add a segment of what changed, and say who died."""
        changed = dict(due.changed)
        titles = self._titles_of(snapshot)
        self._titles = None  # should anything fail from here on, they are read again
        others = titles.change(changed)
        changed |= {one: _as_of(self.store, one, due.revision_of(one)) for one in sorted(others)}
        known = _known(snapshot, changed)
        debunks = [debunk for debunk in changed.values() if debunk is not None]
        shared = {debunk.title for debunk in debunks if debunk.title and titles.is_shared(debunk.title)}
        entries, encoded = entries_of(debunks, shared, known, self.encoder)
        records = _with_dead(snapshot, changed)
        if entries:
            content = content_of(entries, self.encoder.dimensions)
            records.append(write_segment(self.root / self.encoder.fingerprint, content, SMALL_KIND))
        gone = sum(len(snapshot.keys[debunk_id]) for debunk_id in changed if debunk_id in snapshot.keys)
        manifest = replace(
            snapshot.manifest,
            corpus_revision=due.revision,
            ahead=due.ahead,
            built_at=now(),
            passages=snapshot.manifest.passages - gone + sum(len(entry.passages) for entry in entries),
            documents=sum(record.owners - len(record.dead) for record in records),
            segments=tuple(records),
        )
        folder = self._publish(manifest)
        self._titles = (folder, titles)
        return Built(folder, due.revision, manifest.passages, encoded)

    def _publish(self, manifest: Manifest) -> Path:
        """Write the manifest, make it the current snapshot, and return its folder."""
        before = self._snapshot
        folder = write_manifest(self.root, manifest)
        self._snapshot = load_snapshot(folder, before, documents=False)  # what cannot be loaded is not made current
        make_current(self.root, folder)
        if not self._merging:
            prune(self.root)
        if before is not None and self._titles is not None and self._titles[0] == before.folder:
            self._titles = (folder, self._titles[1])  # a merge changes no title
        return folder

    def _titles_of(self, snapshot: Snapshot) -> Titles:
        if self._titles is None or self._titles[0] != snapshot.folder:
            self._titles = (snapshot.folder, Titles(_titles(snapshot)))
        return self._titles[1]


def _titles(snapshot: Snapshot) -> Iterator[tuple[str, str | None]]:
    """Yield each owner that lives with the title of its document."""
    if snapshot.joined is not None:
        for segment, dead in zip(snapshot.joined.segments, snapshot.joined.dead, strict=True):
            for owner, document in zip(segment.owners, segment.documents, strict=True):
                if owner not in dead:
                    yield owner, document["title"]


def _as_of(store: CorpusStore, debunk_id: str, revision: int) -> Debunk | None:
    """Return a debunk as it was at a revision."""
    return next((state.debunk for state in store.history(debunk_id) if state.revision <= revision), None)


def _known(snapshot: Snapshot, changed: Collection[str]) -> dict[Passage, Vectors]:
    """Return the rows that the snapshot has of the passages of these debunks."""
    keys = [key for debunk_id in changed if debunk_id in snapshot.keys for key in snapshot.keys[debunk_id]]
    return dict(zip((snapshot.passages[key] for key in keys), snapshot.index.vectors(keys), strict=True))


def _with_dead(snapshot: Snapshot, changed: Collection[str]) -> list[SegmentRecord]:
    """Return the records of the segments, these debunks dead in them; one in which nobody lives is left out.

    The first stays whatever died in it: it says how long a passage is, on which all BM25 rests.
    """
    records: list[SegmentRecord] = []
    if snapshot.joined is None:
        return records
    for place, (segment, record) in enumerate(zip(snapshot.joined.segments, snapshot.manifest.segments, strict=True)):
        dead = {*record.dead, *(debunk_id for debunk_id in changed if debunk_id in segment.places)}
        if len(dead) < record.owners or not place:
            records.append(replace(record, dead=sorted(dead)))
    return records
