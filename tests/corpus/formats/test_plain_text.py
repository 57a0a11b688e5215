"""Plain text of what publishers put into text fields."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.formats.plain_text import one_line, paragraphs, plain


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("&quot;a&quot; &amp;amp; b&nbsp;&#39;c&#x27;", "\"a\" & b 'c'"),
        ("A <b>bold</b> <a href='https://x.example'>claim</a>", "A bold claim"),
        ("&lt;p&gt;One&lt;/p&gt;", "One"),
        ("<script>bad()</script>One<!-- two -->", "One"),
        (r"He said \"no\" \u2019 \ud83d\ude00 \/", 'He said "no" ’ \U0001f600 /'),
        (r"One.\nTwo.\r\nThree", "One.\nTwo.\nThree"),
        (r"C:\news and \ud83d", r"C:\news and"),
        ("5 < 6 and a<b and c>d", "5 < 6 and a<b and c>d"),
        ("a\x00b\u200bc\ufeff \t d", "abc d"),
        ("half \ud83d pair", "half pair"),
    ],
)
def test_markup_entities_and_escapes_are_undone_and_nothing_else(text: str, expected: str) -> None:
    assert plain(text) == expected


def test_paragraphs_are_parted_by_tags_else_by_blank_lines_else_by_line_breaks() -> None:
    assert paragraphs("<p>One\ntwo</p><ul><li>three</li><li>four<br>five</li></ul>") == [
        "One two",
        "three",
        "four\nfive",
    ]
    assert paragraphs("One\ntwo\n \nthree") == ["One\ntwo", "three"]
    assert paragraphs("One\r\ntwo\r\n") == ["One", "two"]
    assert paragraphs(" <p> </p> ") == []


@given(st.text())
def test_any_text_can_be_made_plain(text: str) -> None:
    assert "\n" not in one_line(text)
    assert all(part.strip() for part in paragraphs(text))
