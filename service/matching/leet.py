"""Leetspeak: digits and signs that stand for letters inside words, and which letters."""

import re

Edit = tuple[int, int, str]  # start and end in the text that a step was given, and what stands there from now on

SURE_WORDS = 3  # so many words that are leetspeak beyond doubt make the whole text so
_CYRILLIC = re.compile(r"[\u0400-\u052f]")
_CONSONANT, _VOWEL = "[бвгджзклмнпрстфхцчшщ]", "[аеёиіїоуыэюяє]"
# where a text is written so throughout: 3 is е after a consonant, else з; 4 is а beside consonants, else ч
_E_IN_CYRILLIC = re.compile(rf"(?<={_CONSONANT})3", re.I)
_A_IN_CYRILLIC = re.compile(rf"(?<!{_VOWEL})4(?!{_VOWEL})(?=\w*[а-яіїєґ])|(?<={_CONSONANT})4", re.I)
# what digits and signs stand for; in Cyrillic 4 is А among capitals and ч else, and 1 is і in a Ukrainian text
_LEET_LATIN = dict(zip("013457@$", "oieastas", strict=True))
_LEET_CYRILLIC = dict(zip("01346@", "оизчба", strict=True))
# letters, digits, and @ $ before a letter; not in a link or an address
_LEET_TOKEN = re.compile(r"(?<![\w/=@$])[^\W_](?:[^\W_]|[@$](?=[^\W\d_]++(?!\.\w)))*+")
_INSIDE = re.compile(r"[^\W\d_][\d@$]+[^\W\d_]")
# 0 after three letters, before four (0км is a number) or three capitals; 3 that begins a word (3апад, not 3летний)
_AT_EDGE = re.compile(r"[^\d]{3,}0|0[^\d]{4,}0?|0(?=[^\d]{3}$)[A-ZА-Я]+|3[аео][^\d]{3,}0?")


def unleet(text: str) -> list[Edit]:
    """Return edits that put letters for digits inside words: N4T0, pr0m1sed, 0бещал0. Left alone: numbers of two digits
    but 00 (F16, covid19), digits at an edge alone (5G, mp3) but _AT_EDGE, digits that stand for no letter (B2B), and
    words of fewer than three letters (4х4, H1N1, M1A1), but with a 0 (N4T0, n0t). A text with SURE_WORDS such words is
    written so throughout: there th3, w4r and Ru55ia are words too.
    """
    one = "і" if set("іїєґ") & set(text.lower()) else "и"
    tokens = [found for found in _LEET_TOKEN.finditer(text) if not found.group().isalpha()]
    edits = [(*found.span(), _letters(found.group(), one)) for found in tokens]
    if sum(new != found.group() for found, (*_, new) in zip(tokens, edits, strict=True)) < SURE_WORDS:
        return edits
    return [(*found.span(), _all_letters(found.group(), one)) for found in tokens]


def _letters(token: str, one: str) -> str:
    """Return the token with letters for its digits, or as it is where they seem to be digits."""
    letters = "".join(filter(str.isalpha, token))
    is_cyrillic = _is_cyrillic(letters)
    table = _LEET_CYRILLIC | {"1": one} if is_cyrillic else _LEET_LATIN
    signs = re.sub(r"[^\W\d_]+", " ", token).split()
    is_word = len(letters) > 2 or (len(letters) == 2 and "0" in token)
    has_shape = letters.isupper() or letters[1:].islower()  # not Vote4Peace
    has_room = (is_word and _INSIDE.search(token)) or _AT_EDGE.fullmatch(token)
    if not (has_room and has_shape) or not all(sign == "00" or sign in table for sign in signs):
        return token
    if letters.isupper():
        table = {sign: letter.upper() for sign, letter in table.items()} | ({"4": "А"} if is_cyrillic else {})
    return "".join(table.get(letter, letter) for letter in token)


def _all_letters(token: str, one: str) -> str:
    """Return the token with a letter for each digit, unless it is a number or a number with its unit."""
    letters = "".join(filter(str.isalpha, token))
    if not letters or re.fullmatch(r"\d+[^\W\d_]{1,3}", token):
        return token
    table = _LEET_CYRILLIC | {"1": one} if _is_cyrillic(letters) else _LEET_LATIN
    sounded = _A_IN_CYRILLIC.sub("а", _E_IN_CYRILLIC.sub("е", token))
    spelt = "".join(table.get(letter, letter) for letter in sounded)
    return spelt.upper() if letters.isupper() else spelt


def _is_cyrillic(letters: str) -> bool:
    return 2 * len(_CYRILLIC.findall(letters)) > len(letters)
