"""The one definition of "the same wording"."""

import hashlib
import re
import sys
import unicodedata

# Python's \w leaves out the vowel signs of Hindi, Thai and many more: without them other words would be the same
MARKS = "".join(map(chr, filter(lambda code: unicodedata.category(chr(code))[0] == "M", range(sys.maxunicode + 1))))
WORDS_AND_SIGNS = re.compile(rf"[\w{MARKS}]+|[%+<>=€$£₴₽№°]|(?<!\w)-(?=\d)")


def wording(text: str) -> str:
    """Return the text's words as they are compared: compatible forms, case, spaces and punctuation do not count.

    Nothing that changes the meaning is dropped: every word and so every negation, every number, and its sign.
    """
    return " ".join(WORDS_AND_SIGNS.findall(unicodedata.normalize("NFKC", text).casefold()))


def wording_hash(text: str) -> str:
    """Return 16 hex digits that two texts share when they have the same wording."""
    return hashlib.sha256(wording(text).encode("utf-8", "surrogatepass")).hexdigest()[:16]
