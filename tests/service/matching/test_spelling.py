"""Hostile spelling made plain: each trick with its right answer, clean texts left alone, and spans that lead back."""

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.matching.spelling import respell

# each trick, the text that shows it, and how it reads
TRICKS = [
    ("entity", "caf&eacute; &amp; &#1053;АТО, &#x41D;АТО", "café & НАТО, НАТО"),
    ("entity escaped again and again", "caf&amp;eacute; AT&amp;amp;amp;T", "café AT&T"),
    ("entity inside an entity", "&am&#112;;eacute;", "é"),
    ("zero-width space", "N\u200bA\u200cT\u2060O", "NATO"),
    ("soft hyphen", "обе\u00adщало", "обещало"),
    ("bidi marks", "\u202eNATO\u202c lies\u200f", "NATO lies"),
    ("variation selector and tag", "N\ufe0fA\U000e0041TO", "NATO"),
    ("null byte", "НА\0ТО", "НАТО"),
    ("zalgo", "N̷̢̛A̶̢̛̛T̵̢̛O̶̧̢ л̷̢̛ж̷̢̛ё̷̢̛т", "NATO лжёт"),
    ("letters in two code points", "мои\u0306 і\u0308жак ве\u0308з le\u0301ger c\u0327a", "мой їжак вёз léger ça"),
    ("full width", "ＮＡＴＯ ２０２２", "NATO 2022"),
    ("mathematical", "𝐍𝐀𝐓𝐎 𝓁𝒾𝑒𝓈 𝟚𝟘", "NATO lies 20"),
    ("circled and squared", "ⓃⒶⓉⓄ 🄽🄰🅃🄾 🅽🅰🆃🅾", "NATO NATO NATO"),
    ("small capitals", "ɴᴀᴛᴏ", "nato"),
    ("Cyrillic in Latin words", "NАТО рrоmisеd nоt tо ехраnd", "NATO promised not to expand"),
    ("Latin in Cyrillic words", "HАTО oбeщaлo нe pacшиpятьcя", "НАТО обещало не расширяться"),
    ("Latin in Ukrainian words", "вiйна в Украiнi", "війна в Украіні"),
    ("Greek in Latin words", "ΝΑΤO prοmised", "NATO promised"),
    ("a Latin word between Cyrillic ones", "Страны HATO обещали", "Страны НАТО обещали"),
    ("a Latin word at the end", "Мы против HATO", "Мы против НАТО"),
    ("a Cyrillic word between Latin ones", "stop this сор and that", "stop this cop and that"),
    ("a Greek word between Cyrillic ones", "Страны ΝΑΤΟ обещали", "Страны NATO обещали"),
    (
        "each sentence by itself",
        "They lied. Страны HATO обещали. They lied",
        "They lied. Страны НАТО обещали. They lied",
    ),
    ("hashtag of capitals", "#NATOPromisedNoExpansion", "NATO Promised No Expansion"),
    ("hashtag with a French article", "#LOTANEstEnGuerre #LUkraine", "L OTAN Est En Guerre L Ukraine"),
    ("spaced out, with a name", "s u r   R u s s i a", "sur Russia"),
    ("hashtag with a numeral in one sign", "#Ⅱa", "I Ia"),
    ("hashtag in Cyrillic", "#НАТОНаступает", "НАТО Наступает"),
    ("hashtag with a year", "#StopNATO2022", "Stop NATO 2022"),
    ("hashtag of small letters", "#нетвойне #covid19", "нетвойне covid19"),
    ("hashtag with underscores", "#nato_must_go", "nato must go"),
    ("spaced out, with wider gaps", "N A T O   p r o m i s e d", "NATO promised"),
    ("spaced out in Cyrillic", "В О Й Н А началась", "ВОЙНА началась"),
    ("dotted", "N.A.T.O. promised", "NATO promised"),
    ("dotted at the end of a sentence", "by N.A.T.O. He lied", "by NATO. He lied"),
    ("dashed and starred", "N-A-T-O N*A*T*O", "NATO NATO"),
    ("spaced out and masked", "N А T О  l i е s", "NATO lies"),
    ("capitals", "NATO PROMISED NOT TO EXPAND", "NATO promised not to expand"),
    ("capitals in one sentence", "Послушайте. ОНИ ВСЕ НАМ ВРУТ! Да", "Послушайте. они все нам врут! Да"),
    ("capitals with names", "ТАНК Т-72 И F16 ИЗ США НА ФРОНТЕ XX ВЕКА", "танк Т-72 и F16 из США на фронте XX века"),
    ("digits", "N4T0 pr0m1sed n0t t0 exp4nd", "NATO promised not to expand"),
    ("digits in Cyrillic", "0бещал0 п0беду, 3апад, по4ему, Н4Т0", "обещало победу, запад, почему, НАТО"),
    ("digits throughout", "th3 all1anc3 wag1ng w4r on Ru55ia, pr0m1sed", "the alliance waging war on Russia, promised"),
    (
        "digits throughout in Cyrillic",
        "Н4ТО 4гресивн3, прич1на загр0зи, правд4",
        "НАТО агресивне, причина загрози, правда",
    ),
    ("digits and look-alikes", "Страны HAT0 с нами", "Страны НАТО с нами"),
    ("repeated letters", "liiiies соооон НАТОООО", "lies сон НАТО"),
    ("repeated signs", "Врут!!!! Да???? Нет.....", "Врут! Да? Нет..."),
    ("white space", "a \t\u00a0 b  \n\n c", "a b\n\nc"),
]

# clean texts, and texts that only look as if a trick were in them
CLEAN = [
    "Объект съёмки: ёлка, йод и подъезд. Я и с ним, и к нему; а он о них не знает, у меня в руке.",
    "В 2014 году НАТО, ЕС и США не обещали «не расширяться», и т. д., т. е. ничего на 100 %.",
    "Telegram, COVID-19, iPhone 15 и TikTok в России; BBC, IT, CEO, XX век, XIX и II, витамин C.",
    "Об'єкт у Києві: її ґанок, їжак і єнот; я й ти, а о сьомій - у школі з ним. Це війна в Україні.",
    "Чому Zoom і Facebook не є зброєю? MH-17 збито, ВСУ та НАТО тут.",
    "L'été où j'ai dû naïvement goûter çà et là à un œuf ; il y a à boire, n'est-ce pas ? Créée en 1949 !",
    "It's a U.S. plan, e.g. Dr. O'Neil's, at 5 p.m.; I am not a spy. I, a, and o are letters... aren't they?",
    "Die Schifffahrt ist groß, Straße für Straße, ja: Flussschiff.",
    "Страны 1990s F16 5G covid19 Т-72 2nd 4х4 152мм B2B M777 H1N1 M1A1 MH17 2022 С-300 mp3 0км",
    "a b c d, пункты а б в г, от А до Я, А и Б сидели на трубе",
    "½ … № 5 ™ x² 1ª ≠ ℃ µ ①",
    "#1, Vote4Peace, C4News, J.R. Tolkien, Super Bowl XLVIII",
    "www.nato.int user@domain.com https://t.me/abc1de C# #1 AT&T &foo; a_b",
    "III, VIII, XXX, AAA, JCCC, www",
    "СССР, ООО «Рога», ссср и ооо: длинношеее",
    "👨\u200d👩\u200d👧 🇺🇦 🏴 👍🏽",
    "Η Ελλάδα είναι μέλος του ΝΑΤΟ από το 1952.",
    "मुन्ना भूल न जाना गाय قَالَ שָׁלוֹם ไทย 日本語がコーヒー 한국어",
    "NATO AND EU",
    "Not one line.\n\nAnd not one word!",
]


@pytest.mark.parametrize(("trick", "sent", "plain"), TRICKS, ids=[row[0] for row in TRICKS])
def test_a_trick_is_undone(trick: str, sent: str, plain: str) -> None:
    assert respell(sent).text == plain


@pytest.mark.parametrize("text", CLEAN)
def test_a_clean_text_is_left_alone(text: str) -> None:
    spelling = respell(text)
    assert spelling.text == text
    assert spelling.sent_span(0, len(text)) == (0, len(text))
    assert spelling.sent_span(3, 3) == (3, 3)


@pytest.mark.parametrize("text", [row[1] for row in TRICKS])
def test_a_trick_once_undone_stays_undone(text: str) -> None:
    plain = respell(text).text
    assert respell(plain).text == plain


@pytest.mark.parametrize(
    ("sent", "word", "stood"),
    [
        ("Say: N\u200bA\u200bT\u200bO lied", "NATO", "N\u200bA\u200bT\u200bO"),
        ("Say: N A T O   l i e d !", "lied", "l i e d"),
        ("Say: N A T O   l i e d !", "NATO", "N A T O"),
        ("a &amp; caf&amp;eacute;s", "cafés", "caf&amp;eacute;s"),
        ("Go #StopNATO2022", "NATO", "NATO"),
        ("они liiiied 🎈 yes", "lied", "liiiied"),
        ("ﬁfty  ﬁne", "fine", "ﬁne"),
        ("👍 Страны HATO врут", "НАТО", "HATO"),
        ("и\u0306од", "йод", "и\u0306од"),
        ("a   b", "b", "b"),
    ],
)
def test_a_span_leads_back_to_the_words_as_sent(sent: str, word: str, stood: str) -> None:
    spelling = respell(sent)
    start = spelling.text.index(word)
    sent_start, sent_end = spelling.sent_span(start, start + len(word))
    assert sent[sent_start:sent_end] == stood


def test_an_empty_text_has_an_empty_span() -> None:
    assert respell("").text == ""
    assert respell("").sent_span(0, 0) == (0, 0)
    assert respell("a\u200b").sent_span(1, 1) == (1, 1)


def test_denials_and_numbers_are_never_dropped() -> None:
    text = respell("N0, it's NOT   tr̷̢̛ue: no 1 of 1,000.5 % isn't — \"не 3\"...").text
    assert text == "N0, it's NOT true: no 1 of 1,000.5 % isn't — \"не 3\"..."


@pytest.mark.parametrize("unit", ["a ", "&amp;", "\u0301", "a.b."])
def test_a_hostile_text_of_any_length_takes_linear_time(unit: str) -> None:
    text = unit * (200_000 // len(unit))
    started = time.perf_counter()
    respell(text)
    assert time.perf_counter() - started < 2


# what the steps look for, whole and in parts, so that one step's work is laid bare by another's
PARTS = """
a b i o I X N T NATO HATO НАТО н т о Н и с я і ї Москва promised к м ΝΑΤΟ Ω α 0 1 3 4 5 00 7 2022 # ## _ . .. … ! ? , -
' @ $ & ; &amp; &#1053; &#8203; &#97;mp; amp; #35; #38; &eacute; &zwj; \u200b \u00ad \u200d \ufe0f \u0301 \u0306 \u20e3
é й ё Ｎ 𝐀 Ⓐ 🅰 ﬁ ᴀ Ⅲ ½ ² ™ № İ ß ſ K Σ ς ǅ 👍 ❤ \0 ա ب 語 ﾞ क ् aaa ООО lll ССС ϒ ѕ ӏ
"""
SPACES = [" ", "  ", "\n", "\r", "\u2028", "\t", "\u00a0", "\u2800", "\ud800"]
any_text = st.text(st.characters())  # with lone surrogates
hostile_text = st.lists(st.sampled_from([*PARTS.split(), *SPACES, *[" "] * 20]), max_size=30).map("".join)
unhurried = settings(derandomize=True, deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])


@unhurried
@given(st.one_of(any_text, hostile_text))
def test_respelling_twice_changes_nothing(text: str) -> None:
    plain = respell(text).text
    assert respell(plain).text == plain


@unhurried
@given(st.one_of(any_text, hostile_text))
def test_every_character_points_into_the_sent_text_in_order(text: str) -> None:
    spelling = respell(text)
    assert len(spelling.starts) == len(spelling.ends) == len(spelling.text)
    assert list(spelling.starts) == sorted(spelling.starts)
    assert list(spelling.ends) == sorted(spelling.ends)
    assert all(0 <= start <= end <= len(text) for start, end in zip(spelling.starts, spelling.ends, strict=True))
