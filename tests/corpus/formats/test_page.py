"""Other people's Myth/Fact pages: each shape with the exact debunks that it holds, and none of the page around them."""

import pytest

from corpus.formats.page import read_page
from corpus.importers import myth_fact
from corpus.model import Debunk, Rejected
from corpus.source import Source, SourceMetadata

MENU = """<header class="site-header"><nav><ul><li><a href="/">Home</a></li><li><a href="/m">Myth: a menu</a></li>
</ul></nav>
</header><div class="cookie-banner" role="dialog"><p>We use cookies to improve this site. Read more about them in our
policy, or accept them all.</p><button>Accept all</button></div>
<div class="top"><button aria-expanded="false" aria-controls="menu">Menu</button><button aria-expanded="false"
 aria-controls="find">Search</button></div>"""
FOOTER = """<div class="newsletter"><p>Subscribe to our newsletter and get it every Friday.</p></div>
<div class="related-articles"><p>Read more</p><ul><li><a href="/x">Ten towers to climb</a></li></ul></div>
<footer><p>Copyright 2024 The City</p></footer>"""

INTRO = """<p>Many things are said about the bridge of our city, and some of them are not so. On this page the
engineers who
look after it answer what they hear most often; they are glad to answer more.</p>"""

SOLD = "The bridge was sold to a company from abroad."
NOT_SOLD = "It was not. The bridge belongs to the city, as everyone can see in the land register."
COUNCIL = "The council last voted on this in 2020, and nothing has changed since."
NIGHT = "The bridge is closed at night."
OPEN = "It is open all day and all night, but for one hour in March."


def page(body: str, title: str = "Myths and facts about the bridge", head: str = "", lang: str = "en") -> str:
    return f"""<!DOCTYPE html><html lang="{lang}"><head><meta charset="utf-8">
<title>{title} | The City</title>{head}</head>
<body>{MENU}<main><h1>{title}</h1>{INTRO}{body}</main>{FOOTER}</body></html>"""


def read(html: str | bytes, name: str = "bridge.html", **metadata: str) -> list[Debunk | Rejected]:
    content = html if isinstance(html, bytes) else html.encode()
    return list(myth_fact.read(Source(name, content, SourceMetadata.model_validate(metadata))))


def debunks(html: str | bytes) -> list[Debunk]:
    records = read(html)
    assert not [record for record in records if isinstance(record, Rejected)], records
    return [record for record in records if isinstance(record, Debunk)]


def told(html: str | bytes) -> list[tuple[str, tuple[str, ...]]]:
    return [(debunk.myth, debunk.passages) for debunk in debunks(html)]


BOTH = [(SOLD, (NOT_SOLD, COUNCIL)), (NIGHT, (OPEN,))]

HEADINGS = f"""<h2>Myth 1: {SOLD}</h2><p><strong>Fact:</strong> {NOT_SOLD}</p><p>{COUNCIL}</p>
<h2>Myth 2: {NIGHT}</h2><p><strong>Fact:</strong> {OPEN}</p>"""

DEFINITIONS = f"""<dl><dt>{SOLD}</dt><dd><p>{NOT_SOLD}</p><p>{COUNCIL}</p></dd><dt>{NIGHT}</dt><dd>{OPEN}</dd></dl>"""

LABELLED_DEFINITIONS = f"""<dl><dt>Myth</dt><dd>{SOLD}</dd><dt>Fact</dt><dd>{NOT_SOLD}</dd><dd>{COUNCIL}</dd>
<dt>Myth</dt><dd>{NIGHT}</dd><dt>Fact</dt><dd>{OPEN}</dd></dl>"""

DETAILS = f"""<details><summary>{SOLD}</summary><p>{NOT_SOLD}</p><p>{COUNCIL}</p></details>
<details><summary>{NIGHT}</summary><p>{OPEN}</p></details>"""

BOOTSTRAP = f"""<div class="accordion" id="a"><div class="accordion-item"><h2 class="accordion-header">
<button class="accordion-button" type="button" data-bs-toggle="collapse" data-bs-target="#c1" aria-expanded="true"
 aria-controls="c1">Myth: {SOLD}</button></h2><div id="c1" class="accordion-collapse collapse show"><div
 class="accordion-body"><p>Fact: {NOT_SOLD}</p><p>{COUNCIL}</p></div></div></div>
<div class="accordion-item"><h2 class="accordion-header">
<button class="accordion-button collapsed" aria-expanded="false"
 aria-controls="c2">Myth: {NIGHT}</button></h2><div id="c2" class="collapse" hidden><div class="accordion-body">
<p>Fact: {OPEN}</p><button>Share</button></div></div></div></div>"""

ARIA = f"""<div><button aria-expanded="false" aria-controls="p1"><span>{SOLD}</span></button><div id="p1"
 aria-hidden="true"><p>{NOT_SOLD}</p><p>{COUNCIL}</p></div><button aria-expanded="false" aria-controls="p2">
<span>{NIGHT}
</span></button><div id="p2" aria-hidden="true"><p>{OPEN}</p></div></div>"""

ELEMENTOR = f"""<div class="elementor-accordion"><div class="elementor-accordion-item"><div class="elementor-tab-title"
 role="button">{SOLD}</div><div class="elementor-tab-content"><p>{NOT_SOLD}</p><p>{COUNCIL}</p></div></div>
<div class="elementor-accordion-item"><div class="elementor-tab-title" role="button">{NIGHT}</div>
<div class="elementor-tab-content"><p>{OPEN}</p></div></div></div>"""

CARDS = f"""<div class="card"><div class="front"><h3>Myth</h3><p>{SOLD}</p></div><div class="back"><h3>Fact</h3>
<p>{NOT_SOLD}
</p><p>{COUNCIL}</p></div></div><div class="card"><h3>Myth</h3><p>{NIGHT}</p><h3>Fact</h3><p>{OPEN}</p></div>"""

NUMBERED_LIST = f"""<ol><li><strong>Myth:</strong> {SOLD} <br><strong>Fact:</strong> {NOT_SOLD}<p>{COUNCIL}</p></li>
<li><b>Myth</b>: {NIGHT} <b>Fact</b>: {OPEN}</li></ol>"""

NUMBERED_HEADINGS = f"""<h2>1. {SOLD}</h2><p>{NOT_SOLD}</p><p>{COUNCIL}</p><h2>2. {NIGHT}</h2><p>{OPEN}</p>
<h2>Contact</h2><p>Write to the engineers of the city at any time.</p>"""

BOLD = f"""<p><strong>1. {SOLD}</strong></p><p>{NOT_SOLD}</p><p>{COUNCIL}</p><p><b>2. {NIGHT}</b></p><p>{OPEN}</p>"""

FACT_ONLY = f"""<h2>{SOLD}</h2><p>Fact: {NOT_SOLD}</p><p>{COUNCIL}</p><h2>{NIGHT}</h2><p>Fact: {OPEN}</p>"""

TABLE = f"""<table><thead><tr><th>No.</th><th>Myth</th><th>Fact</th></tr></thead><tbody><tr><td>1</td><td>
<p>{SOLD}</p></td>
<td><p>{NOT_SOLD}</p><p>{COUNCIL}</p></td></tr><tr><td>2</td><td>{NIGHT}</td><td>{OPEN}</td></tr></tbody></table>"""

TURNED_TABLE = f"""<table><tr><td><b>The facts</b></td><td><b>Myths</b></td></tr><tr><td><p>{NOT_SOLD}</p>
<p>{COUNCIL}</p></td>
<td>Myth: {SOLD}</td></tr><tr><td>Fact: {OPEN}</td><td>{NIGHT}</td></tr></table>"""


SHAPES = {
    "headings": HEADINGS,
    "definitions": DEFINITIONS,
    "labelled definitions": LABELLED_DEFINITIONS,
    "details": DETAILS,
    "bootstrap": BOOTSTRAP,
    "aria": ARIA,
    "elementor": ELEMENTOR,
    "cards": CARDS,
    "numbered list": NUMBERED_LIST,
    "numbered headings": NUMBERED_HEADINGS,
    "bold": BOLD,
    "fact only": FACT_ONLY,
    "table": TABLE,
    "turned table": TURNED_TABLE,
}
COLUMNS = (
    "Mythe|Réalité Миф|Факт Міфи|Факти Mythos|Fakten Mito|Realidad Mit|Fakt Claim|Reality Fiction|Fact False|True"
    " FAUX|VRAI"
)


@pytest.mark.parametrize("body", SHAPES.values(), ids=SHAPES)
def test_every_shape_gives_its_debunks_without_the_page_around_them(body: str) -> None:
    assert told(page(body)) == BOTH


def test_questions_name_the_myth() -> None:
    body = f"<h3>Was the bridge sold?</h3><p>{NOT_SOLD}</p><p>{COUNCIL}</p><h3>Is it closed at night?</h3><p>{OPEN}</p>"
    assert told(page(body)) == [
        ("Was the bridge sold?", (NOT_SOLD, COUNCIL)),
        ("Is it closed at night?", (OPEN,)),
    ]


@pytest.mark.parametrize(
    ("myth", "fact"),
    [
        ("Mythe n° 1 :", "Réalité :"),
        ("Idée reçue n°1 :", "La vérité :"),
        ("МИФ №1:", "Факт:"),
        ("Фейк:", "Правда:"),
        ("Міф 1.", "Факт."),
        ("Mythos 1:", "Fakt:"),
        ("Mito:", "Verdad:"),
        ("El mito:", "La realidad:"),
        ("Mit 1:", "Fakt:"),
        ("Claim:", "Reality:"),
        ("Fiction –", "Fact –"),
        ("FALSE:", "TRUE:"),
        ("Faux :", "Vrai :"),
        ("Myth #1:", "The truth:"),
        ("1. Myth:", "Fact:"),
    ],
)
def test_labels_of_many_languages(myth: str, fact: str) -> None:
    body = f"<h3>{myth} {SOLD}</h3><p>{fact} {NOT_SOLD}</p><p>{COUNCIL}</p><h3>{myth} {NIGHT}</h3><p>{fact} {OPEN}</p>"
    assert told(page(body, "The bridge")) == BOTH


@pytest.mark.parametrize("columns", COLUMNS.split())
def test_tables_in_many_languages_and_either_order(columns: str) -> None:
    myth, fact = columns.split("|")
    for left, right, one, other in ((myth, fact, SOLD, NOT_SOLD), (fact, myth, NOT_SOLD, SOLD)):
        table = f"<table><tr><th>{left}</th><th>{right}</th></tr><tr><td>{one}</td><td>{other}</td></tr></table>"
        assert told(page(table, "The bridge")) == [(SOLD, (NOT_SOLD,))]


def test_a_verdict_within_a_fact_begins_no_myth() -> None:
    body = f"<h2>Claim: {SOLD}</h2><p>False: {NOT_SOLD}</p><p>True: {COUNCIL}</p>"
    assert told(page(body)) == [(SOLD, (f"False: {NOT_SOLD}", f"True: {COUNCIL}"))]


def test_a_mythical_word_within_a_sentence_begins_nothing() -> None:
    body = f"<h2>Myth: {SOLD}</h2><p>Fact: {NOT_SOLD} That is a <em>fact</em>, not a <b>myth</b> at all.</p>"
    assert told(page(body)) == [(SOLD, (f"{NOT_SOLD} That is a fact, not a myth at all.",))]


def test_what_a_page_says_of_itself_is_taken() -> None:
    head = """<link rel="canonical" href="/bridge/myths?x=1">
<meta property="og:url" content="https://www.city.example/a">
    <meta property="og:title" content="Bridge myths"><meta property="og:site_name" content="The City">
    <meta property="article:published_time" content="2024-05-06T07:08:00+02:00">
    <meta property="article:modified_time" content="2024-06-01">"""
    first, second = debunks(page(HEADINGS, head=head, lang="en_GB"))
    assert (first.id, second.id) == ("city.example-myths-1", "city.example-myths-2")
    assert first.url == "https://www.city.example/bridge/myths?x=1"
    assert (first.title, first.publisher, first.lang) == ("Bridge myths", "The City", "en-GB")
    assert (first.published, first.updated) == ("2024-05-06T07:08+02:00", "2024-06-01")
    assert len(first.context) == 1
    assert first.context[0].startswith("Many things are said")


def test_what_is_known_of_a_page_comes_before_what_it_says() -> None:
    (first, _) = read(page(HEADINGS), title="Ours", url="https://a.example/b", lang="fr", rating="false")
    assert isinstance(first, Debunk)
    assert (first.title, first.url, first.lang, first.rating) == ("Ours", "https://a.example/b", "fr", "false")


def test_a_page_without_metadata_gives_its_heading_time_and_language() -> None:
    body = """<time datetime="2023-01-02">2 January</time><h2>Миф: мост продан иностранной компании</h2>
    <p>Факт: это неправда, мост принадлежит городу, и это видно в реестре.</p>"""
    (debunk,) = debunks(f"<html><body><h1>Мифы о мосте</h1>{body}</body></html>")
    assert (debunk.title, debunk.published, debunk.lang, debunk.url) == ("Мифы о мосте", "2023-01-02", "ru", None)
    assert debunk.id == "bridge-1"


@pytest.mark.parametrize(
    "declared",
    ['<meta charset="windows-1251">', '<meta http-equiv="Content-Type" content="text/html; charset=windows-1251">'],
)
def test_the_charset_is_the_pages(declared: str) -> None:
    html = f"<html><head>{declared}</head><body><h2>Миф: мост продан</h2><p>Факт: нет, не продан</p></body></html>"
    assert told(html.encode("cp1251")) == [("мост продан", ("нет, не продан",))]
    marked = b"\xef\xbb\xbf" + html.encode()  # as a fetched page is kept
    assert told(marked) == [("мост продан", ("нет, не продан",))]


def test_numbers_that_begin_anew_in_every_section_give_ids_of_their_own() -> None:
    body = f"<h2>Myth 1: {SOLD}</h2><p>Fact: {NOT_SOLD}</p><h2>Myth 1: {NIGHT}</h2><p>Fact: {OPEN}</p>"
    assert [debunk.id for debunk in debunks(page(body))] == ["bridge-1", "bridge-1-2"]


@pytest.mark.parametrize(
    "html",
    [
        page(
            "<h2>Opening hours</h2><p>The bridge is open all day.</p><h2>Is there parking?</h2><p>Yes.</p>",
            "The bridge",
        ),
        page("<dl><dt>Length</dt><dd>500 m</dd><dt>Height</dt><dd>40 m</dd></dl>", "The bridge"),
        page("<h2>1. Pay</h2><p>At the gate.</p><h2>2. Cross</h2><p>On foot.</p>", "How to cross the bridge"),
        page("<table><tr><th>Day</th><th>Fact</th></tr><tr><td>1</td><td>Open</td></tr></table>", "The bridge"),
        page("<h2>Fact: the bridge is long</h2><h2>Facts</h2>", "Myths"),
        "<html></html>",
    ],
)
def test_a_page_without_a_myth_is_rejected_and_says_so(html: str) -> None:
    records = read(html)
    assert records
    for record in records:
        assert isinstance(record, Rejected)
        assert "bridge.html" in record.where
        assert "no `Myth ...`" in record.why or "without a myth" in record.why


def test_a_myth_without_its_fact_is_rejected_with_its_line() -> None:
    html = page(f"\n\n<h2>Myth: {SOLD}</h2>\n<h2>Myth: {NIGHT}</h2><p>Fact: {OPEN}</p>")
    line = 1 + next(number for number, line in enumerate(html.splitlines()) if SOLD in line)
    rejected, debunk = read(html)
    assert rejected == Rejected(f"bridge.html, line {line}", f"no fact follows {SOLD!r}; expected `Fact: ...` after it")
    assert isinstance(debunk, Debunk)


def test_a_broken_page_is_read_as_far_as_it_goes() -> None:
    assert told(f"<h2>Myth: {SOLD}<p>Fact: {NOT_SOLD}<div><b>{COUNCIL}")[0][0] == SOLD


@pytest.mark.slow
def test_a_deep_page_does_no_harm() -> None:
    html = "<div>" * 3000 + f"<h2>Myth: {SOLD}</h2><p>Fact: {NOT_SOLD}</p>"
    assert told(html) == [(SOLD, (NOT_SOLD,))]


def test_an_address_that_is_not_whole_is_not_taken() -> None:
    assert read_page(b'<link rel="canonical" href="/a"><p>x</p>').url is None
    assert read_page(b'<link rel="canonical" href="javascript:alert(1)"><p>x</p>').url is None
