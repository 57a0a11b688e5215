"""Plain text of what publishers put into text fields: HTML, entities and escapes of escapes undone."""

import html
import re

from bs4 import BeautifulSoup

BLOCKS = "address article aside blockquote br dd div dl dt figcaption figure h1 h2 h3 h4 h5 h6 hr li ol p pre section"
BLOCKS += " table td th tr ul"
INLINE = "a abbr b cite code em font i img ins mark q s small span strong sub sup time u"
NOT_CONTENT = ("script", "style", "iframe", "noscript")

# A tag that HTML knows, so that "a<b and c>d" is none.
TAG = re.compile(
    rf"</?(?:{'|'.join((*BLOCKS.split(), *INLINE.split(), *NOT_CONTENT))})"
    r"""(?:\s+[\w:-]+\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'<>]+))*\s*/?>|<!--""",
    re.I,
)
BLOCK_TAG = re.compile(rf"<(?:{'|'.join(BLOCKS.split())})\b", re.I)
ESCAPED_CHARS = re.compile(r"(?:\\u[0-9a-fA-F]{4})+")
ESCAPED_MARK = re.compile(r"""\\+(["'/])""")
ESCAPED_BREAK = re.compile(r"(?<!\w:)\\+(?:r\\+)?[nrt](?![a-zа-я])")  # not in C:\news
BLANK_LINE = re.compile(r"\n[^\S\n]*\n\s*")
SPACES = re.compile(r"[^\S\n]+")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\ufeff\ufffe\uffff\ud800-\udfff]")
MAX_UNDONE = 3  # "&amp;amp;quot;" has been met


def plain(text: str) -> str:
    """Return the text without tags, entities, escapes and control characters; blank lines part its paragraphs."""
    if "\\" in text:
        text = _without_escapes(text)
    for _ in range(MAX_UNDONE):
        if "&" not in text or (undone := html.unescape(text)) == text:
            break
        text = undone
    if "<" in text and TAG.search(text):
        text = _without_tags(text)
    text = CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return SPACES.sub(" ", text).strip()


def one_line(text: str) -> str:
    """Return the plain text with single spaces for line breaks."""
    return " ".join(plain(text).split())


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of the plain text: what blank lines part, or line breaks where there is no blank line."""
    text = plain(text)
    parts = BLANK_LINE.split(text) if BLANK_LINE.search(text) else text.split("\n")
    return [part.strip() for part in parts if part.strip()]


def _without_escapes(text: str) -> str:
    r"""Return the text with what was escaped twice undone: \u2019, \", \/ and \n."""
    text = ESCAPED_CHARS.sub(_unescaped, text)
    return ESCAPED_MARK.sub(r"\1", ESCAPED_BREAK.sub("\n", text))


def _unescaped(match: re.Match[str]) -> str:
    units = bytes.fromhex(match[0].replace("\\u", ""))
    return units.decode("utf-16-be", "ignore")  # half of a surrogate pair says nothing


def _without_tags(text: str) -> str:
    if BLOCK_TAG.search(text):
        text = " ".join(text.split())  # where tags part the paragraphs, line breaks do not
    soup = BeautifulSoup(text, "html.parser")
    for tag in soup(NOT_CONTENT):
        tag.decompose()
    for tag in soup(BLOCKS.split()):
        tag.insert_before("\n" if tag.name == "br" else "\n\n")
        tag.insert_after("" if tag.name == "br" else "\n\n")
    return soup.get_text()
