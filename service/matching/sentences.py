"""The sentences of a text, each by where it stands; the only file that knows sentencex."""

import re
from collections.abc import Iterator

# sentencex (Wikimedia, MIT, Rust) counts code points, has abbreviations of en, ru, uk, fr and many more, and splits an
# unknown language like English. pysbd lacks Ukrainian, Punkt wants a download, neural splitters want a second model.
# What it lacks for posts is added around it here: it swallows quotations whole, ends a sentence after "т.е." and "M.",
# does not see emoji, and needs squared time for some texts.
import sentencex

Span = tuple[int, int]

WINDOW_CHARS = 500  # the library's time grows with the square of what it is given: it is given no more at once
MAX_SENTENCE_WORDS = 60  # a longer one is a run-on, and is cut
MAX_PIECE_WORDS = 40  # as long as a spoken sentence gets; an encoder of 512 tokens takes it whole in every language
MIN_PIECE_WORDS = 8  # a shorter piece is seldom a claim
MAX_WORD_CHARS = 40  # so that writing without spaces is cut as well
LOOK_BACK_CHARS = 80  # enough for two words before an emoji

QUOTES = '"«»“”„‟‹›「」『』〝〞＂`*_'  # with the marks of bold and italic
CLOSERS = "\"'”’»›“‘)]}」』*_`"
OPENERS = "\"'“„«‹‘‚([{「『¿¡#@$€£₴₽&<"
FINAL = ".!?…:;。！？؟।։"
CONJUNCTIONS = (
    "and but or because while so which who that then и а но или потому что чтобы пока затем і й та але або бо що щоб "
    "et mais ou car donc que qui und aber oder weil dass e ma perché che y pero porque i ale bo że"
)
CONJUNCTION_SET = frozenset(CONJUNCTIONS.split())
EMOJI = r"\U0001F300-\U0001FAFF\u2600-\u2763\u2765-\u2793\u2B50\u2B55"  # no flags, arrows and ❤: they are used as words
EMOJI_RUN = rf"[{EMOJI}](?:\s?[{EMOJI}\uFE0F\u200D])*"
SMILE = re.compile(rf"{EMOJI_RUN}|:-?[()]+|\){{2,}}")
EMOJI_AFTER = re.compile(rf"\s*{EMOJI_RUN}")
QUOTE_AFTER = re.compile(r"[\"'”’»›“‘」』*_`]+(?!\w)|[ \u00A0\u202F]»")  # French sets a space before the closing quote
BULLET = re.compile(
    rf"\s*(?:[•*‣▪●○◦■□►▶→⇒✓>{EMOJI}]|[-–—](?!\d)|\d{{1,3}}\uFE0F?\u20E3|\d{{1,3}}\s?[.):/–—-](?!\d)|[^\W\d_]\))"
)
MASKED = re.compile(r"(?P<url>(?:https?://|www\.)\S*[\w/])|(?<!\w)['’‘]|['’‘](?!\w)|[\s\uD800-\uDFFF]")
MASKED_QUOTES = str.maketrans(dict.fromkeys(QUOTES, " "))
ITEM_NUMBER = re.compile(r"\W*\d{1,3}[.)]{1,2}\s*")
GOES_ON = re.compile(r"\s*[-–—]\s*[^\W\d_A-ZА-ЯІЇЄҐ]")  # "Stop!" - he said
INITIAL = re.compile(r"(?<![\w.])[A-ZÀ-ÞА-ЯІЇЄҐŁŚŠŽČ]\.$|(?<!\w)(?:[А-ЯІЇЄҐ]\.){2}$")  # J. Smith, В.В. Путин
WORD = re.compile(rf"\S{{1,{MAX_WORD_CHARS}}}")

# Abbreviations that the library lacks. "т.е" stands for "т. е." as well.
NEVER_LAST = {
    "en": "mr mrs ms dr prof gen col lt sgt capt gov sen rep rev hon adm maj e.g i.e vs cf approx",
    "ru": "т.е т.к т.н т.ч г-н г-жа проф акад доц ген полк см ср напр ок ул просп им г о с",
    "uk": "т.зв т.ч т.к проф акад доц ген полк див напр бл вул просп ім м о с р",
    "fr": "mme mlle mm dr pr me mgr cf env av st ste gén p.ex c.-à-d",
    "de": "hr fr dr prof z.b d.h u.a ca bzw vgl sog",
    "it": "sig dott prof avv on es",
}
BEFORE_NUMBER = (
    "no nos vol fig art p pp ch sec nr ст рис п пп ч стр табл мал т pag abb env ca "
    "jan feb mar apr jun jul aug sep sept oct nov dec janv févr avr juil déc янв фев апр авг сент окт нояб дек"
)
BEFORE_LOWER = "тыс тис млн млрд руб грн долл дол чел govt dept inc ltd co corp"  # "5 млн. Потом" is an end
OFTEN_LAST = "etc т.д т.п др ін usw ecc itd itp"  # end a sentence before a capital; the library says never


def _ending(abbreviations: str) -> re.Pattern[str]:
    """Return the pattern of a text that ends with one of the abbreviations and its stop."""
    listed = "|".join(re.escape(one).replace(r"\.", r"\.\s?") for one in abbreviations.split())
    return re.compile(rf"(?<!\w)(?:{listed})\.$", re.IGNORECASE)


NEVER_LAST_ENDING = {lang: _ending(abbreviations) for lang, abbreviations in NEVER_LAST.items()}
BEFORE_NUMBER_ENDING = _ending(BEFORE_NUMBER)
BEFORE_LOWER_ENDING = _ending(BEFORE_LOWER)
OFTEN_LAST_WITHIN = re.compile(_ending(OFTEN_LAST).pattern.removesuffix("$") + r"(?=\s)|…", re.IGNORECASE)


def split(text: str, lang: str) -> list[Span]:
    """Return the (start, end) of each sentence in code points, in order, without overlap, white space and bullets.

    Every letter and digit of the text is in a span. `lang` is a BCP 47 tag, of which the language alone counts. A line
    break ends a sentence only after a final stop or emoji, beside a blank line, or before a bullet or a number.
    A sentence over MAX_SENTENCE_WORDS is cut into pieces of at most MAX_PIECE_WORDS.
    """
    language = lang.split("-")[0].lower()
    return [
        span
        for start, end in _blocks(text)
        for sentence in _sentences(text, start, end, language)
        for piece in _pieces(text, *sentence)
        if (span := _strip(text, *piece))
    ]


def _blocks(text: str) -> Iterator[Span]:
    """Yield stretches of lines that no line break ends: each list item, heading and paragraph."""
    start = at = 0
    previous = ""
    for line in text.splitlines(keepends=True):
        if at > start and (_ends_block(previous) or BULLET.match(line)):
            yield start, at
            start = at
        at += len(line)
        previous = line
    if at > start:
        yield start, at


def _ends_block(line: str) -> bool:
    """Return whether a line break after this line ends a sentence: the line is blank, or ends with a stop or emoji."""
    last = line.rstrip().rstrip(CLOSERS + "\ufe0f").rstrip()[-1:]
    return last in FINAL or SMILE.fullmatch(last) is not None  # "" is in FINAL


def _sentences(text: str, start: int, end: int, language: str) -> Iterator[Span]:
    """Yield the sentences of one block; together they are the whole block."""
    block = text[start:end]
    if block.isspace():
        return
    proposed = {_after_closers(block, cut) for cut in _library_cuts(_mask(block), language)}
    sure = {match.end() for match in OFTEN_LAST_WITHIN.finditer(block) if _next_char(block, match.end()).isupper()}
    smiles = {match.end() for match in SMILE.finditer(block) if _next_char(block, match.end(), 1).isalnum()}
    last = 0
    for cut in sorted(proposed | sure | smiles):
        if (
            cut in sure
            or (cut in proposed and _stands(block, last, cut, language))
            or (cut in smiles and _words_before(block, last, cut) >= 2)
        ):
            yield start + last, start + cut
            last = cut
    yield start + last, end


def _mask(block: str) -> str:
    """Return the block, as long as it was, without what the library trips over: quotes, breaks, URLs, surrogates."""
    plain = MASKED.sub(lambda match: "x" * len(match[0]) if match["url"] else " ", block)
    return plain.translate(MASKED_QUOTES)


def _library_cuts(masked: str, language: str) -> Iterator[int]:
    """Yield where the library ends a sentence, before the white space that follows, but for the end of the text."""
    start = 0
    while start < len(masked):
        window = masked[start : start + WINDOW_CHARS]
        pieces = sentencex.get_sentence_boundaries(language, window)
        ends = [start + piece["end_index"] for piece in pieces[:-1]]
        yield from (start + len(masked[start:end].rstrip()) for end in ends)
        if start + WINDOW_CHARS >= len(masked):
            return
        start = ends[-1] if ends else start + WINDOW_CHARS  # the last piece may go on: it is read again, whole


def _after_closers(block: str, cut: int) -> int:
    """Return the cut moved behind the closing quotes and the emoji that follow it."""
    for follower in (QUOTE_AFTER, EMOJI_AFTER):
        if match := follower.match(block, cut):
            cut = match.end()
    return cut


def _next_char(block: str, at: int, min_spaces: int = 0) -> str:
    """Return the first character from `at` on that is no space, or "" after fewer spaces than `min_spaces`."""
    following = at
    while block[following : following + 1].isspace():
        following += 1
    return block[following : following + 1] if following - at >= min_spaces else ""


def _words_before(block: str, last: int, at: int) -> int:
    return len(re.findall(r"\w+", block[max(last, at - LOOK_BACK_CHARS) : at]))


def _stands(block: str, last: int, cut: int, language: str) -> bool:
    """Return whether a sentence that began at `last` ends at the cut that was proposed."""
    before, following = block[max(last, cut - 16) : cut], _next_char(block, cut)
    if not following or following in ",;:)]}" or GOES_ON.match(block, cut):
        return False
    if before[-1] in CLOSERS and following.islower():  # "Stop!" he said
        return False
    if cut - last < 8 and ITEM_NUMBER.fullmatch(block, last, cut):
        return False
    if not block[cut].isspace() and not _ends_without_space(before, following):
        return False
    return before[-1] != "." or not _abbreviates(before, following, language)


def _abbreviates(before: str, following: str, language: str) -> bool:
    """Return whether the stop before is that of an abbreviation or an initial, and the sentence goes on."""
    if following.isupper() and INITIAL.search(before):
        return not before.endswith(" I.")  # "better than I. They"
    never_last = NEVER_LAST_ENDING.get(language)
    if never_last and never_last.search(before):
        return True
    if following.isdigit():
        return BEFORE_NUMBER_ENDING.search(before) is not None
    return not following.isupper() and BEFORE_LOWER_ENDING.search(before) is not None


def _ends_without_space(before: str, following: str) -> bool:
    """Return whether a stop with no space behind it ends a sentence: "they lied.Now", not "U.S.A." or "Node.js"."""
    if before[-1] in "。！？…»”" or following in OPENERS:
        return True
    return following.isupper() and re.search(r"[^\W\d_]{3}\s?[.!?…]+$|\.\.$|[!?]$", before) is not None


def _pieces(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield the sentence, or the pieces that a run-on is cut into."""
    words = [match.span() for match in WORD.finditer(text, start, end)]
    first = 0
    if len(words) > MAX_SENTENCE_WORDS:
        while len(words) - first > MAX_PIECE_WORDS:
            most = min(MAX_PIECE_WORDS, len(words) - first - MIN_PIECE_WORDS)
            choices = range(first + MIN_PIECE_WORDS, first + most + 1)
            following = max(choices, key=lambda word: (_fitness(text, words, word), word))
            yield words[first][0], words[following - 1][1]
            first = following
    if words:
        yield words[first][0], words[-1][1]


def _fitness(text: str, words: list[Span], word: int) -> int:
    """Return how well a run-on is cut before this word, from 0 (inside a word) to 5 (at a line break)."""
    (_, end), (start, next_end) = words[word - 1], words[word]
    stop, gap = text[end - 1], text[end:start]
    if "\n" in gap:
        return 5
    if gap and stop in ".!?…:;—–|":
        return 4
    if stop in ",،、，":
        return 3 if text[start:next_end].lower() in CONJUNCTION_SET else 2
    return 1 if gap else 0


def _strip(text: str, start: int, end: int) -> Span | None:
    """Return the span without white space, bullets and leading emoji; None when it has no letter or digit."""
    while start < end and not text[start].isalnum() and text[start] not in OPENERS:
        start += 1
    while end > start and (text[end - 1].isspace() or text[end - 1] in "-–—•*_`|\u200b\ufeff"):
        end -= 1
    return (start, end) if any(map(str.isalnum, text[start:end])) else None
