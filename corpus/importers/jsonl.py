"""Reads debunks as JSON Lines: one object a line, with the fields of `Debunk`, as `GET /v1/debunks` gives them."""

import json
from collections.abc import Iterator
from typing import Any

from corpus.errors import InvalidDebunk
from corpus.model import Debunk, Rejected
from corpus.source import Source, SourceMetadata

SUFFIXES = (".jsonl", ".ndjson")
FILLED_FROM_METADATA = ("title", "url", "publisher", "rating", "lang")
DEFAULT_LANG = "en"
ALSO_READ = ("fact", "claim_review", "revision")
DERIVED = ("claim_review", "revision")  # given by the service, made from the other fields: not read back

EXAMPLES = (
    '{"id": "bridge", "myth": "The bridge was sold.", "fact": "It was not.\\n\\nIt belongs to the city."}',
    '{"id": "bridge", "myth": "The bridge was sold.", "passages": ["It was not."], "rating": "false", "lang": "en"}',
)


def recognises(head: str) -> bool:
    """Return whether the first line, if any, is an object with an id, a myth and a debunk's fields alone."""
    first = next((line for line in head.splitlines() if line.strip()), "{}")
    try:
        fields = json.loads(first)
    except (ValueError, RecursionError):
        return first.lstrip().startswith("{") and '"id"' in first and '"myth"' in first  # cut short, or broken
    known = {*Debunk.model_fields, *ALSO_READ}
    return isinstance(fields, dict) and fields.keys() <= known and (not fields or {"id", "myth"} <= fields.keys())


def read(source: Source) -> Iterator[Debunk | Rejected]:
    """Yield one debunk a line, in order; a line that cannot be one is Rejected with its number and reason."""
    for number, raw in enumerate(source.lines(), start=1):
        if not raw.strip():
            continue
        where = f"{source.name}, line {number}"
        try:
            yield _debunk(json.loads(raw), source.metadata)
        except UnicodeDecodeError as error:
            yield Rejected(where, f"met byte 0x{raw[error.start]:02x}; expected UTF-8")
        except InvalidDebunk as error:
            yield Rejected(where, str(error))
        except (ValueError, RecursionError) as error:
            yield Rejected(where, f"no JSON: {error}")


def _debunk(fields: Any, metadata: SourceMetadata) -> Debunk:
    if not isinstance(fields, dict):
        raise InvalidDebunk(f"met {type(fields).__name__}; expected a JSON object with the fields of a debunk")
    stated = {key: value for key, value in fields.items() if key not in DERIVED}
    fact = stated.pop("fact", None)
    if fact is not None:
        stated["passages"] = _passages(fact, stated)
    if isinstance(stated.get("translations"), dict):
        stated["translations"] = [_translation(lang, said) for lang, said in stated["translations"].items()]
    for name in FILLED_FROM_METADATA:
        if stated.get(name) is None:
            stated[name] = getattr(metadata, name)
    stated["lang"] = stated["lang"] or DEFAULT_LANG
    return Debunk.model_validate(stated)


def _passages(fact: Any, stated: dict[str, Any]) -> Any:
    """Return the paragraphs of a fact; what is no text is left for the debunk to refuse."""
    paragraphs = [part.strip() for part in fact.split("\n\n") if part.strip()] if isinstance(fact, str) else fact
    given = stated.get("passages")
    if given and not isinstance(given, list):
        return given
    if given and fact != "\n\n".join(map(str, given)):
        raise InvalidDebunk(f"debunk {stated.get('id')!r}: fact and passages say different things; give one of them")
    return given or paragraphs


def _translation(lang: str, said: Any) -> Any:
    """Return a translation as a debunk has it; what is no object is left for the debunk to refuse."""
    return {"lang": lang, **said} if isinstance(said, dict) else said
