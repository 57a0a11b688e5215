"""Reads ClaimReview: JSON-LD files, a DataFeed of any size, one review a line, and pages with JSON-LD or microdata."""

import io
import re
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain, islice
from typing import Any

from bs4 import BeautifulSoup

from corpus.errors import InvalidDebunk
from corpus.formats.json_ld import Node, addresses, compacted, types_of
from corpus.formats.json_records import cut
from corpus.formats.json_source import Placed, values_of, values_of_records
from corpus.formats.microdata import microdata
from corpus.formats.review_fields import Surroundings, read_review
from corpus.model import Debunk, Rejected
from corpus.source import Source

SUFFIXES = (".json", ".jsonld", ".jsonl", ".ndjson", ".html", ".htm")
PAGE_SUFFIXES = (".html", ".htm")

EXAMPLES = (
    '{"@context": "https://schema.org", "@type": "ClaimReview", "url": "https://example.org/bridge",'
    ' "claimReviewed": "The bridge was sold.", "reviewBody": "It was not.",'
    ' "reviewRating": {"@type": "Rating", "alternateName": "False"}}',
    '{"@type": "DataFeed", "dataFeedElement": [{"@type": "DataFeedItem", "url": "https://example.org/bridge",'
    ' "item": [{"@type": "ClaimReview", "claimReviewed": "The bridge was sold.", "reviewBody": "It was not."}]}]}',
    '<script type="application/ld+json">{"@type": ["ClaimReview"], "claimReviewed": "The bridge was sold.",'
    ' "reviewBody": "It was not."}</script>',
    '<div itemscope itemtype="http://schema.org/ClaimReview"><h1 itemprop="claimReviewed">The bridge was sold.</h1>'
    '<p itemprop="reviewBody">It was not.</p></div>',
)

REVIEW, ENTRY, GRAPH = "ClaimReview", "DataFeedItem", "@graph"
CONTAINERS = (GRAPH, "dataFeedElement", "itemListElement", "claimReviews", "claim_reviews", "reviews", "items", "data")
IN_JSON = re.compile(r'"@type"\s*:\s*(?:\[[^]]*)?"(?:[^"\s]*[/:])?(?:ClaimReview|DataFeed)"')
IN_PAGE = re.compile(r"schema\.org/ClaimReview\b", re.I)
OUR_LINE = re.compile(r'"myth"\s*:')
WRAPPING = re.compile(r"<!--|-->|/[/*]\s*<!\[CDATA\[(?:\s*\*/)?|(?:/[/*])?\s*\]\]>(?:\s*\*/)?|<!\[CDATA\[")
KNOWN_AHEAD = 200  # records that are read before the first is taken: a page's graph names its publisher anywhere
MAX_NODES = 1000


def recognises(head: str) -> bool:
    """Return whether a ClaimReview begins in it, and no debunk of ours that shows one."""
    met = IN_JSON.search(head) or IN_PAGE.search(head)
    return met is not None and OUR_LINE.search(head, 0, met.start()) is None


def read(source: Source) -> Iterator[Debunk | Rejected]:
    """Yield the reviews as debunks, in order, as they are read; what is none is Rejected with its place and reason."""
    if source.suffix in PAGE_SUFFIXES or source.head().lstrip().startswith("<"):
        yield from _read_page(source)
    else:
        yield from _debunks(values_of(source, CONTAINERS), source, Surroundings(source.metadata))


def _read_page(source: Source) -> Iterator[Debunk | Rejected]:
    """Yield the page's reviews, each once, however often and in whichever way the page states it."""
    page = BeautifulSoup(b"".join(source.lines()), "html.parser")
    around = Surroundings(source.metadata, base_url=_address(page, source), is_ours=False)
    items = (Placed(f"{source.name}, line {line}", item, GRAPH) for line, item in microdata(page))
    ids: set[str] = set()
    for record in _debunks(chain(_from_scripts(page, source), items), source, around):
        if isinstance(record, Rejected) or record.id not in ids:
            yield record
        if isinstance(record, Debunk):
            ids.add(record.id)


def _from_scripts(page: BeautifulSoup, source: Source) -> Iterator[Placed | Rejected]:
    for script in page.find_all("script", type=re.compile(r"ld\+json", re.I)):
        text = WRAPPING.sub(" ", script.get_text())
        if '"' not in text:
            text = text.replace("&quot;", '"')
        records = cut(io.BytesIO(text.encode("utf-8", "replace")), source.name, CONTAINERS, script.sourceline or 1)
        for record in values_of_records(records, source.name):
            if isinstance(record, Placed):
                yield replace(record, container=GRAPH)
            elif REVIEW in text:  # what else is broken on a page is not ours to tell
                yield record


def _address(page: BeautifulSoup, source: Source) -> str | None:
    """Return the page's address, as it states it or as it was fetched."""
    stated = [tag.get("href") for tag in page.find_all("link", rel="canonical")]
    stated += [tag.get("content") for tag in page.find_all("meta", property="og:url")]
    return next(iter(addresses([*stated, source.metadata.url], source.metadata.url)), None)


def _debunks(records: Iterable[Placed | Rejected], source: Source, around: Surroundings) -> Iterator[Debunk | Rejected]:
    """Yield a debunk for each review in the records, and a Rejected where there is none at all."""
    nodes: dict[str, Node] = {}
    others: dict[str, None] = {}
    is_any = False
    for record in _remembered(records, nodes):
        for read in _read_record(record, replace(around, nodes=nodes)):
            is_any = True
            yield read
        if isinstance(record, Placed) and not is_any and not _is_empty(record.value):
            others.update(dict.fromkeys(_kinds(record.value)))
    if not is_any:
        met = f"{', '.join(others)} and " if others else ""
        yield Rejected(source.name, f"met {met}no ClaimReview; expected one as JSON-LD or microdata")


def _remembered(records: Iterable[Placed | Rejected], nodes: dict[str, Node]) -> Iterator[Placed | Rejected]:
    """Yield the records, and keep the nodes that reviews can refer to; those of a page before its first review."""
    waiting = iter(records)
    ahead = list(islice(waiting, KNOWN_AHEAD))
    for record in ahead:
        _remember(record, nodes)
    yield from ahead
    for record in waiting:
        _remember(record, nodes)
        yield record


def _read_record(record: Placed | Rejected, around: Surroundings) -> Iterator[Debunk | Rejected]:
    """Yield the record's reviews; one without any is Rejected, unless it is a node of a graph or has nothing in it."""
    if isinstance(record, Rejected):
        yield record
        return
    is_any = False
    for review, entry_url in reviews_in(record.value):
        is_any = True
        yield _debunk(review, record.where, replace(around, entry_url=entry_url))
    if not is_any and record.container != GRAPH and not _is_empty(record.value):
        yield Rejected(record.where, f"met {', '.join(_kinds(record.value))}; expected a ClaimReview")


def _debunk(review: Node, where: str, around: Surroundings) -> Debunk | Rejected:
    try:
        return read_review(review, around)
    except InvalidDebunk as error:
        return Rejected(where, str(error))


def _remember(record: Placed | Rejected, nodes: dict[str, Node]) -> None:
    """Keep the node, if it is one that reviews can refer to."""
    value = record.value if isinstance(record, Placed) else None
    if isinstance(value, Mapping) and "name" in value and isinstance(value.get("@id"), str) and len(nodes) < MAX_NODES:
        nodes[value["@id"]] = value


def reviews_in(value: Any) -> Iterator[tuple[Node, str | None]]:
    """Yield the reviews in the JSON, however deep, in order, each with the address of the feed's entry it is in."""
    waiting: list[tuple[Any, str | None]] = [(value, None)]
    while waiting:
        each, entry_url = waiting.pop()
        if isinstance(each, list):
            waiting += [(inner, entry_url) for inner in reversed(each)]
        elif isinstance(each, Mapping) and _is_review(each):
            yield (compacted(each) if any(":" in key for key in each) else each), entry_url
        elif isinstance(each, Mapping):
            if ENTRY in types_of(each):
                entry_url = next(iter(addresses(each.get("url"))), None)
            waiting += [(inner, entry_url) for inner in reversed(list(each.values()))]


def _is_review(node: Node) -> bool:
    kinds = types_of(node)
    return REVIEW in kinds or (not kinds and "claimReviewed" in node)


def _is_empty(value: Any, containers: Container[str] = CONTAINERS) -> bool:
    """Return whether it is what a feed has beside its reviews: nulls, entries without one, the feed's own object."""
    if isinstance(value, list):
        return all(_is_empty(each) for each in value)
    if not isinstance(value, Mapping):
        return value is None
    if ENTRY in types_of(value):
        return _is_empty(value.get("item"))
    return any(key in containers and value[key] == [] for key in value)


def _kinds(value: Any) -> list[str]:
    """Return what the JSON is, for an error: its types, else that it is an object, a list, a text or a number."""
    if isinstance(value, Mapping):
        inner = value.get("item") if ENTRY in types_of(value) else None
        return _kinds(inner) if inner else types_of(value) or ["an object without @type"]
    if isinstance(value, list):
        return list(dict.fromkeys(kind for each in value for kind in _kinds(each))) or ["an empty list"]
    return [f"{value!r:.40}"]
