"""The language that a text is in; the only file that knows py3langid."""

import math
import re
from functools import cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier

UNDETERMINED = "und"  # BCP 47's tag for it

# The library knows 139 languages; on short posts the rarest of them (Nigerian Pidgin, Ligurian, Volapük) take texts
# from English and Italian. Kept are those that posts come in, and those whose neighbours would else take their texts.
LANGUAGES = "en ru uk be bg sr fr de nl es pt it ro pl cs sk hr hu sv da no fi lt lv et tr el ar fa he hi zh ja ko"
OWN_SCRIPT = "am bn gu hy ka km kn lo ml my pa si ta te th"  # nothing else is written in these scripts

# How often each language in Cyrillic is expected: posts about Ukraine come in Russian and Ukrainian alike, and in
# either some thirty times as often as in one of the small neighbours, which else take short Russian texts.
CYRILLIC_PRIOR = {"ru": 30, "uk": 30, "be": 1, "bg": 1, "sr": 1}

NOT_SAID = re.compile(r"(?:https?://|www\.)\S+|[@#]\w+")  # addresses and handles look English in every language


def find_language(text: str) -> str:
    """Return the BCP 47 tag of the language that most of the text is in; "und" when nothing tells.

    The first call loads the model (4.6 MB, under a second); the same text has the same answer in every thread.
    """
    said = NOT_SAID.sub(" ", text)
    if not any(map(str.isalpha, said)):
        return UNDETERMINED
    log_likelihood = dict(_identifier().rank(said))
    language = max(log_likelihood, key=log_likelihood.__getitem__)
    if log_likelihood[language] == min(log_likelihood.values()):  # the model met nothing that it knows
        return UNDETERMINED
    if language in CYRILLIC_PRIOR:
        return max(CYRILLIC_PRIOR, key=lambda tag: log_likelihood[tag] + math.log(CYRILLIC_PRIOR[tag]))  # Bayes' rule
    return str(language)


@cache
def _identifier() -> LanguageIdentifier:
    """Return the library's model; it is only read once built, so that two threads that both load it do no harm."""
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages([*LANGUAGES.split(), *OWN_SCRIPT.split()])
    return identifier
