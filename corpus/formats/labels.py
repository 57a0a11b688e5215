"""The words that begin a myth and a fact on other people's pages, in the languages that they are written in."""

import re
from typing import Literal

Part = Literal["myth", "fact"]


def _labels(myths: str, facts: str) -> dict[str, Part]:
    return {**dict.fromkeys(myths.split(), "myth"), **dict.fromkeys(facts.split(), "fact")}


# English, French, Russian, Ukrainian, German, Spanish, Italian, Portuguese, Polish; lower case, as casefold leaves it.
LABELS: dict[str, Part] = {
    "idée reçue": "myth",
    "common misconception": "myth",
    **_labels(
        "myth claim fiction rumor rumour misconception disinfo disinformation mythe миф міф mythos mythus irrtum mito",
        "fact facts reality truth fait faits réalité realite vérité факт факты реальность правда факти реальність fakt"
        " fakten realität wahrheit tatsache hecho hechos verdad realidad fatto fatti realtà verità fato fatos verdade"
        " realidade fakty prawda rzeczywistość",
    ),
}

# Words that also tell a verdict ("False: there is no such law"), or are common ones in another language, as "mit" is in
# German; read as labels where a page has no myth by the words above.
WEAK_LABELS: dict[str, Part] = {
    **LABELS,
    **_labels(
        "mit fake фейк intox bulo bufala false faux falsch falso falsa fałsz ложь неправда брехня",
        "true vrai wahr richtig verdadero verdadera cierto vero verdadeiro",
    ),
}

COLUMN_HEADINGS: dict[str, Part] = {  # of a table, where plurals stand too
    **WEAK_LABELS,
    **_labels(
        "myths claims mythes mythen mitos miti mity мифы міфи фейки fakes falsehoods fictions",
        "truths realities réalités vérités verdades realidades prawdy",
    ),
}


def _pattern(labels: dict[str, Part], after: str) -> re.Pattern[str]:
    words = "|".join(sorted(map(re.escape, labels), key=len, reverse=True))
    article = r"(?:(?:the|le|la|les|el|il|lo|der|die|das|o|a)\s+)?"
    number = r"(?:\s*(?:#|№|n[o°ºr]\.?)?\s*(?P<number>\d+))?"
    return re.compile(
        rf"(?:\W*(?P<before>\d+)\s*[.):]\s*)?[«“„\"*]*{article}(?P<label>{words})\b{number}{after}", re.I | re.S
    )


# A label stands alone, or its text follows a colon, or a dot or a dash with a space.
LABEL = _pattern(LABELS, r"(?:\s*(?::|[.–—-](?=\s))\s*(?P<text>.*)|\s*)")
WEAK_LABEL = _pattern(WEAK_LABELS, r"(?:\s*:\s*(?P<text>.*)|\s*)")

# Titles that say that what stands below them are myths; a page about disinformation often lists advice instead.
ABOUT_MYTHS = re.compile(
    r"\b(myth|misconception|mythe|mythos|mythen|irrtümer|idées? reçues?|mito|mity|mitów|bulos?\b|bufal|миф|міф)", re.I
)
NUMBERED = re.compile(r"\W*(?P<number>\d{1,3})\s*[.):–—-]\s*(?P<text>\D.*)", re.S)
CLOSING_MARKS = " \"'”’»)]"


def is_question(text: str) -> bool:
    """Return whether the text asks something."""
    return text.rstrip(CLOSING_MARKS).endswith(("?", "？", "؟"))


def heading_part(text: str) -> Part | None:
    """Return what the column of a table with that heading holds."""
    words = " ".join(re.sub(r"[\W\d_]+", " ", text.casefold()).split())
    return COLUMN_HEADINGS.get(words) or COLUMN_HEADINGS.get(words.removeprefix("the "))


def is_labelled(text: str) -> bool:
    """Return whether the text begins with a label, or is one."""
    return bool(LABEL.fullmatch(text) or WEAK_LABEL.fullmatch(text))
