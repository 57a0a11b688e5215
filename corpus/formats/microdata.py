"""Microdata of an HTML page as JSON (https://html.spec.whatwg.org/multipage/microdata.html).

extruct, the library for it, brings thirteen packages, most for formats that carry no reviews; its last release
is of 2024.
"""

from collections.abc import Iterator
from typing import Any

from bs4 import BeautifulSoup
from bs4.element import Tag

ADDRESS_ATTRIBUTES = {
    **dict.fromkeys(("a", "area", "link"), "href"),
    **dict.fromkeys(("img", "audio", "embed", "iframe", "source", "track", "video"), "src"),
    "object": "data",
}
MAX_DEPTH = 20  # of items in items; `itemref` can make a circle


def microdata(page: BeautifulSoup) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the page's items that are no item's property, each with the line it begins on, as JSON-LD objects."""
    for tag in page.find_all(itemscope=True, itemprop=False):
        yield tag.sourceline or 1, _item(tag, page, MAX_DEPTH)


def _item(tag: Tag, page: BeautifulSoup, depth: int) -> dict[str, Any]:
    item: dict[str, Any] = {}
    if kinds := _attribute(tag, "itemtype").split():
        item["@type"] = kinds if len(kinds) > 1 else kinds[0]
    if address := _attribute(tag, "itemid"):
        item["@id"] = address
    roots = [tag, *(page.find(id=name) for name in _attribute(tag, "itemref").split())]
    for place in (place for root in roots if isinstance(root, Tag) for place in _properties(root, root is not tag)):
        value = _value(place, page, depth)
        for name in _attribute(place, "itemprop").split():
            item[name] = [*item[name], value] if isinstance(item.get(name), list) else (
                [item[name], value] if name in item else value
            )  # fmt: skip
    return item


def _properties(root: Tag, is_referred: bool) -> Iterator[Tag]:
    """Yield the tags with the properties of the item at `root`, in order; not those of items within it."""
    waiting = [root] if is_referred else list(reversed(root.find_all(recursive=False)))
    while waiting:
        tag = waiting.pop()
        if tag.has_attr("itemprop"):
            yield tag
        if not tag.has_attr("itemscope"):
            waiting += reversed(tag.find_all(recursive=False))


def _value(tag: Tag, page: BeautifulSoup, depth: int) -> Any:
    if tag.has_attr("itemscope"):
        return _item(tag, page, depth - 1) if depth else {}
    if tag.has_attr("content"):
        return _attribute(tag, "content")
    if tag.name in ADDRESS_ATTRIBUTES:
        return _attribute(tag, ADDRESS_ATTRIBUTES[tag.name])
    if tag.name in ("data", "meter"):
        return _attribute(tag, "value")
    if tag.name == "time" and tag.has_attr("datetime"):
        return _attribute(tag, "datetime")
    return tag.decode_contents().strip()


def _attribute(tag: Tag, name: str) -> str:
    value = tag.get(name)
    return " ".join(value) if isinstance(value, list) else value or ""
