"""Reads Myth/Fact pages, as text or HTML: `Myth 1: ...` or `Claim: ...`, then `Fact: ...` and its paragraphs.

The labels may stand on the line of their text or alone before it, in paragraphs, headings, lists, definitions and the
titles of panels, or head the columns of a table. A heading is a myth where `Fact: ...` answers it, and so are numbered
headings, questions, panels and definitions on a page that says it is about myths. In text, a blank line parts
paragraphs, and so does a line break unless the line before looks hard-wrapped.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from urllib.parse import urlsplit

import langcodes

from corpus.dates import read_date
from corpus.errors import InvalidDebunk
from corpus.formats.labels import (
    ABOUT_MYTHS,
    LABEL,
    NUMBERED,
    WEAK_LABEL,
    WEAK_LABELS,
    Part,
    is_labelled,
    is_question,
)
from corpus.formats.page import BOLD, TITLES, TOGGLE, Block, Page, read_page
from corpus.language import UNDETERMINED, find_language
from corpus.model import Debunk, Rejected
from corpus.source import Source

SUFFIXES = (".txt", ".html", ".htm")
HTML_SUFFIXES = (".html", ".htm")
DEFAULT_LANG = "en"  # where nothing tells
MIN_TITLES = 2  # that a page of myths without labels has
MAX_PREFIX_CHARS = 150  # of an id, which may have 200
MIN_WRAPPED_CHARS = 40  # a shorter line is no line that an editor wrapped
MAX_WRAPPED_CHARS = 100  # and a text with a longer line was not wrapped at all

EXAMPLES = (
    "Myth 1: The bridge was sold.\n\nFact: It was not.\n\nIt belongs to the city.\n",
    "Claim: The bridge was sold.\nFact: It was not.\n",
    "<h2>Myth 1: The bridge was sold.</h2><p>Fact: It was not.</p><p>It belongs to the city.</p>",
    "<h2>Myth</h2><p>The bridge was sold.</p><h2>Fact</h2><p>It was not.</p>",
    "<details><summary>Myth: The bridge was sold.</summary><p>It was not.</p></details>",
    "<table><tr><th>Fact</th><th>Myth</th></tr><tr><td>It was not.</td><td>The bridge was sold.</td></tr></table>",
)

UPDATED = re.compile(r"\W*last updated\s*:\s*(?P<date>.+)", re.I | re.S)
AVAILABLE_IN = re.compile(r"\W*also available in\s*:\s*(?P<names>.+)", re.I | re.S)
LANGUAGE_NAMES = re.compile(r"[^\W\d_]+([ ,()’'-]+[^\W\d_]+)*[ )]*")
_Section = Literal["context", "myth", "fact", "after"]


@dataclass
class _Draft:
    """A myth while its page is being read."""

    where: str
    number: str | None
    myth: str = ""
    between: list[str] = field(default_factory=list)  # paragraphs after the myth and before any `Fact`
    passages: list[str] = field(default_factory=list)

    def settle(self) -> None:
        """Give the paragraphs in between to the fact where no `Fact` label followed, else to the myth."""
        if self.passages:
            self.myth = " ".join([self.myth, *self.between])
        else:
            self.passages = self.between


@dataclass
class _Reading:
    """What a page holds, top to bottom, as far as it is read."""

    label: re.Pattern[str]
    title: Block | None = None  # a heading without a label that stood directly before
    context: list[Block] = field(default_factory=list)
    updated: str | None = None
    languages: list[str] = field(default_factory=list)
    drafts: list[_Draft] = field(default_factory=list)
    strays: list[Block] = field(default_factory=list)


def recognises(_: str) -> bool:
    """Return true: a text or a page is read as Myth/Fact where nothing more exact is in it."""
    return True


def read(source: Source) -> Iterator[Debunk | Rejected]:
    """Yield one debunk a myth, in the page's order; a myth that cannot be one is Rejected with its line and reason."""
    page = _page(source)
    reading = _read_blocks(page, source)
    for stray in reading.strays:
        yield Rejected(f"{source.name}, {stray.where}", "a fact without a myth before it; expected `Myth: ...` first")
    if not reading.drafts and not reading.strays:
        yield Rejected(source.name, "met no `Myth ...` or `Claim ...` line or heading; is it a Myth/Fact page?")
    common = _common_fields(page, reading, source)
    prefix = source.metadata.id_prefix or _id_prefix(page.url, source)
    met: Counter[str] = Counter()
    for ordinal, draft in enumerate(reading.drafts, start=1):
        number = draft.number or str(ordinal)
        met[number] += 1
        again = f"-{met[number]}" if met[number] > 1 else ""  # a page may count anew in every section
        yield _debunk(draft, f"{prefix}-{number}{again}", common, source)


def _page(source: Source) -> Page:
    if source.suffix in HTML_SUFFIXES or source.head().lstrip().startswith("<"):
        return read_page(b"".join(source.lines()), source.metadata.utc_offset)
    return Page(tuple(_text_blocks(source.text())))


def _common_fields(page: Page, reading: _Reading, source: Source) -> dict[str, Any]:
    """Return the fields that all debunks of the page share; what is known of the source comes before what it says."""
    stated = source.metadata
    return {
        "lang": stated.lang or page.lang or _lang(reading),
        "rating": stated.rating,
        "title": stated.title or page.title,
        "url": stated.url or page.url,
        "publisher": stated.publisher or page.publisher,
        "published": page.published,
        "updated": reading.updated or page.updated,
        "languages": tuple(reading.languages),
        "context": tuple(block.text for block in reading.context if block.tag != "h1" and block.text != page.title),
        "document_sha256": source.sha256,
    }


def _lang(reading: _Reading) -> str:
    """Return the language that most of the myths and facts are in."""
    texts = (text for draft in reading.drafts for text in (draft.myth, *draft.passages))
    found = find_language("\n".join(texts))
    return DEFAULT_LANG if found == UNDETERMINED else found


def _debunk(draft: _Draft, debunk_id: str, common: Mapping[str, Any], source: Source) -> Debunk | Rejected:
    where = f"{source.name}, {draft.where}"
    if not draft.myth:
        return Rejected(where, "a myth without a text; expected it behind the label or in the next paragraph")
    if not draft.passages:
        return Rejected(where, f"no fact follows {draft.myth!r}; expected `Fact: ...` after it")
    try:
        return Debunk(id=debunk_id, myth=draft.myth, passages=tuple(draft.passages), **common)
    except InvalidDebunk as error:
        return Rejected(where, str(error))


def _id_prefix(page_url: str | None, source: Source) -> str:
    """Return who publishes the page and which page it is, from its URL; else its file's name."""
    name = source.name
    host = ""
    if url := source.metadata.url or page_url:
        parts = urlsplit(url)
        host, name = (parts.hostname or "").removeprefix("www."), parts.path.rstrip("/")
    stem = name.rpartition("/")[2].partition(".")[0]
    return re.sub(r"[^\w.]+", "-", f"{host}-{stem}".strip("-"))[:MAX_PREFIX_CHARS] or "page"


def _read_blocks(page: Page, source: Source) -> _Reading:
    """Return the page's parts, every block in its place: the introduction, a myth, a fact, or nowhere."""
    blocks, label = _labelled(page)
    reading = _Reading(label)
    part: _Section = "context"
    for block in blocks:
        if not _read_header(block, reading, source):
            part = _place(block, reading, part)
            reading.title = block if block.is_title and _part(block, label) is None else None
    for draft in reading.drafts:
        draft.settle()
    return reading


def _labelled(page: Page) -> tuple[tuple[Block, ...], re.Pattern[str]]:
    """Return the page's blocks, and the pattern of its labels; where it has none, its titles may be the myths."""
    for label in (LABEL, WEAK_LABEL):
        parts = {_part(block, label) for block in page.blocks}
        if "myth" in parts and (label is LABEL or "fact" in parts):
            return page.blocks, label
    return tuple(_titles_as_myths(page)) if "fact" not in parts else page.blocks, LABEL


def _part(block: Block, label: re.Pattern[str]) -> Part | None:
    labelled = label.fullmatch(block.text)
    return block.part or (WEAK_LABELS.get(labelled["label"].casefold()) if labelled else None)


def _titles_as_myths(page: Page) -> Iterator[Block]:
    """Yield the blocks; those of the first kind of title that there are several of are myths, if the page says so."""
    headings = [page.title or "", *(block.text for block in page.blocks if block.tag in ("h1", "h2"))]
    is_about_myths = any(map(ABOUT_MYTHS.search, headings))
    kinds = Counter(block.tag for block in page.blocks if _may_be_myth(block))
    myths = next((tag for tag in (*TITLES, BOLD) if kinds[tag] >= MIN_TITLES), None) if is_about_myths else None
    for block in page.blocks:
        yield replace(block, part="myth") if block.tag == myths and _may_be_myth(block) else block


def _may_be_myth(block: Block) -> bool:
    """Return whether it is a title that is numbered or asks something, or that opens a panel or a definition."""
    if block.tag in (TOGGLE, "dt"):
        return True
    is_title = block.is_title or block.tag == BOLD
    return is_title and (is_question(block.text) or NUMBERED.fullmatch(block.text) is not None)


def _place(block: Block, reading: _Reading, part: _Section) -> _Section:
    """Put the block where it belongs, and return the part of the page that the next one stands in."""
    label = reading.label.fullmatch(block.text)
    text = block.text if label is None else (label["text"] or "").strip()
    kind = _part(block, reading.label)
    if kind is None:
        return _place_paragraph(block, reading, part)
    if kind == "myth":
        number, text = _numbered(text) if label is None else (label["number"] or label["before"], text)
        reading.drafts.append(_Draft(block.where, number, text))
        return "myth"
    if reading.title and part in ("context", "after"):
        _take_title(reading.title, reading, part)
    elif not reading.drafts:
        reading.strays.append(block)
        return part
    reading.drafts[-1].passages.extend([text] if text else [])
    return "fact"


def _take_title(title: Block, reading: _Reading, part: _Section) -> None:
    """Begin a draft whose myth is the title: what answers it begins with `Fact`."""
    if part == "context":
        reading.context.pop()
    reading.drafts.append(_Draft(title.where, *_numbered(title.text)))


def _numbered(text: str) -> tuple[str | None, str]:
    """Return the number that the text begins with, if any, and the rest."""
    numbered = NUMBERED.fullmatch(text)
    return (numbered["number"], numbered["text"].strip()) if numbered else (None, text)


def _place_paragraph(block: Block, reading: _Reading, part: _Section) -> _Section:
    if part == "context":
        reading.context.append(block)
    elif part == "myth" and not reading.drafts[-1].myth:
        reading.drafts[-1].myth = block.text
    elif part == "myth" and block.tag == TOGGLE:
        return part  # "Show the answer"
    elif block.is_title:
        return "after"  # a heading of its own ends the last fact
    elif part == "myth":
        reading.drafts[-1].between.append(block.text)
    elif part == "fact":
        reading.drafts[-1].passages.append(block.text)
    return part


def _read_header(block: Block, reading: _Reading, source: Source) -> bool:
    """Take the page's last-updated time or its other languages from the block; return whether it was one of these."""
    if updated := UPDATED.fullmatch(block.text):
        reading.updated = read_date(updated["date"], source.metadata.utc_offset) or reading.updated
        return reading.updated is not None
    if available := AVAILABLE_IN.fullmatch(block.text):
        reading.languages = read_languages(available["names"]) or reading.languages
        return bool(reading.languages)
    return False


def read_languages(names: str) -> list[str]:
    """Return the language tags of English language names parted by commas; none unless all are known."""
    if not LANGUAGE_NAMES.fullmatch(names):
        return []  # the library's dictionary fails on characters that no name has
    try:
        return [langcodes.find(name.strip()).to_tag() for name in names.split(",")]
    except LookupError:
        return []


def _text_blocks(text: str) -> Iterator[Block]:
    """Yield the paragraphs of a plain text: its lines, or in a hard-wrapped text the lines that go on joined."""
    lines = [line.strip() for line in text.splitlines()]
    is_wrapped = max(map(len, lines), default=0) <= MAX_WRAPPED_CHARS
    paragraph, start, before = "", 0, ""
    for number, line in enumerate([*lines, ""], start=1):
        if line and is_wrapped and _goes_on(before) and not is_labelled(line):
            paragraph = f"{paragraph} {line}"
        else:
            if paragraph:
                yield Block(paragraph, f"line {start}")
            paragraph, start = line, number
        before = line


def _goes_on(line: str) -> bool:
    """Return whether the line looks cut by an editor: long, no header, and its sentence does not end with it."""
    is_header = UPDATED.fullmatch(line) or AVAILABLE_IN.fullmatch(line)
    return len(line) >= MIN_WRAPPED_CHARS and not is_header and line[-1] not in '.!?…:;"”»'
