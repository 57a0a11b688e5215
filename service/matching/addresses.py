"""Addresses: the web addresses in a text that are those of debunks: the same page is the same story."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from corpus.urls import url_key, urls_in

PAGE_MARKS = "/?#"  # a key without any is that of a bare host, which names no page


@dataclass(frozen=True)
class Address:
    """An address as it stands in a text, `sent[start:end]` in code points, and the debunks that it leads to."""

    url: str
    start: int
    end: int
    debunk_ids: frozenset[str]


class Addresses:
    """The addresses of a snapshot's debunks: their own, their translations', and where the claim appeared."""

    def __init__(self, owners_of: Callable[[str], frozenset[str]]) -> None:
        """Take what tells whose a page is, by its address' key."""
        self._owners_of = owners_of

    def within(self, sent: str, absent: Collection[str] = ()) -> list[Address]:
        """Return each place of the text with an address of a debunk that is not `absent`, in order."""
        if not any(mark in sent for mark in PAGE_MARKS):
            return []
        urls = urls_in(sent)
        owners = {url: self._owners_of(url_key(url)).difference(absent) for url in urls}
        if not any(owners.values()):
            return []
        found = _places(urls, sent)
        return [Address(one[0], one.start(), one.end(), owners[one[0]]) for one in found if owners[one[0]]]


def owners_by_key(documents: Mapping[str, Mapping[str, Any]]) -> dict[str, frozenset[str]]:
    """Return the debunks of each page by the key of its address."""
    owners: dict[str, set[str]] = {}
    for debunk_id, document in documents.items():
        for key in keys_of(document):
            owners.setdefault(key, set()).add(debunk_id)
    return {key: frozenset(ids) for key, ids in owners.items()}


def keys_of(document: Mapping[str, Any]) -> frozenset[str]:
    """Return the keys of a debunk's addresses: its own, its translations', and where the claim appeared.

    An address that names no page is left out. It takes some 25 microseconds an address.
    """
    translations = document.get("translations") or {}
    own = (document.get("url"), *(said.get("url") for said in translations.values()))
    keys = {url_key(url) for url in (*own, *(document.get("appearances") or ())) if url}
    return frozenset(key for key in keys if any(mark in key for mark in PAGE_MARKS))


def says_nothing_else(text: str) -> bool:
    """Return whether a text has no word beside its addresses and the accounts that it names."""
    return not any(map(str.isalnum, without_addresses(text)))


def without_addresses(text: str) -> str:
    """Return the text, on one line, without what looks like an address or names an account."""
    return " ".join(word for word in text.split() if not _looks_like_one(word))


def _places(urls: Collection[str], sent: str) -> Iterator[re.Match[str]]:
    """Yield where the addresses stand; of two that begin alike the longer one, as it is not the shorter one's page."""
    longest_first = sorted(urls, key=len, reverse=True)
    return re.finditer("|".join(map(re.escape, longest_first)), sent)


def _looks_like_one(word: str) -> bool:
    host, slash, _ = word.partition("/")
    return "://" in word or word.startswith(("www.", "@")) or bool(slash and re.search(r"\w\.[^\W\d_]", host))
