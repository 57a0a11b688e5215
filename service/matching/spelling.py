"""Spelling: a text with hostile spelling made plain, for matching only, and where each character of it stood."""

import functools
import html.entities
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from service.matching.leet import Edit, unleet

PASSES = 12  # one step can lay bare work for another, as in &#35;NATO; most texts need one to three
CAPS_WORDS = 4  # a stretch of capitals with fewer words, "NATO AND EU", is a name or a heading, not shouting


@dataclass(frozen=True)
class Spelling:
    """A text spelt plainly: its character i stands for `sent[starts[i]:ends[i]]`, in code points; both only grow."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    def sent_span(self, start: int, end: int) -> tuple[int, int]:
        """Return where `text[start:end]` stood in the text as it was sent; an empty span stays empty."""
        if start < end:
            return self.starts[start], self.ends[end - 1]
        point = self.starts[start] if start < len(self.starts) else self.ends[-1] if self.ends else 0
        return point, point


def respell(sent: str) -> Spelling:
    """Return the text after all STEPS, done over until none has anything to do, so that respelling twice is respelling
    once; at most PASSES times, which takes one trick inside another a dozen deep.
    """
    spelling = Spelling(sent, range(len(sent)), range(1, len(sent) + 1))
    for _ in range(PASSES):
        before = spelling
        for step, _reason in STEPS:
            spelling = _rewrite(spelling, step(spelling.text))
        if spelling is before:
            break
    return spelling


def _rewrite(spelling: Spelling, edits: Sequence[Edit]) -> Spelling:
    """Return the spelling edited: new text of the old length stands letter for letter, other for the whole stretch."""
    text, starts, ends = spelling.text, spelling.starts, spelling.ends
    changes = [edit for edit in edits if text[edit[0] : edit[1]] != edit[2]]
    if not changes:
        return spelling
    new_text, new_starts, new_ends = list[str](), list[int](), list[int]()
    done = 0
    for start, end, new in (*changes, (len(text), len(text), "")):
        kept = end if len(new) == end - start else start
        new_text += text[done:start], new
        new_starts += starts[done:kept]
        new_ends += ends[done:kept]
        if kept == start:
            first, last = spelling.sent_span(start, end)
            new_starts += [first] * len(new)
            new_ends += [max([last, *new_ends[-1:]])] * len(new)  # a space inside what was one sign: #Ⅱa
        done = end
    return Spelling("".join(new_text), new_starts, new_ends)


def _replace(pattern: re.Pattern[str], new: Callable[[re.Match[str]], str]) -> Callable[[str], list[Edit]]:
    """Return a step that puts `new(found)` in the place of all that the pattern finds, where that is a change."""

    def step(text: str) -> list[Edit]:
        found = ((match.start(), match.group(), new(match)) for match in pattern.finditer(text))
        return [edit for start, old, plain in found if plain != old for edit in _edits(start, old, plain)]

    return step


def _edits(start: int, old: str, new: str) -> Iterator[Edit]:
    """Yield what makes `old` into `new`: cuts where cuts are enough, so that what is left keeps its own place."""
    cuts, done = list[Edit](), 0
    for i, letter in enumerate(old, start):
        if letter == new[done : done + 1]:
            done += 1
        else:
            cuts.append((i, i + 1, ""))
    yield from cuts if done == len(new) else [(start, start + len(old), new)]


# an ampersand, itself perhaps escaped any number of times, and then perhaps the rest of an entity: &amp;amp;eacute;
_ENTITY = re.compile(r"&((?:(?:amp|AMP|#0*38|#[xX]0*26);)*)((?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]\w{1,31});)?")


def _entity(found: re.Match[str]) -> str:
    """Return the character that the entity names; a name that HTML does not know stays as it is."""
    name = found[2] or ""
    return html.unescape(f"&{name}") if name.startswith("#") or name in html.entities.html5 else f"&{name}"


# control characters, soft hyphen, zero-width, bidi, fillers, variation selectors, tags; a joiner inside an emoji stays
_INVISIBLE = re.compile(
    r"[\0-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200c\u200e\u200f"
    r"\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]+"
    r"|(?<![\u2190-\u2bff\ufe0f\U0001f000-\U0001faff])\u200d+|\u200d+(?![\u2190-\u2bff\U0001f000-\U0001faff])"
)

# the marks that are heaped on Latin, Greek and Cyrillic letters; vowel signs of other scripts are not among them
_MARKS = r"\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_MARKED = re.compile(rf"([^{_MARKS}]?)([{_MARKS}]+)")


def _composed(found: re.Match[str]) -> str:
    """Return the letter composed with its marks where an alphabet has it, else without; in a heap, й stays й."""
    base, marks = found.groups()
    composed = unicodedata.normalize("NFC", base + (marks if len(marks) < 3 else marks[0]))[:1] if base else ""
    is_letter = composed <= "\u052f" or "\u1ea0" <= composed <= "\u1ef9" or not base.isalpha()
    return composed if (is_letter and len(marks) < 3) or composed in set("йёїўЙЁЇЎ") else base


_SMALL_CAPITALS = dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢɑɡ", "abcdefghijklmnoprstuvwyzag", strict=True))
# letters and digits in fancy dress: long s, ligatures, superscript, letter-like, Roman, circled, full-width, Arabic
# shapes, mathematical, squared. Not in it, as they say something of their own: ª º µ ℹ, ² ½ ①, and flags
_FANCY = re.compile(
    r"[\u017f\u01c4-\u01cc\u01f1-\u01f3\u02b0-\u02b8\u02e0-\u02e4\u1d2c-\u1d6a\u1d78\u1d9b-\u1dbf\u2071\u207f\u2090-\u209c"
    r"\u2100-\u2138\u213a-\u2188\u24b6-\u24e9\ufb00-\ufb06\ufb50-\ufefc\uff10-\uff19\uff21-\uff3a\uff41-\uff5a"
    rf"\U0001d400-\U0001d7ff\U0001f130-\U0001f149\U0001f150-\U0001f169\U0001f170-\U0001f189{''.join(_SMALL_CAPITALS)}]"
)


@functools.cache  # bounded by the class above
def _plain_letter(fancy: str) -> str:
    """Return the plain letters of a fancy one (NFKC); a sign such as № or ™ stays, though NFKC would spell it out."""
    if fancy in _SMALL_CAPITALS:
        return _SMALL_CAPITALS[fancy]
    if "\U0001f150" <= fancy <= "\U0001f189":  # white on black: NFKC has nothing for them
        return chr(ord("A") + (ord(fancy) - 0x1F150) % 32)
    plain = unicodedata.normalize("NFKC", fancy)
    is_sign = "\u2100" <= fancy <= "\u218f" and unicodedata.category(fancy) == "So"
    return plain if plain.isalnum() and not is_sign else fancy


# a word with a letter in it after one or more number signs; "C#", "#1" and the "&#" of a broken entity are none
_SMALL_CAPITAL = re.compile(r"[a-zß-öø-ÿа-џ][A-ZÀ-ÖØ-ÞЀ-Я]")
_HASHTAG = re.compile(r"(?<![\w&#＃])[#＃]++(?=[\d_]*+[^\W\d_])(\w+)")


def _untag(text: str) -> list[Edit]:
    """Return edits that take the # off a hashtag and part its words: at capitals, underscores and a year."""
    edits = list[Edit]()
    for found in _HASHTAG.finditer(text):
        edits.append((found.start(), found.start(1), ""))
        tag, start = found[1], found.start(1)
        edits += [(start + i, start + i + (tag[i] == "_"), " ") for i in range(1, len(tag)) if _begins_word(tag, i)]
    return edits


def _begins_word(tag: str, i: int) -> bool:
    """Return whether a new word begins at the i-th character: stopNato, NATOStop, stop_nato, stop2022."""
    before, here = tag[i - 1], tag[i]
    if "_" in (before, here):
        return here == "_"
    if before in "LD" and tag[i:].startswith(("OTAN", "ONU", "UE")):  # #LOTANMent
        return True
    if here.isdecimal() != before.isdecimal():
        digits = tag[max(0, i - 5) : i] if before.isdecimal() else tag[i : i + 5][::-1]
        return re.search(r"(?:^|\D)\d{4}$", digits) is not None  # a year; COVID19 stays one word
    return here.isupper() and (before.islower() or (before.isupper() and tag[i + 1 : i + 2].islower()))


# words of one letter in Russian, Ukrainian, English, French, Italian, Spanish: a row of them is no spaced-out word
_LETTER_WORDS = frozenset("авийкосуяєзіaàeèiouyé")
_LETTER = r"[A-Za-zÀ-ÖØ-öø-ɏΆ-ώЀ-ҁҊ-ԯ](?![^\W_]|['’][^\W_])"
_SPACED = re.compile(rf"(?<![\w'’.\-]){_LETTER}(?:[ \t\xa0]{{1,8}}{_LETTER}){{2,}}")
# N.A.T.O., N-A-T-O, N*A*T*O: the same sign between all
_DOTTED = re.compile(rf"(?<![^\W_])(?<!['’]){_LETTER}([._*·•|~–-]){_LETTER}(?:\1{_LETTER})+(\.?)")


def _close_up(found: re.Match[str]) -> str:
    """Return the letters of "N A T O   l i e d" as words, parted where a gap is wider than the narrowest. Left alone:
    all but one are words ("и я с"; all, if in capitals), capitals after small letters ("А и Б"), a list ("a b c").
    """
    parts = re.split(r"(\s+)", found.group())
    row, gap = "".join(parts[::2]), min(map(len, parts[1::2]))
    strangers = sum(letter.lower() not in _LETTER_WORDS for letter in row)
    closed = "".join(part if i % 2 == 0 else " " * (len(part) > gap) for i, part in enumerate(parts))
    if _SMALL_CAPITAL.search(closed) or strangers < (1 if row.isupper() else 2) or _is_list(row):
        return found.group()
    return closed


def _undot(found: re.Match[str]) -> str:
    """Return N.A.T.O. closed up, without its last stop if that ends no sentence; U.S. is too short, a.b.c is a list."""
    sign, last = found.groups()
    row = found.group().removesuffix(last).replace(sign, "")
    if _is_list(row):
        return found.group()
    rest = found.string[found.end() : found.end() + 2]
    return row + last if sign != "." or (rest[:1].isspace() and rest[1:].isupper()) else row


def _is_list(row: str) -> bool:
    """Return whether the letters count up through the alphabet."""
    return all(ord(after) - ord(before) == 1 for before, after in pairwise(row))


# Latin, Cyrillic, Greek of one look, "-" for none, from https://www.unicode.org/Public/security/latest/confusables.txt
# Not the library confusable-homoglyphs 3.3.1 (MIT, 2024-01-30): it reads 0.9 MB of JSON on import and lists whatever
# may be confused, also l with I and o with σ, but not which letter of an alphabet is meant, nor the pairs of _LOOSE.
_ALIKE = "AАΑ BВΒ CС- EЕΕ HНΗ IІΙ KКΚ MМΜ OОΟ PРΡ TТΤ XХΧ YУΥ ÏЇΪ ËЁ- N-Ν Z-Ζ aаα cс- eе- iіι oоο pрρ xхχ yуγ ïї- ëё-"
_LOOSE = "kкκ mм- tт-"  # alike enough to pass inside a word of another script, too unlike to be all of a word
_RARE = "ЅS ЈJ ѕs јj ԁd һh ԛq ԝw ѵv ӏl ӀI ԌG ԚQ ԜW үy ҮY ЬB"  # Latin for Cyrillic, in a Latin word; never the other way
_SCRIPTS = {
    "Latin": re.compile("[A-Za-zÀ-ÖØ-öø-ɏḀ-ỿ]"),
    "Cyrillic": re.compile("[\u0400-\u0482\u048a-\u052f]"),
    "Greek": re.compile("[\u0370-\u03ff\u1f00-\u1fff]"),
}
# acronyms and names of look-alike letters only, that are at home among words of the other script
_AT_HOME = re.compile("НАТО|ЕС|СССР|ВСУ|СВО|АТО|ТАСС|ВМС|ВВС|ABC|AC|AP|BBC|BP|CEO|EXPO|HBO|MAX|OK|OPEC|PC|POP|TOP|XXX")
_ROMAN = re.compile(r"(?=.)(?:XL)?X{0,3}(?:IX|IV|V?I{0,3})", re.IGNORECASE)


def _look_alikes(*tables: str) -> dict[str, dict[str, str]]:
    """Return for each script what the look-alike letters of the others become in it."""
    rows = [row for table in tables for row in table.split()]
    return {
        script: {letter: row[i] for row in rows for letter in row if row[i] != "-" and letter not in (row[i], "-")}
        for i, script in enumerate(("Latin", "Cyrillic", "Greek"))
    }


_WHOLE, _MIXED = _look_alikes(_ALIKE), _look_alikes(_ALIKE, _LOOSE)
_MIXED["Latin"] |= {pair[0]: pair[1] for pair in _RARE.split()}


class _Word(NamedTuple):
    """A word, the number of its sentence, whether it mixes scripts, and the scripts that it may be read in."""

    start: int
    text: str
    sentence: int
    is_mixed: bool
    scripts: tuple[str, ...]


_SENTENCE = re.compile(r"[^.!?…\n]+")
_TOKEN = re.compile(r"[^\W_]+(?:-\d[^\W_]*)?")  # MH-17 is one


def _unmask(text: str) -> list[Edit]:
    """Return edits that put each word into one script: the only one that can spell it, else that of its neighbours,
    else that of most of its letters. A word of one script that both could spell (HATO) has neighbours alone to go by.
    """
    if sum(pattern.search(text) is not None for pattern in _SCRIPTS.values()) < 2:
        return []
    words = list(_words(text))
    heard = {(word.sentence, word.scripts[0]) for word in words if len(word.scripts) == 1}
    return [
        (word.start, word.start + len(word.text), "".join(_MIXED[script].get(letter, letter) for letter in word.text))
        for word, near in zip(words, _neighbours(words), strict=True)
        if (script := _script(word, near))  # a word of one letter is at home among its own: the і of "Це Zoom і Viber"
        and (len(word.text) > 1 or (word.sentence, word.scripts[0]) not in heard)
    ]


def _words(text: str) -> Iterator[_Word]:
    """Yield the words that have a letter of the scripts we know."""
    for number, sentence in enumerate(_SENTENCE.finditer(text)):
        for found in _TOKEN.finditer(text, *sentence.span()):
            word, letters = found.group(), set(found.group())
            present = [script for script, pattern in _SCRIPTS.items() if pattern.search(word)]
            if len(present) > 1:
                foreign = {s: {c for c in letters if c.isalpha() and not _SCRIPTS[s].match(c)} for s in present}
                scripts = [script for script in present if foreign[script] <= _MIXED[script].keys()]
                yield _Word(found.start(), word, number, True, tuple(scripts))
            elif present:
                others = [s for s in ("Latin", "Cyrillic") if s != present[0] and letters <= _WHOLE[s].keys()]
                yield _Word(found.start(), word, number, False, (present[0], *others))


def _neighbours(words: Sequence[_Word]) -> list[str]:
    """Return for each word the script of the nearest words that can be of one script only, in its sentence if there are
    any; "" where the one before and the one after differ.
    """
    before, after = list[_Word | None](), list[_Word | None]()
    for side, row in ((before, words), (after, reversed(words))):
        nearest: _Word | None = None
        for word in row:
            side.append(nearest)
            nearest = word if len(word.scripts) == 1 else nearest
    near = list[str]()
    for word, sides in zip(words, zip(before, reversed(after), strict=True), strict=True):
        both = [side for side in sides if side]
        scripts = {side.scripts[0] for side in [side for side in both if side.sentence == word.sentence] or both}
        near.append(scripts.pop() if len(scripts) == 1 else "")
    return near


def _script(word: _Word, near: str) -> str:
    """Return the script to put the word into, "" to leave it: a label (витамин C), a numeral (XX век), a name (BBC)."""
    if len(word.scripts) < 2:
        return "".join(word.scripts) if word.is_mixed else ""
    if near not in word.scripts:  # Greek letters in a Russian text stand for Latin ones, where Cyrillic lacks the look
        most = max(word.scripts, key=lambda script: len(_SCRIPTS[script].findall(word.text)))
        return most if word.is_mixed else "Latin" if (most, near) == ("Greek", "Cyrillic") else ""
    if word.is_mixed or (word.text == "i" and near == "Cyrillic"):
        return near
    is_label = len(word.text) == 1 and word.text.isupper()
    is_latin = is_label or "i" in word.text.lower() or _ROMAN.fullmatch(word.text)  # no Russian word has an i
    return "" if _AT_HOME.fullmatch(word.text) or (near == "Cyrillic" and is_latin) else near


# they keep their capitals in a text of capitals; not UN, which is French and Italian for "a"
_ACRONYM = re.compile(f"NATO|НАТО|OTAN|US|USA|EU|EC|СССР|США|ЕС|ООН|РФ|{_ROMAN.pattern}")


def _lower(text: str) -> list[Edit]:
    """Return edits that put a text or sentence in capitals into small letters, but acronyms, numerals, F16 and Т-72."""
    edits = list[Edit]()
    stretches = [(0, len(text))] if text.isupper() else [found.span() for found in _SENTENCE.finditer(text)]
    for start, end in stretches:
        words = list(_TOKEN.finditer(text, start, end)) if text[start:end].isupper() else []
        if sum(len(found.group()) > 1 and found.group().isalpha() for found in words) < CAPS_WORDS:
            continue
        for found in words:
            word = found.group()
            if word.isalpha() and not _ACRONYM.fullmatch(word):
                edits.append(
                    (*found.span(), "".join(letter.lower()[0] for letter in word))
                )  # [0]: small İ is i and a dot
    return edits


_WORD = re.compile(r"[^\W\d_]+")
# three of a consonant inside a word, as in Schifffahrt, and three or more of any letter
_RUN = re.compile(r"(?-i:(?<=[a-zäöü])([flmnprst])\1\1(?!\1)(?=[a-zäöü]))|([^\W\d_])\2\2+", re.IGNORECASE)
_TRIPLED = re.compile("www|wwiii|ссср|cccp|ооо|длинношеее", re.IGNORECASE)


def _squeeze(found: re.Match[str]) -> str:
    """Return the word with one letter for three or more of the same (liiiies), but www, СССР, Roman numerals, JCCC."""
    word = found.group()
    if _TRIPLED.fullmatch(word) or _ROMAN.fullmatch(word) or (len(word) < 5 and word.isupper()):
        return word
    return _RUN.sub(lambda run: run[2] if (run[2] or "").isalpha() else run.group(), word)


_GAP, _BREAK = re.compile(r"[\s\u2800]+"), re.compile(r"[\n\r\v\f\x85\u2028\u2029]")

# the order is that of the reasons: what a step needs plain, an earlier one has made plain
STEPS: tuple[tuple[Callable[[str], list[Edit]], str], ...] = (
    (_replace(_ENTITY, _entity), "pages that are copied as source carry &#1053; for Н, and are escaped twice"),
    (_replace(_INVISIBLE, lambda found: ""), "a reader sees no zero-width space, but a tokenizer does"),
    (_replace(_MARKED, _composed), "heaped marks hide a word; й in two code points is another token than й in one"),
    (_replace(_FANCY, lambda found: _plain_letter(found.group())), "𝐍𝐀𝐓𝐎 and ⓃⒶⓉⓄ read as NATO"),
    (_untag, "a hashtag is a sentence without spaces"),
    (_replace(_SPACED, _close_up), "N A T O; before spaces are merged, as a wider gap parts words"),
    (_replace(_DOTTED, _undot), "N.A.T.O. and N-A-T-O slip through word filters"),
    (unleet, "N4T0; before scripts, as digits are of none"),
    (_unmask, "НАТО with a Latin A is another word to every index; judged when its letters are together"),
    (_replace(_WORD, _squeeze), "liiiies; before capitals, that НАТООО is known for an acronym"),
    (_lower, "an encoder has seen few texts in capitals"),
    (_replace(re.compile(r"([!?])\1\1+|\.{4,}"), lambda found: found[1] or "..."), "!!!! says no more than !"),
    (_replace(_GAP, lambda gap: "".join(_BREAK.findall(gap[0])) or " "), "line breaks part claims, other gaps not"),
)
