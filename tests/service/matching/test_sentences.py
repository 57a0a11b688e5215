"""split: the sentences of a text, each by where it stands."""

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.matching.sentences import MAX_PIECE_WORDS, MAX_SENTENCE_WORDS, split

ENGLISH = [
    "They promised Gorbachev\nnot to move an inch east|",
    "The U.S. Army left.| Mr. Putin stayed.| J. F. Kennedy did not.",
    "He lives in the U.S.| They do too.",
    "Is this real?!| Yes...| No…| Maybe",
    "wait... what is this",
    "It cost $3.5 million on 24.02.2022, i.e. 12.5% more than No. 5.",
    "See https://rt.com/a.b?c=D.E!f.| Then mail x.y@rt.com.| End",
    "they lied 🤡| now look",
    "They lied! 🤡🤡| Now look",
    "We all ❤️ Ukraine and the 🇺🇦 flag",
    "He said: “We lied.| All of us.”| Then he left.",
    '"Stop!" he said.| "NATO lied."| And left.',
    "Don't trust 'em.| They 'lied'.| It's true.",
    "they lied.|Now they pay.| Use Node.js and U.S.A. flags.",
    "*They lied.*| _And left._",
    "1. First thing.| 2. Second thing.| 3. Third",
    "Heading:|\n- one thing|\n• another\nthat goes on|\n3) the third|\n4- the fourth|\n👉 the fifth|\n— the last",
    "A heading|\n\nA paragraph\r\ngoes on|\r\n\r\nanother",
    "the temperature was\n-5 degrees or\n3.5 more",
    "They lied.|\nthey left|",
    "The Govt. of India and approx. 5 people, vs. Russia, etc.| And so on",
    "none is better than I.| They know",
]
RUSSIAN = [
    "Это т.е. ложь.| Это т. е. обман.| А. С. Пушкин и В.В. Путин",
    "Оружие, деньги и т. д.| Потом война и т. п. вещи",
    "Это было на ул. Ленина, в г. Москва, в 2014 г. по новому стилю.| Потом ушли",
    "5 млн. человек уехали.| Осталось 5 млн.| Потом и они ушли, см. рис. 5",
    "Он сказал: «Мы врали».| Потом ушёл.",
    "«Мы врали!» — сказал он.| «Все врали.»| Потом ушёл",
    "НАТО обещало!!!| И что??| Обманули...| Да",
]
UKRAINIAN = [
    "У 2014 р. почалася війна.| Це вул. ім. Шевченка, м. Київ, о. Зміїний.| Так",
    "Зброя, гроші та ін.| Потім війна",
    "„Ми брехали.“| Потім пішов.",
    "Т. зв. влада бреше 🤡| а ми знаємо",
    "В. Зеленський сказав, що 5 тис. людей поїхали.| І не лише",
]
FRENCH = [
    "M. Macron a menti.| Mme Le Pen aussi.| J.-P. Dupont, non.",
    "Il a dit : « Nous avons menti. »| Voilà.",
    "Est-ce vrai ?| Oui !| L’art. 5 de l’OTAN, p. ex. celui-ci, etc.| Ensuite rien",
]
TABLE = {"en": ENGLISH, "ru": RUSSIAN, "uk": UKRAINIAN, "fr": FRENCH}


def sentences(text: str, lang: str = "en") -> list[str]:
    return [text[start:end] for start, end in split(text, lang)]


@pytest.mark.parametrize(("lang", "marked"), [(lang, marked) for lang, rows in TABLE.items() for marked in rows])
def test_a_text_is_split_at_the_bars(lang: str, marked: str) -> None:
    expected = [part.strip().lstrip("-•—*_👉 ").rstrip("*_") for part in marked.split("|")]
    assert sentences(marked.replace("|", ""), lang) == [part for part in expected if part]


def test_spans_count_code_points() -> None:
    assert split("🤡🤡 Брехня. 🇺🇦 Так 👍🏽!", "uk") == [(3, 10), (14, 21)]


@pytest.mark.parametrize("lang", ["fr-CA", "FR", "fr-Latn-FR"])
def test_the_region_of_a_language_tag_does_not_matter(lang: str) -> None:
    assert sentences("p. ex. M. Macron, cf. Paris. Oui", lang) == ["p. ex. M. Macron, cf. Paris.", "Oui"]


@pytest.mark.parametrize("lang", ["und", "xx", ""])
def test_a_text_in_an_unknown_language_is_split_too(lang: str) -> None:
    assert sentences("One. Two! 一。", lang) == ["One.", "Two!", "一。"]


@pytest.mark.parametrize("text", ["", "  \n ", "🤡", "...", "- \n• \n—"])
def test_a_text_without_letters_and_digits_has_no_sentences(text: str) -> None:
    assert split(text, "en") == []


def test_a_sentence_of_sixty_words_stays_whole() -> None:
    text = " ".join(["word"] * MAX_SENTENCE_WORDS)
    assert sentences(text) == [text]


def test_a_run_on_is_cut_at_its_semicolons_conjunctions_and_commas_first() -> None:
    parts = [["word"] * 30 for _ in range(4)]
    text = " ".join([*parts[0], "lied;", *parts[1], "lied,", "and", *parts[2], "lied,", *parts[3]])
    assert [len(sentence.split()) for sentence in sentences(text)] == [31, 31, 32, 30]


def test_a_run_on_without_any_mark_is_cut_by_words_and_leaves_no_stump() -> None:
    lengths = [len(sentence.split()) for sentence in sentences("НАТО врёт " * 61, "ru")]
    assert lengths == [MAX_PIECE_WORDS, MAX_PIECE_WORDS, 34, 8]


def test_a_run_on_is_cut_at_a_line_break_before_all_else() -> None:
    text = " ".join(["word"] * 15 + ["word\nword"] + ["word"] * 9 + ["word;"] + ["word"] * 50)
    assert len(sentences(text)[0].split()) == 16


def test_writing_without_spaces_is_cut_too() -> None:
    assert max(map(len, sentences("北约" * 3_000, "zh"))) <= 1_600


LETTERS = "aБї1٣ß中 .\n\r\t!?…,;:—-•*\"'«»„“”()[]🤡❤🇺\ufe0f\u200d\u0308\u2028\ud800。/@#"
LETTERS_AND_MORE = st.sampled_from([*LETTERS, "т. е.", "U.S.", "1."])


@settings(derandomize=True, deadline=None)
@given(
    st.one_of(st.text(max_size=300), st.lists(LETTERS_AND_MORE, max_size=300).map("".join)),
    st.sampled_from([*TABLE, "und"]),
)
@example("word " * 200, "en")
def test_spans_are_in_order_and_hold_every_letter_and_digit(text: str, lang: str) -> None:
    spans = split(text, lang)
    edges = [edge for span in spans for edge in span]
    assert edges == sorted(edges)
    assert all(0 <= start < end <= len(text) for start, end in spans)
    inside = "".join(text[start:end] for start, end in spans)
    assert list(filter(str.isalnum, inside)) == list(filter(str.isalnum, text))
    assert all(text[start:end] == text[start:end].strip() for start, end in spans)


HOSTILE = [
    ".",
    "\n",
    ".\n",
    "a.\n",
    " ",
    "«",
    '「"',
    "。–",
    "(",
    ". (",
    "a 🤡 ",
    "🤡 (",
    "http://",
    "A. ",
    "1. ",
    "т. д. ",
    "a",
]


@pytest.mark.parametrize("unit", HOSTILE)
def test_a_hostile_text_takes_linear_time(unit: str) -> None:
    text = unit * (200_000 // len(unit))
    started = time.process_time()
    split(text, "ru")
    assert time.process_time() - started < 2
