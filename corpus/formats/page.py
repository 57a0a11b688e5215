"""A web page as the blocks of its main text, top to bottom, with what it says of itself. Knows HTML and trafilatura."""

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import urljoin, urlsplit

import langcodes

# trafilatura finds the main text of a page by rules and measures (a release every other month; the best of the open
# tools in its field's comparisons); readability-lxml drops the buttons and hidden panels that accordions are made of.
import trafilatura
from bs4 import BeautifulSoup
from bs4.element import NavigableString, Tag
from langcodes.tag_parser import LanguageTagError

from corpus.dates import read_date
from corpus.formats.labels import Part, heading_part, is_labelled

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
TOGGLE = "summary"  # what opens and closes a panel
BOLD = "strong"
PARAGRAPHS = ("p", "li", "dt", "dd", "td", "th", "pre", "blockquote", "figcaption", TOGGLE)
BOXES = ("div", "section", "article", "main", "header", "form", "ul", "ol", "dl", "table", "tr", "details", "body")
BLOCKS = frozenset((*HEADINGS, *PARAGRAPHS, *BOXES))
TITLES = (TOGGLE, "dt", *HEADINGS[1:], "h1")  # what the blocks below belong to

NOT_CONTENT = ("script", "style", "noscript", "template", "nav", "footer", "aside", "head", "select", "svg", "iframe")
NOT_CONTENT_ROLES = ("navigation", "banner", "contentinfo", "search", "dialog", "alertdialog", "complementary", "menu")
TOGGLE_MARKS = ("aria-expanded", "aria-controls")
PANEL_MARKS = ("aria-controls", "data-target", "data-bs-target")  # which name what they open
TOGGLE_KINDS = ("collapse", "accordion", "tab", "pill")  # of data-toggle and data-bs-toggle
TOGGLE_CLASS = re.compile(
    r"(accordion|faq|toggle|collaps\w*|elementor-tab)[\w-]*(title|header|heading|question|button|trigger)\b", re.I
)
MAX_CLASS_CHARS = 300
MIN_MAIN_CHARS = 250  # where trafilatura finds less, or less than this share of a page, it has not understood it
MIN_MAIN_SHARE = 0.5
SQUASHED = re.compile(r"\W+")

PUBLISHED = ("article:published_time", "datepublished", "dc.date.issued", "dcterms.created", "date", "pubdate")
UPDATED = ("article:modified_time", "og:updated_time", "datemodified", "dcterms.modified", "last-modified")
TIME = "time"  # the first <time> of the main text, where nothing else tells when it was published


@dataclass(frozen=True)
class Block:
    """A paragraph or a heading: its text, its tag, where it stood, and the part that a table gives it, if any."""

    text: str
    where: str
    tag: str = "p"
    part: Part | None = None

    @property
    def is_title(self) -> bool:
        """Return whether what follows belongs to it."""
        return self.tag in TITLES


@dataclass(frozen=True)
class Page:
    """The blocks of a page's main text, and what the page says of itself."""

    blocks: tuple[Block, ...]
    title: str | None = None
    url: str | None = None
    publisher: str | None = None
    lang: str | None = None
    published: str | None = None
    updated: str | None = None


def read_page(html: bytes, utc_offset: str | None = None) -> Page:
    """Return the page, read in the charset that its bytes, or else itself, tell; links are resolved against its URL."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it may be a feed or a file's name: it is read as a page all the same
        soup = BeautifulSoup(html, "html.parser")
    stated = _stated(soup)
    title = stated.get("og:title") or _text_of(soup.h1) or _text_of(soup.title)
    url, lang = _url(soup, stated), _lang(soup)
    _keep_content(soup)
    time = soup.find("time", {"datetime": True})
    stated[TIME] = str(time["datetime"]) if isinstance(time, Tag) else ""
    published, updated = (_date(stated, names, utc_offset) for names in ((*PUBLISHED, TIME), UPDATED))
    blocks = tuple(_main(list(_blocks(soup)), soup))
    return Page(blocks, title, url, stated.get("og:site_name"), lang, published, updated)


def _stated(soup: BeautifulSoup) -> dict[str, str]:
    """Return what the page states of itself by property, lower case: in <meta>, or marked up in its text."""
    stated: dict[str, str] = {}
    for tag in soup(["meta", "time"]):
        name = str(tag.get("property") or tag.get("name") or tag.get("itemprop") or "").strip().lower()
        value = str(tag.get("content") or tag.get("datetime") or "").strip()
        if name and value:
            stated.setdefault(name, value)
    return stated


def _text_of(tag: Tag | None) -> str | None:
    return (" ".join(tag.get_text(" ").split()) or None) if tag else None


def _url(soup: BeautifulSoup, stated: dict[str, str]) -> str | None:
    """Return the page's own address, where it tells a whole one."""
    link = soup.find("link", {"rel": "canonical"})
    canonical = str(link.get("href") or "") if isinstance(link, Tag) else ""
    try:
        url = urljoin(stated.get("og:url", ""), canonical.strip())
        parts = urlsplit(url)
    except ValueError:
        return None
    is_whole = parts.scheme in ("http", "https") and parts.hostname and not re.search(r"\s", url)
    return url if is_whole else None


def _lang(soup: BeautifulSoup) -> str | None:
    stated = str(soup.html.get("lang") or soup.html.get("xml:lang") or "") if soup.html else ""
    try:
        tag = langcodes.standardize_tag(stated.strip().replace("_", "-"))
    except LanguageTagError:
        return None
    return tag if stated and langcodes.tag_is_valid(tag) else None


def _date(stated: dict[str, str], names: tuple[str, ...], utc_offset: str | None) -> str | None:
    """Return the first of these dates that can be read."""
    readings = (read_date(stated[name], utc_offset) for name in names if stated.get(name))
    return next(filter(None, readings), None)


def _keep_content(soup: BeautifulSoup) -> None:
    """Take out what is never content, and mark lines, labels and toggles as such."""
    for tag in [*soup(NOT_CONTENT), *soup(None, {"role": NOT_CONTENT_ROLES})]:
        tag.decompose()
    _open_panels(soup)
    for tag in soup(["button", "a", "div", "span"]):
        if not tag.decomposed:
            _settle_toggle(tag)
    for tag in soup("br"):
        tag.replace_with("\n")
    for tag in soup(["strong", "b", "em", "i", "span", "u"]):
        text = " ".join(tag.get_text().split())
        if is_labelled(text) and (tag.name in ("strong", "b") or text.endswith(":")):
            tag.insert(0, "\n")  # a label within a paragraph begins a line of its own


def _open_panels(soup: BeautifulSoup) -> None:
    """Show what a click would: trafilatura leaves out what is hidden."""
    controlled = {str(tag.get(mark) or "").lstrip("#") for mark in PANEL_MARKS for tag in soup(None, {mark: True})}
    for tag in soup(id=True):
        if tag["id"] in controlled:
            for mark in ("hidden", "aria-hidden", "style"):
                tag.attrs.pop(mark, None)


def _settle_toggle(tag: Tag) -> None:
    """Make what opens a panel of an accordion a title; take out any other button."""
    if _is_toggle(tag) and not tag.find((*HEADINGS, "p", "div", "button")):
        if tag.find_parent((*HEADINGS, TOGGLE)):
            tag.unwrap()
        else:
            tag.name = TOGGLE
    elif tag.name == "button" and not tag.find_parent((*HEADINGS, TOGGLE)):
        tag.decompose()


def _is_toggle(tag: Tag) -> bool:
    is_marked = any(tag.has_attr(mark) for mark in TOGGLE_MARKS)
    if tag.name == "button" and is_marked:
        return True
    kind = str(tag.get("data-bs-toggle") or tag.get("data-toggle") or "").lower()
    is_button = is_marked and tag.get("role") in ("button", "tab")
    is_toggle = is_button or kind in TOGGLE_KINDS or bool(TOGGLE_CLASS.search(_class(tag)[:MAX_CLASS_CHARS]))
    return is_toggle and not tag.find_parent("p")  # there it is a footnote or a tooltip


def _class(tag: Tag) -> str:
    value = tag.get("class") or ""
    return value if isinstance(value, str) else " ".join(value)


def _blocks(soup: BeautifulSoup) -> Iterator[Block]:
    """Yield the headings and paragraphs, in order; every run of text belongs to the nearest block around it."""
    parts = {id(cell): part for table in soup("table") for cell, part in _cells(table)}
    strings = (string for string in soup.find_all(string=True) if type(string) is NavigableString)
    for _, run in groupby(strings, key=lambda string: id(_block_of(string))):
        whole = list(run)
        block = _block_of(whole[0])
        around = [] if block is None or not parts else [block, *block.parents]
        part = next((parts[id(tag)] for tag in around if id(tag) in parts), None)
        where = f"line {block.sourceline if block else 1}"
        for text in _lines("".join(whole)):
            yield Block(text, where, _tag(block), part)


def _block_of(string: NavigableString) -> Tag | None:
    return next((tag for tag in string.parents if tag.name in BLOCKS), None)  # find_parent takes ten times as long


def _tag(block: Tag | None) -> str:
    """Return the tag of the block; BOLD of a paragraph that is all bold, as some editors write a heading."""
    if block is None:
        return "p"
    only = block.contents[0] if block.name == "p" and len(block.contents) == 1 else None
    return BOLD if isinstance(only, Tag) and only.name in ("strong", "b") else block.name


def _lines(text: str) -> Iterator[str]:
    """Yield the text as one line, but for labels: each begins a line of its own."""
    line = ""
    for more in (" ".join(piece.split()) for piece in text.split("\n")):
        if line and is_labelled(more):
            yield line
            line = ""
        line = f"{line} {more}".strip()
    if line:
        yield line


def _cells(table: Tag) -> Iterator[tuple[Tag, Part]]:
    """Yield the cells of a table with a Myth and a Fact column, and the column that each stands in.

    The row with the headings is taken out; a myth is made one text, and so is read as one.
    """
    rows = [row for row in table("tr") if row.find_parent("table") is table]
    for number, row in enumerate(rows):
        columns = [heading_part(cell.get_text(" ")) for cell in row(("th", "td"), recursive=False)]
        if "myth" in columns and "fact" in columns:
            row.decompose()
            for below in rows[number + 1 :]:
                yield from _cells_of(below, columns)
            return


def _cells_of(row: Tag, columns: list[Part | None]) -> Iterator[tuple[Tag, Part]]:
    cells = row(("th", "td"), recursive=False)
    for cell, part in sorted(zip(cells, columns, strict=False), key=lambda pair: pair[1] != "myth"):
        if part is None:
            cell.decompose()
            continue
        if part == "myth":
            cell.string = " ".join(cell.get_text(" ").split())
            row.insert(0, cell.extract())  # a myth comes before its fact, whichever column is first
        yield cell, part


def _main(blocks: list[Block], soup: BeautifulSoup) -> Iterator[Block]:
    """Yield the blocks of the main text as trafilatura finds it, with their headings; all where it finds too little."""
    extracted = trafilatura.extract(str(soup), favor_recall=True, include_tables=True, include_comments=False) or ""
    main = _squashed(extracted)
    is_main = [_squashed(block.text) in main for block in blocks]
    kept = sum(len(block.text) for block, is_kept in zip(blocks, is_main, strict=True) if is_kept)
    if kept < MIN_MAIN_CHARS or kept < MIN_MAIN_SHARE * sum(len(block.text) for block in blocks):
        yield from blocks
        return
    titles: list[tuple[Block, bool]] = []
    for block, is_kept in zip(blocks, is_main, strict=True):
        if block.part or is_labelled(block.text) or (is_kept and not block.is_title):
            yield from (title for title, _ in titles)
            yield block
            titles = []
        elif block.is_title:  # one that the library leaves out stays where its text does: the button of a panel
            titles = [*(before for before in titles if before[1] and is_kept), (block, is_kept)]


def _squashed(text: str) -> str:
    return SQUASHED.sub("", text).casefold()
