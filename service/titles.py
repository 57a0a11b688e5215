"""Titles: which debunks have a title, as the corpus changes."""

from collections.abc import Collection, Iterable, Mapping

from corpus.model import Debunk


class Titles:
    """The titles of a corpus; one that several debunks have names a page or a topic, and no claim."""

    def __init__(self, titles: Iterable[tuple[str, str | None]]) -> None:
        """Take (debunk id, title) of each debunk."""
        self._title_of: dict[str, str] = {}
        self._ids_of: dict[str, frozenset[str]] = {}
        for debunk_id, title in titles:
            self._set(debunk_id, title)

    def is_shared(self, title: str | None) -> bool:
        """Return whether several debunks have the title."""
        return title is not None and len(self._ids_of.get(title, ())) > 1

    def change(self, changed: Mapping[str, Debunk | None]) -> set[str]:
        """Take changed debunks, None for a removed one, and return the others whose title is now shared or no more."""
        titles = {debunk.title for debunk in changed.values() if debunk is not None and debunk.title}
        titles.update(self._title_of[debunk_id] for debunk_id in changed if debunk_id in self._title_of)
        before = {title: self.is_shared(title) for title in titles}
        for debunk_id, debunk in changed.items():
            self._set(debunk_id, None if debunk is None else debunk.title)
        turned = [title for title in titles if self.is_shared(title) != before[title]]
        return self._having(turned) - changed.keys()

    def _having(self, titles: Collection[str]) -> set[str]:
        return {debunk_id for title in titles for debunk_id in self._ids_of.get(title, ())}

    def _set(self, debunk_id: str, title: str | None) -> None:
        old = self._title_of.pop(debunk_id, None)
        if old is not None:
            self._ids_of[old] -= {debunk_id}
            if not self._ids_of[old]:
                del self._ids_of[old]
        if title:
            self._title_of[debunk_id] = title
            self._ids_of[title] = self._ids_of.get(title, frozenset()) | {debunk_id}
