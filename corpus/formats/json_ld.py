"""Values of JSON-LD as it is met: a property may be a text, a number, an object, a reference or a list of these."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

from corpus.formats.plain_text import one_line, plain

Node = Mapping[str, Any]  # a JSON object

VOCABULARY = re.compile(r"(?:https?://(?:www\.)?schema\.org/|schema:)(?=\w)", re.I)
ADDRESS_KEYS = ("url", "contentUrl", "sameAs", "@id")
UNSAFE_IN_ADDRESS = re.compile(r"[\s<>\"{}|\\^`\x00-\x1f]")


def compacted(value: Any) -> Any:
    """Return the JSON with the names of schema.org without the address of their vocabulary."""
    if isinstance(value, list):
        return [compacted(each) for each in value]
    if isinstance(value, dict):
        return {VOCABULARY.sub("", key): compacted(each) for key, each in value.items()}
    return value


def types_of(node: Node) -> list[str]:
    """Return the names of the node's types, of whatever vocabulary: "ClaimReview" of "http://schema.org/ClaimReview"."""
    return [VOCABULARY.sub("", name) for name in as_list(node.get("@type")) if isinstance(name, str)]


def as_list(value: Any) -> list[Any]:
    """Return the values of a property that may have none, one or several; null is none."""
    return [each for each in (value if isinstance(value, list) else [value]) if each is not None]


def texts(value: Any) -> list[str]:
    """Return the texts of a property as they stand: strings, numbers, and texts that are marked with their language."""
    said = [each.get("@value") if isinstance(each, Mapping) else each for each in as_list(value)]
    return [str(each) for each in said if isinstance(each, str | int | float) and not isinstance(each, bool)]


def line_of(node: Node, *keys: str) -> str | None:
    """Return the first of the properties' texts that is not empty, plain and on one line."""
    return next((line for key in keys for text in texts(node.get(key)) if (line := one_line(text))), None)


def names(value: Any, nodes: Mapping[str, Node]) -> Iterator[tuple[str, list[str]]]:
    """Yield the names of people and organisations, each with its types; references are looked up in `nodes`."""
    for each in as_list(value):
        if isinstance(each, str):
            known = nodes.get(each)
            each = known if known is not None else {"name": each}
        elif isinstance(each, Mapping) and "name" not in each:
            each = nodes.get(str(each.get("@id")), each)
        if isinstance(each, Mapping) and (name := line_of(each, "name", "legalName", "alternateName")):
            yield name, types_of(each)


def addresses(value: Any, base: str | None = None) -> list[str]:
    """Return the web addresses of a property, of texts and objects alike, in order, each once."""
    met: list[str] = []
    for each in as_list(value):
        if isinstance(each, Mapping):
            per_key = (addresses(each.get(key), base) for key in ADDRESS_KEYS)
            met += next(filter(None, per_key), [])
        elif isinstance(each, str) and (address := web_address(each, base)):
            met.append(address)
    return list(dict.fromkeys(met))


def web_address(text: str, base: str | None = None) -> str | None:
    """Return the text as an address that can be opened; None when it is none. `base` completes a relative one."""
    address = plain(text) if "&" in text or "\\" in text else text.strip()
    if address.startswith("www."):
        address = f"https://{address}"
    elif address.startswith("//"):
        address = f"https:{address}"
    address = UNSAFE_IN_ADDRESS.sub(lambda unsafe: f"%{ord(unsafe[0]):02X}", address) if address else ""
    try:
        parts = urlsplit(urljoin(base, address) if base and address else address)
    except ValueError:
        return None
    return parts.geturl() if parts.scheme in ("http", "https") and parts.hostname else None
