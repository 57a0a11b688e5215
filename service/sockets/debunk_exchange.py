"""A signal exchange of python-threatexchange that offers the wordings of debunks, read from a file, as signals.

A match then names its debunk: that is the signal's tag. A signal that a moderator labels with a debunk's id counts
among its wordings from the next fetch on.
"""

import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from threatexchange.exchanges.collab_config import CollaborationConfigWithDefaults
from threatexchange.exchanges.fetch_state import (
    FetchDelta,
    FetchedSignalMetadata,
    NoCheckpointing,
    SignalOpinion,
    SignalOpinionCategory,
)
from threatexchange.exchanges.signal_exchange_api import SignalExchangeAPIWithSimpleUpdates
from threatexchange.signal_type.signal_base import SignalType

from corpus.importing import read_sources
from corpus.model import Debunk, Rejected
from corpus.source import open_source
from service.sockets.claim_signal import ClaimEmbeddingSignal
from service.sockets.signal_cuts import wordings_of

log = logging.getLogger(__name__)
WORDINGS_AT_A_TIME = 2_000
Delta = FetchDelta[tuple[str, str], "DebunkOpinions", NoCheckpointing]


@dataclass
class _NamedFile:
    filename: str = field(metadata={"help": "the absolute path of what `python -m scripts.export_corpus` wrote"})


@dataclass
class DebunkCollaboration(CollaborationConfigWithDefaults, _NamedFile):
    """A collaboration whose signals come from a file of debunks, of any format that the importer reads."""


@dataclass
class DebunkOpinions(FetchedSignalMetadata):
    """Which debunks have the wording that a signal stands for."""

    debunk_ids: set[str] = field(default_factory=set)

    def get_as_opinions(self) -> Sequence[SignalOpinion]:
        """Return one opinion: look at what matches; it is about these debunks' myths, and may deny them."""
        return [SignalOpinion(False, SignalOpinionCategory.INVESTIGATION_SEED, self.debunk_ids)]


class DebunkExchange(SignalExchangeAPIWithSimpleUpdates[DebunkCollaboration, NoCheckpointing, DebunkOpinions]):
    """Debunks of one file, all of them at each fetch; what the file no longer has is gone then."""

    def __init__(self, collab: DebunkCollaboration) -> None:
        self.collab = collab

    @classmethod
    def get_name(cls) -> str:
        """Return how `threatexchange config collab edit` calls it."""
        return "mythmatch_debunks"

    @staticmethod
    def get_config_cls() -> type[DebunkCollaboration]:
        """Return what a collaboration is configured with."""
        return DebunkCollaboration

    @staticmethod
    def get_checkpoint_cls() -> type[NoCheckpointing]:
        """Return the checkpoint that asks for all of it each time."""
        return NoCheckpointing

    @staticmethod
    def get_record_cls() -> type[DebunkOpinions]:
        """Return what is kept of a signal."""
        return DebunkOpinions

    @classmethod
    def for_collab(cls, collab: DebunkCollaboration) -> "DebunkExchange":
        """Return the exchange of a collaboration."""
        return cls(collab)

    @classmethod
    def fetch_value_merge(cls, old: DebunkOpinions | None, new: DebunkOpinions | None) -> DebunkOpinions | None:
        """Return the debunks of both: several may have one wording."""
        return new if old is None or new is None else DebunkOpinions(old.debunk_ids | new.debunk_ids)

    def fetch_iter(
        self, supported_signal_types: Sequence[type[SignalType]], checkpoint: NoCheckpointing | None
    ) -> Iterator[Delta]:
        """Yield the signals of the file's debunks, some thousand at a time; raises CorpusError where it is unreadable.

        Debunks that are rated true are left out: no text is a myth by them.
        """
        if ClaimEmbeddingSignal not in supported_signal_types:
            return
        if labelled := self._updates(self._labelled()):
            yield FetchDelta(labelled, NoCheckpointing())
        wordings = [(debunk.id, text) for debunk in self._debunks() for text in wordings_of(debunk)]
        for start in range(0, len(wordings), WORDINGS_AT_A_TIME):
            part = wordings[start : start + WORDINGS_AT_A_TIME]
            signals = ClaimEmbeddingSignal.hash_all([text for _, text in part])
            yield FetchDelta(self._updates(zip([owner for owner, _ in part], signals, strict=True)), NoCheckpointing())

    def report_opinion(self, s_type: type[SignalType], signal: str, opinion: SignalOpinion) -> None:
        """Keep a signal under the debunks whose ids are its labels; raises ValueError for other signals or no label."""
        if s_type is not ClaimEmbeddingSignal:
            raise ValueError(f"met a signal of {s_type.get_name()}; expected one of {ClaimEmbeddingSignal.get_name()}")
        if not opinion.tags:
            raise ValueError("met no label; expected the id of a debunk: --labels <id>")
        with self._labels.open("a", encoding="utf-8") as labels:
            for debunk_id in sorted(opinion.tags):
                kept = {"signal": ClaimEmbeddingSignal.validate_signal_str(signal), "debunk_id": debunk_id}
                labels.write(json.dumps({"type": s_type.get_name(), **kept}) + "\n")

    @property
    def _labels(self) -> Path:
        """Return the file of labelled signals, beside that of the debunks."""
        return Path(f"{self.collab.filename}.labels")

    def _labelled(self) -> Iterator[tuple[str, str]]:
        """Yield (debunk id, signal) of what was labelled with this encoder."""
        if not self._labels.exists():
            return
        for line in self._labels.read_text(encoding="utf-8").splitlines():
            kept = json.loads(line)
            if kept["type"] == ClaimEmbeddingSignal.get_name():
                yield kept["debunk_id"], kept["signal"]

    def _debunks(self) -> Iterator[Debunk]:
        rejected = 0
        for record in read_sources([open_source(Path(self.collab.filename), {})]):
            if isinstance(record, Debunk) and record.rating != "true":
                yield record
            rejected += isinstance(record, Rejected)
        if rejected:
            log.warning("%s: %d records are no debunks; scripts.import_corpus says why", self.collab.name, rejected)

    def _updates(self, signals: Iterable[tuple[str, str]]) -> dict[tuple[str, str], DebunkOpinions | None]:
        updates: dict[tuple[str, str], DebunkOpinions | None] = {}
        for debunk_id, signal in signals:
            if signal:
                key = (ClaimEmbeddingSignal.get_name(), signal)
                updates[key] = self.fetch_value_merge(updates.get(key), DebunkOpinions({debunk_id}))
        return updates
