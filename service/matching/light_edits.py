"""Light edits: how people change a post and leave it the same post, and small changes that make it another claim."""

import re
from collections.abc import Callable, Mapping
from random import Random

from service.matching.cues import CUE_WORDS, language_read

Edit = Callable[[str, str, Random], str]  # of a text, its language and chance

LOOK_ALIKE = str.maketrans("aeopcxАЕОРСаеорсх", "аеорсхAEOPCaeopcx")  # Latin for Cyrillic and back
LEET = str.maketrans("oeia", "0314")
TAGS = ("#NATO #truth", "#правда #война", "#wakeup", "#stopthewar #news")
BEFORE, AFTER = ("🤡 ", "🔥🔥 ", ""), (" 😂😂", " 🇷🇺❗", " 👇👇")
NOT = {"en": "not", "ru": "не", "uk": "не", "fr": "ne pas"}
WORDS_PER_TYPO = 10
TYPO_LETTERS = 4  # a word with fewer is spared


def _punctuation(text: str, lang: str, chance: Random) -> str:
    return re.sub(r"[.,;:!?«»\"—–-]+", " ", text).strip() + chance.choice(["!!!", "...", "?!"])


def _tagged_words(text: str, lang: str, chance: Random) -> str:
    return re.sub(r"\b[^\W\d_]{6,}\b", lambda word: "#" * (chance.random() < 0.4) + word[0], text)


def _typos(text: str, lang: str, chance: Random) -> str:
    """Return the text with a letter dropped, doubled or swapped in one of ten words."""
    words = text.split(" ")
    long = [place for place, word in enumerate(words) if len(word) >= TYPO_LETTERS]
    for place in chance.sample(long, min(len(long), max(1, len(words) // WORDS_PER_TYPO))):
        word, at = words[place], chance.randrange(1, len(words[place]) - 1)
        swapped = word[at + 1] + word[at]
        words[place] = word[:at] + chance.choice(["", word[at] * 2, swapped]) + word[at + 1 :]
    return " ".join(words)


def _letters(table: Mapping[int, int], share: float) -> Edit:
    """Return an edit that puts another letter in the place of some, by the table."""
    return lambda text, lang, chance: "".join(
        letter.translate(table) if chance.random() < share else letter for letter in text
    )


def _negated(text: str, lang: str, chance: Random) -> str:
    words = text.split(" ")
    words.insert(chance.randrange(1, len(words) + 1), NOT.get(lang, "not"))
    return " ".join(words)


def _affirmed(text: str, lang: str, chance: Random) -> str:
    words = "|".join(map(re.escape, (word for word in CUE_WORDS[language_read(lang)]["negations"] if "*" not in word)))
    return re.sub(rf"(?<!\w)(?:{words})(?!\w)", "", text, count=1, flags=re.I)


def _renumbered(text: str, lang: str, chance: Random) -> str:
    return re.sub(r"\d+", lambda number: str(int(number[0]) + chance.choice([1, 3, 10])), text, count=1)


LIGHT_EDITS: dict[str, Edit] = {
    "punctuation": _punctuation,
    "hashtags added": lambda text, lang, chance: f"{text} {chance.choice(TAGS)}",
    "words made hashtags": _tagged_words,
    "typos": _typos,
    "emoji": lambda text, lang, chance: chance.choice(BEFORE) + text + chance.choice(AFTER),
    "capitals": lambda text, lang, chance: text.upper(),
    "small letters": lambda text, lang, chance: text.lower(),
    "look-alike letters": _letters(LOOK_ALIKE, 0.3),
    "zero-width marks": lambda text, lang, chance: re.sub(
        r"\w", lambda m: m[0] + "\u200b" * (chance.random() < 0.15), text
    ),
    "leetspeak": _letters(LEET, 0.15),
    "address added": lambda text, lang, chance: f"{text} https://t.me/channel/12345",
    "forwarded": lambda text, lang, chance: f"RT @some_user: {text}",
}
OTHER_CLAIMS: dict[str, Edit] = {"a not added": _negated, "a not dropped": _affirmed, "another number": _renumbered}
