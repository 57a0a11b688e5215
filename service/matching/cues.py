"""Cues: the words and signs by which a sentence repeats, denies or reports a myth, and what they reach."""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

CUE_WORDS = tomllib.loads((Path(__file__).parent / "cue_words.toml").read_text(encoding="utf-8"))
ALIKE = CUE_WORDS.pop("alike")  # languages that are read with a neighbour's words
CLAUSE = re.compile(r"[,;:()…]|\.\.\.| [-–—] |\b(?:but|but|и|но|а|але|та|mais|aber|ale|pero|ma)\b")
QUOTES = re.compile(r"[«»“”„\"]|(?<!\w)['‘]\w")
WORDS_BETWEEN = 3  # a negation turns a debunk word round that follows within so many words: "this is not a myth"


@dataclass(frozen=True)
class Cues:
    """What a sentence shows, each 0 or 1 (counts up to 2 in `negations`); `turned` compares it with the myth."""

    negations: float  # not, never, nobody
    turned: float  # 1 where the sentence is negated and the myth is not, or the other way round
    debunks: float  # myth, fake, nonsense: and not turned round
    confirms: float  # "not a myth", "no fairy tale", "true", "proved"
    conceals: float  # "they will never admit it", "hushed up": a negation that belongs to the repeated myth
    reports: float  # says, claims, according to
    spreads: float  # going round, viral, rumour, the post that says
    hedges: float  # allegedly, so-called
    believes: float  # whoever believes it, fell for, swallowed
    checks: float  # fact-check, in fact, actually, the record shows
    question: float  # a question mark
    negated_question: float  # "isn't it", "was that not": a question that asserts
    quotes: float  # quotation marks
    exclaims: float  # an exclamation mark
    late_negation: float  # a negation in another clause than the first words
    debunk_first: float  # a debunk word in the first clause


NAMES = tuple(field.name for field in fields(Cues))


def cues_of(sentence: str, lang: str, myth: str, myth_lang: str) -> Cues:
    """Return the cues of a sentence in the light of a myth; a language without words of its own is read as English."""
    text = _lowered(sentence)
    first_clause = CLAUSE.split(text, maxsplit=1)[0]
    negated, myth_negated = count("negations", text, lang), count("negations", _lowered(myth), myth_lang)
    turned_debunks = len(_turned(lang).findall(text))
    debunks = max(0, count("debunks", text, lang) - turned_debunks)
    conceals = count("conceals", text, lang) > 0
    question = "?" in text
    return Cues(
        negations=float(min(2, negated)),
        turned=float((negated > 0) != (myth_negated > 0)),
        debunks=float(debunks > 0),
        confirms=float(turned_debunks > 0 or count("confirms", text, lang) > 0),
        conceals=float(conceals),
        reports=float(count("reports", text, lang) > 0),
        spreads=float(count("spreads", text, lang) > 0),
        hedges=float(count("hedges", text, lang) > 0),
        believes=float(count("believes", text, lang) > 0),
        checks=float(count("checks", text, lang) > 0),
        question=float(question),
        negated_question=float(question and negated > 0),
        quotes=float(bool(QUOTES.search(text))),
        exclaims=float("!" in text),
        late_negation=float(negated > 0 and not count("negations", first_clause, lang)),
        debunk_first=float(debunks > 0 and count("debunks", first_clause, lang) > 0),
    )


def row_of(cues: Cues) -> npt.NDArray[np.float64]:
    """Return the cues as a row, in the order of NAMES."""
    return np.array([getattr(cues, name) for name in NAMES])


def count(kind: str, text: str, lang: str) -> int:
    """Return how many cue words of that kind a lower-case text has."""
    return len(_pattern(kind, language_read(lang)).findall(text))


def words_met(kind: str, text: str, lang: str) -> list[str]:
    """Return the words of that kind that a text has, each as it stands in its table and in the table's order."""
    lowered = _lowered(text)
    if not count(kind, lowered, lang):
        return []
    return [word for word in CUE_WORDS[language_read(lang)][kind] if _word_pattern(word).search(lowered)]


def language_read(lang: str) -> str:
    """Return the language whose words a text in `lang` is read with."""
    language = lang.split("-")[0].lower()
    language = ALIKE.get(language, language)
    return language if language in CUE_WORDS else "en"


def _lowered(text: str) -> str:
    return text.casefold().replace("’", "'").replace("ʼ", "'").replace("ё", "е")


@cache
def _pattern(kind: str, lang: str) -> re.Pattern[str]:
    """Return the words of a table as one pattern; `*` stands for any ending."""
    return re.compile(_any_of(CUE_WORDS[lang][kind]))


@cache
def _word_pattern(word: str) -> re.Pattern[str]:
    return re.compile(_one(word))


def _turned(lang: str) -> re.Pattern[str]:
    return _turned_pattern(language_read(lang))


@cache
def _turned_pattern(lang: str) -> re.Pattern[str]:
    """Return a negation with a debunk word soon after it."""
    negation, debunk = (_any_of(CUE_WORDS[lang][kind]) for kind in ("negations", "debunks"))
    return re.compile(rf"(?:{negation})(?:\W+\w+){{0,{WORDS_BETWEEN - 1}}}?\W+(?:{debunk})")


def _any_of(words: Iterable[str]) -> str:
    """Return a pattern for any of the words."""
    return "|".join(map(_one, words))


def _one(word: str) -> str:
    pattern = re.escape(word.rstrip("*")).replace(r"\ ", r"\W+")
    left = "" if word.startswith("n't") else r"(?<!\w)"
    return f"{left}{pattern}" + (r"\w*" if word.endswith("*") else r"(?!\w)")
