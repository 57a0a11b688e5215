"""Which exporter writes which format."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TextIO

from corpus.exporters import claim_review, csv, jsonl
from corpus.model import Debunk


@dataclass(frozen=True)
class Exporter:
    """How a format is written, as a stream, and the suffix of its files."""

    write: Callable[[Iterable[Debunk], TextIO], None]
    suffix: str


EXPORTERS = {
    "jsonl": Exporter(jsonl.write, ".jsonl"),  # every field; the way from one Mythmatch to another
    "csv": Exporter(csv.write, ".csv"),  # every field too, for spreadsheets
    "feed": Exporter(claim_review.write_feed, ".json"),  # schema.org's DataFeed of ClaimReview: for search engines
    "claim_review": Exporter(claim_review.write_lines, ".jsonl"),  # one ClaimReview a line: for research
}
