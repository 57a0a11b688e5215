"""Reads Myth/Fact pages, as text or HTML: `Myth 1: ...` or `Claim: ...`, then `Fact: ...` and its paragraphs.

The labels may stand on the line of their text or alone before it, in paragraphs or in headings. In text, a blank
line parts paragraphs, and so does a line break unless the line before looks hard-wrapped.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Literal
from urllib.parse import urlsplit

import langcodes
from bs4 import BeautifulSoup
from bs4.element import NavigableString
from dateutil import parser as dates

from corpus.errors import InvalidDebunk
from corpus.model import Debunk, Rejected
from corpus.source import Source

SUFFIXES = (".txt", ".html", ".htm")
DEFAULT_LANG = "en"
MIN_WRAPPED_CHARS = 40  # a shorter line is no line that an editor wrapped
MAX_WRAPPED_CHARS = 100  # and a text with a longer line was not wrapped at all

EXAMPLES = (
    "Myth 1: The bridge was sold.\n\nFact: It was not.\n\nIt belongs to the city.\n",
    "Claim: The bridge was sold.\nFact: It was not.\n",
    "<h2>Myth 1: The bridge was sold.</h2><p>Fact: It was not.</p><p>It belongs to the city.</p>",
    "<h2>Myth</h2><p>The bridge was sold.</p><h2>Fact</h2><p>It was not.</p>",
)

LABELS: dict[str, Literal["myth", "fact"]] = {
    **dict.fromkeys(("myth", "claim", "mythe", "миф", "міф"), "myth"),
    **dict.fromkeys(("fact", "facts", "fait", "faits", "факт", "факты", "факти"), "fact"),
}
LABEL = re.compile(
    rf"(?P<label>{'|'.join(LABELS)})(?:\s*[#№]?\s*(?P<number>\d+))?(?:\s*(?::|[.–—-](?=\s))\s*(?P<text>.*)|\s*)",
    re.I | re.S,
)
YEAR_FIRST = re.compile(r"\s*\d{4}\b")
UPDATED = re.compile(r"\W*last updated\s*:\s*(?P<date>.+)", re.I | re.S)
AVAILABLE_IN = re.compile(r"\W*also available in\s*:\s*(?P<names>.+)", re.I | re.S)
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
PARAGRAPHS = ("p", "li", "dt", "dd", "td", "th", "pre", "blockquote", "figcaption", "summary")
BOXES = ("div", "section", "article", "main", "header", "form", "ul", "ol", "dl", "table", "tr", "details", "body")
BLOCKS = (*HEADINGS, *PARAGRAPHS, *BOXES)
_Part = Literal["context", "myth", "fact", "after"]
NOT_CONTENT = ("script", "style", "noscript", "template", "nav", "footer", "aside", "head")


@dataclass(frozen=True)
class _Block:
    """A paragraph or a heading, and what errors call its place."""

    text: str
    is_heading: bool
    where: str


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
class _Page:
    """What a page holds, top to bottom."""

    context: list[str] = field(default_factory=list)
    updated: str | None = None
    languages: list[str] = field(default_factory=list)
    drafts: list[_Draft] = field(default_factory=list)
    strays: list[_Block] = field(default_factory=list)


def recognises(_: str) -> bool:
    """Return true: a text or a page is read as Myth/Fact where nothing more exact is in it."""
    return True


def read(source: Source) -> Iterator[Debunk | Rejected]:
    """Yield one debunk a myth, in the page's order; a myth that cannot be one is Rejected with its line and reason."""
    text = source.text()
    page = _page(_html_blocks(text) if text.lstrip().startswith("<") else _text_blocks(text), source)
    for stray in page.strays:
        yield Rejected(f"{source.name}, {stray.where}", "a fact without a myth before it; expected `Myth: ...` first")
    if not page.drafts and not page.strays:
        yield Rejected(source.name, "met no `Myth ...` or `Claim ...` line or heading; is it a Myth/Fact page?")
    for ordinal, draft in enumerate(page.drafts, start=1):
        yield _debunk(draft, ordinal, page, source)


def _debunk(draft: _Draft, ordinal: int, page: _Page, source: Source) -> Debunk | Rejected:
    where = f"{source.name}, {draft.where}"
    if not draft.myth:
        return Rejected(where, "a myth without a text; expected it behind the label or in the next paragraph")
    if not draft.passages:
        return Rejected(where, f"no fact follows {draft.myth!r}; expected `Fact: ...` after it")
    metadata = source.metadata
    try:
        return Debunk(
            id=f"{metadata.id_prefix or _id_prefix(source)}-{draft.number or ordinal}",
            myth=draft.myth,
            lang=metadata.lang or DEFAULT_LANG,
            passages=tuple(draft.passages),
            rating=metadata.rating,
            title=metadata.title,
            url=metadata.url,
            publisher=metadata.publisher,
            updated=page.updated,
            languages=tuple(page.languages),
            context=tuple(page.context),
            document_sha256=source.sha256,
        )
    except InvalidDebunk as error:
        return Rejected(where, str(error))


def _id_prefix(source: Source) -> str:
    """Return who publishes the page and which page it is, from its URL; else its file's name."""
    name = source.name
    host = ""
    if source.metadata.url:
        parts = urlsplit(source.metadata.url)
        host, name = (parts.hostname or "").removeprefix("www."), parts.path.rstrip("/")
    stem = name.rpartition("/")[2].partition(".")[0]
    return re.sub(r"[^\w.]+", "-", f"{host}-{stem}".strip("-")) or "page"


def _page(blocks: Iterator[_Block], source: Source) -> _Page:
    """Return the page's parts, every block in its place: the introduction, a myth, a fact, or nowhere."""
    page = _Page()
    part: _Part = "context"
    for block in blocks:
        if not _read_header(block, page, source):
            part = _place(block, page, part)
    for draft in page.drafts:
        draft.settle()
    return page


def _place(block: _Block, page: _Page, part: _Part) -> _Part:
    """Put the block where it belongs, and return the part of the page that the next one stands in."""
    label = LABEL.fullmatch(block.text)
    if label is None:
        return _place_paragraph(block, page, part)
    text = (label["text"] or "").strip()
    if LABELS[label["label"].casefold()] == "myth":
        page.drafts.append(_Draft(block.where, label["number"], text))
        return "myth"
    if not page.drafts:
        page.strays.append(block)
        return part
    page.drafts[-1].passages.extend([text] if text else [])
    return "fact"


def _place_paragraph(block: _Block, page: _Page, part: _Part) -> _Part:
    if part == "context":
        page.context.append(block.text)
    elif part == "myth" and not page.drafts[-1].myth:
        page.drafts[-1].myth = block.text
    elif block.is_heading:
        return "after"  # a heading of its own ends the last fact
    elif part == "myth":
        page.drafts[-1].between.append(block.text)
    elif part == "fact":
        page.drafts[-1].passages.append(block.text)
    return part


def _read_header(block: _Block, page: _Page, source: Source) -> bool:
    """Take the page's last-updated time or its other languages from the block; return whether it was one of these."""
    if updated := UPDATED.fullmatch(block.text):
        page.updated = read_date(updated["date"], source.metadata.utc_offset) or page.updated
        return page.updated is not None
    if available := AVAILABLE_IN.fullmatch(block.text):
        page.languages = read_languages(available["names"]) or page.languages
        return bool(page.languages)
    return False


def read_date(text: str, utc_offset: str | None) -> str | None:
    """Return the day, or the time with its offset from UTC, in ISO 8601; None when it is neither."""
    day_first = (False,) if YEAR_FIRST.match(text) else (False, True)
    try:
        readings = [
            dates.parse(text, default=datetime(2000 + n, n, n, n), dayfirst=first)
            for n in (1, 2)
            for first in day_first
        ]
    except (ValueError, OverflowError):
        return None
    one, other = readings[0], readings[-1]
    if len({reading.date() for reading in readings}) > 1:
        return None  # a part of the day is missing and a default stood in for it, or 03/05 could be either
    if one.hour != other.hour:
        return one.date().isoformat()
    return one.isoformat(timespec="minutes") + ((utc_offset or "") if one.tzinfo is None else "")


def read_languages(names: str) -> list[str]:
    """Return the language tags of English language names parted by commas; none unless all are known."""
    try:
        return [langcodes.find(name.strip()).to_tag() for name in names.split(",")]
    except LookupError:
        return []


def _text_blocks(text: str) -> Iterator[_Block]:
    """Yield the paragraphs of a plain text: its lines, or in a hard-wrapped text the lines that go on joined."""
    lines = [line.strip() for line in text.splitlines()]
    is_wrapped = max(map(len, lines), default=0) <= MAX_WRAPPED_CHARS
    paragraph, start, before = "", 0, ""
    for number, line in enumerate([*lines, ""], start=1):
        if line and is_wrapped and _goes_on(before) and not LABEL.fullmatch(line):
            paragraph = f"{paragraph} {line}"
        else:
            if paragraph:
                yield _Block(paragraph, False, f"line {start}")
            paragraph, start = line, number
        before = line


def _goes_on(line: str) -> bool:
    """Return whether the line looks cut by an editor: long, no header, and its sentence does not end with it."""
    is_header = UPDATED.fullmatch(line) or AVAILABLE_IN.fullmatch(line)
    return len(line) >= MIN_WRAPPED_CHARS and not is_header and line[-1] not in '.!?…:;"”»'


def _html_blocks(html: str) -> Iterator[_Block]:
    """Yield the headings and paragraphs of an HTML page, in order, without its navigation.

    Every run of text belongs to the nearest block around it, so that text beside a paragraph is not lost.
    """
    soup = BeautifulSoup(html, "html.parser")
    for tag in soup(NOT_CONTENT):
        tag.decompose()
    for line_break in soup("br"):
        line_break.replace_with("\n")
    strings = (string for string in soup.find_all(string=True) if type(string) is NavigableString)
    for _, run in groupby(strings, key=lambda string: id(string.find_parent(BLOCKS))):
        whole = list(run)
        block = whole[0].find_parent(BLOCKS)
        text = " ".join("".join(whole).split())
        if text:
            is_heading = block is not None and block.name in HEADINGS
            yield _Block(text, is_heading, f"line {block.sourceline if block else 1}")
