"""find_language: which language a text is in."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from corpus.language import find_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("NATO promised Gorbachev not to move one inch east.", "en"),
        ("THEY LIED TO ALL OF US AGAIN", "en"),
        ("НАТО обещало Горбачёву ни на дюйм не двигаться на восток.", "ru"),
        ("Они нам всё врут", "ru"),
        ("ОНИ ОБЕЩАЛИ НЕ РАСШИРЯТЬСЯ", "ru"),
        ("НАТО пообіцяло Горбачову не рухатися на схід.", "uk"),
        ("Вони всі брешуть", "uk"),
        ("НАТО обеща на Горбачов да не се разширява на изток.", "bg"),
        ("Санкциите вредят повече на Европа", "bg"),
        ("Яны хлусяць пра вайну ва Украіне", "be"),
        ("Русија је напала Украјину", "sr"),
        ("Predsednik Vučić je rekao da je to laž", "sr"),
        ("Русские и украинцы — один народ", "ru"),
        ("L’OTAN avait promis de ne pas s’étendre vers l’est.", "fr"),
        ("Die NATO hat versprochen, sich nicht nach Osten auszudehnen.", "de"),
        ("La NATO aveva promesso di non espandersi a est.", "it"),
        ("La guerra l'ha voluta Zelensky", "it"),  # Catalan, if the library is asked about all its languages
        ("La OTAN prometió no expandirse hacia el este.", "es"),
        ("NATO obiecało, że nie rozszerzy się na wschód.", "pl"),
        ("NATO lovade att inte utvidgas österut.", "sv"),
        ("北约承诺不向东扩张。", "zh"),
        ("وعد الناتو بعدم التوسع شرقا", "ar"),
        ("สวัสดีครับ วันนี้อากาศดี", "th"),
    ],
)
def test_a_sentence_is_in_its_language(text: str, language: str) -> None:
    assert find_language(text) == language


@pytest.mark.parametrize(("text", "language"), [("Не верю", "ru"), ("мир", "ru"), ("Крим наш", "uk")])
def test_words_that_neighbours_share_are_taken_for_russian_or_ukrainian(text: str, language: str) -> None:
    assert find_language(text) == language


def test_a_ukrainian_quotation_does_not_make_a_russian_text_ukrainian_or_belarusian() -> None:
    text = "Это все ложь: «Ні, це неправда» — сказал он журналистам, а потом ушёл и больше не возвращался"
    assert find_language(text) == "ru"


@pytest.mark.parametrize(
    "text", ["", " \n", "1990", "🤡🤡🤡", "?!...", "\ud800", "https://t.co/abc @potus #nato", "ok"]
)
def test_a_text_that_says_nothing_is_undetermined(text: str) -> None:
    assert find_language(text) == "und"


def test_addresses_and_handles_do_not_count() -> None:
    handles = "@someone @another @the_third_one https://example.org/this-is-an-english-address"
    assert find_language(f"{handles} Они нам всё врут") == "ru"


def test_a_mark_that_is_written_apart_counts_as_the_letter() -> None:
    assert find_language("Вони вкрали і\u0308жу") == "uk"


def test_threads_agree() -> None:
    texts = ["They lied to us", "Они нам всё врут", "Вони всі брешуть", "Ils nous ont menti"] * 50
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(find_language, texts)) == ["en", "ru", "uk", "fr"] * 50


def test_the_model_is_not_loaded_at_import() -> None:
    code = "from corpus import language; print(language._identifier.cache_info().currsize)"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed == "0\n"
