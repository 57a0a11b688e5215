"""Sites: which debunks the site of a publisher has, newest first."""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from embeddings.segment import Segment
from embeddings.snapshot import Snapshot
from service.errors import InvalidRequest
from service.matching.standing import begins

KEPT = 512  # answers for one site and one segment that are remembered
UNDATED = datetime.min.replace(tzinfo=UTC)

Dated = tuple[datetime, str]  # when a debunk is from, and its id


def site_of(url: str | None) -> str | None:
    """Return the host of an address without www., as Google names a publisher's site; None where there is none."""
    try:
        host = urlsplit(url or "").hostname
    except ValueError:
        return None
    return host.removeprefix("www.") if host else None


def read_site(text: str) -> str:
    """Return the site that a caller means, by its host or any address of it; raises InvalidRequest."""
    site = site_of(text.strip() if "://" in text else f"http://{text.strip()}")
    if not site or any(map(str.isspace, site)):
        raise InvalidRequest(f"reviewPublisherSiteFilter: met {text[:40]!r}; expected a site such as nato.int")
    return site


def moment(date: str | None) -> datetime | None:
    """Return when a date of any precision begins, in UTC; None for no date."""
    try:
        return begins(date).astimezone(UTC) if date else None
    except OverflowError:  # in UTC it would be before the year 1
        return None


def reviewed(document: Mapping[str, Any]) -> datetime | None:
    """Return when a debunk was published, else when it was updated; None where neither is known."""
    return moment(document["published"] or document["updated"])


def newest(document: Mapping[str, Any]) -> datetime | None:
    """Return the newer one of when the claim was made and when it was reviewed; None where neither is known."""
    return max(filter(None, (moment(document["claimed"]), reviewed(document))), default=None)


def sites_of(document: Mapping[str, Any]) -> set[str | None]:
    """Return the sites of a debunk's address and of those of its translations."""
    return {site_of(said["url"]) for said in (document, *document["translations"].values())}


class Sites:
    """Finds the debunks of a site, and remembers them by segment: a segment never changes."""

    def __init__(self) -> None:
        self._found: OrderedDict[tuple[str, str], list[Dated]] = OrderedDict()
        self._lock = threading.Lock()

    def debunks(self, snapshot: Snapshot, site: str) -> list[str]:
        """Return the ids of the debunks of a site that live in the snapshot, newest first, those of no date last."""
        joined = snapshot.joined
        if joined is None:  # put together by hand
            dated = [_dated(id_, document) for id_, document in snapshot.documents.items() if _is_of(document, site)]
        else:
            parts = zip(joined.segments, joined.dead, strict=True)
            dated = [one for segment, dead in parts for one in self._of_segment(segment, site) if one[1] not in dead]
        return [id_ for _, id_ in sorted(dated, reverse=True)]

    def _of_segment(self, segment: Segment, site: str) -> list[Dated]:
        key = segment.name, site
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
                return self._found[key]
        found = list(_search(segment, site))
        with self._lock:
            self._found[key] = found
            while len(self._found) > KEPT:
                self._found.popitem(last=False)
        return found


def _search(segment: Segment, site: str) -> Iterator[Dated]:
    """Yield the debunks of a site; those alone are parsed whose line has its name in it."""
    named, lines = site.encode("utf-8", "replace"), segment.documents
    for place, owner in enumerate(segment.owners):
        if named in lines.raw(place).lower():
            document = lines[place]
            if _is_of(document, site):
                yield _dated(owner, document)


def _is_of(document: Mapping[str, Any], site: str) -> bool:
    return site in sites_of(document)


def _dated(debunk_id: str, document: Mapping[str, Any]) -> Dated:
    return newest(document) or UNDATED, debunk_id
