"""ClaimReview as it is met in the wild: every shape of it, and every oddity that can be understood."""

import json
from typing import Any

import pytest

from corpus.ids import review_id
from corpus.importers import claim_review
from corpus.model import Debunk, Wording
from service.wire import debunk_json
from tests.corpus.importers.reviews import URL, debunk, myths, read, review

JANE = {"@type": "Person", "name": "Jane"}


@pytest.mark.parametrize("example", claim_review.EXAMPLES)
def test_every_example_is_recognised_and_reads(example: str) -> None:
    assert claim_review.recognises(example)
    read = debunk(example, "page.html" if example.startswith("<") else "reviews.json")
    assert (read.myth, read.passages) == ("The bridge was sold.", ("It was not.",))


def test_a_debunk_of_ours_that_shows_its_claim_review_is_not_taken_for_one() -> None:
    ours = Debunk(id="bridge", myth="The bridge was sold.", lang="en", rating="false")
    assert not claim_review.recognises(json.dumps(debunk_json(ours)))


def test_every_field_finds_its_place() -> None:
    assert debunk(review(dateModified="2022-10-01T08:00Z", keywords="bridges, cities", headline="No sale")) == Debunk(
        id=review_id(URL, "The bridge was sold."),
        myth="The bridge was sold.",
        lang="en",
        passages=("It was not.",),
        rating="false",
        rating_text="Faux",
        title="No sale",
        url=URL,
        publisher="The city",
        claimant="A neighbour",
        claimed="2022-09",
        appearances=("https://t.me/abc/1", "https://x.com/a/status/2"),
        published="2022-09-21",
        updated="2022-10-01T08:00+00:00",
        tags=("bridges", "cities"),
    )


@pytest.mark.parametrize(
    "shape",
    [
        lambda one: {**one, "@context": "http://schema.org"},
        lambda one: {**one, "@context": ["https://schema.org", {"x": "https://x.example"}]},
        lambda one: {**one, "@type": ["ClaimReview"]},
        lambda one: {**one, "@type": "http://schema.org/ClaimReview"},
        lambda one: {**one, "@type": ["Article", "schema:ClaimReview"]},
        lambda one: [one],
        lambda one: [[one]],
        lambda one: {"@context": "https://schema.org", "@graph": [{"@type": "WebPage", "name": "A page"}, one]},
        lambda one: {"@type": "NewsArticle", "headline": "x", "review": {"@type": "Thing", "about": [one]}},
        lambda one: {"@type": "DataFeed", "dataFeedElement": [{"@type": "DataFeedItem", "url": URL, "item": [one]}]},
        lambda one: {"@type": "DataFeed", "dataFeedElement": [{"@type": "DataFeedItem", "item": one}]},
        lambda one: {"dataFeedElement": [None, {"@type": "DataFeedItem", "item": None}, {"item": [None, one]}]},
        lambda one: {f"schema:{key}" if key[0] != "@" else key: value for key, value in one.items()},
    ],
)
def test_a_review_is_found_in_every_shape_of_document(shape: Any) -> None:
    assert debunk(shape(review())) == debunk(review())


def test_several_documents_in_one_file_are_read_one_after_the_other() -> None:
    other = review(claimReviewed="The bridge was painted.")
    expected = ["The bridge was sold.", "The bridge was painted."]
    assert myths(read(json.dumps(review(), indent=1) + "\n" + json.dumps(other))) == expected
    assert myths(read(json.dumps(review()) + "\n\n" + json.dumps(other) + "\n", "dump.ndjson")) == expected


@pytest.mark.parametrize(
    ("changed", "publisher"),
    [
        ({"author": "The city"}, "The city"),
        ({"author": [{"@type": "Organization", "name": "The city"}, {"name": "Others"}]}, "The city"),
        ({"author": JANE, "publisher": {"@type": "Organization", "name": "The city"}}, "The city"),
        ({"author": JANE}, "Jane"),
        ({"author": None, "sdPublisher": {"@type": "Organization", "name": "Feeds &amp; Co"}}, "Feeds & Co"),
        ({"author": {"@type": "Organization", "name": ""}, "publisher": ["The city"]}, "The city"),
        ({"author": None}, "example.org"),
    ],
)  # fmt: skip
def test_the_publisher_is_the_organisation_that_stands_for_it_else_the_host(
    changed: dict[str, Any], publisher: str
) -> None:
    assert debunk(review(**changed)).publisher == publisher


def test_a_reference_within_the_graph_is_looked_up() -> None:
    graph = [review(author={"@id": "#org"}), {"@type": "Organization", "@id": "#org", "name": "The city"}]
    assert debunk({"@graph": graph}).publisher == "The city"


@pytest.mark.parametrize(
    ("appearance", "urls"),
    [
        ({"appearance": "https://t.me/1"}, ["https://t.me/1"]),
        ({"appearance": {"@type": "CreativeWork", "url": "https://t.me/1"}}, ["https://t.me/1"]),
        ({"appearance": ["https://t.me/1", {"@id": "https://t.me/2"}]}, ["https://t.me/1", "https://t.me/2"]),
        ({"firstAppearance": "https://t.me/2", "appearance": ["https://t.me/1", "https://t.me/2"]},
         ["https://t.me/2", "https://t.me/1"]),
        ({"appearance": "www.example.com/a b"}, ["https://www.example.com/a%20b"]),
        ({"appearance": "seen on Facebook"}, []),
        ({"sameAs": "https://wikidata.example/Q1"}, []),
        ({"@type": "CreativeWork", "sameAs": ["https://t.me/1", "https://t.me/2"],
          "author": {"@type": "Organization", "name": "A paper", "sameAs": "https://paper.example"}},
         ["https://t.me/1", "https://t.me/2"]),
    ],
)  # fmt: skip
def test_where_the_claim_appeared_is_an_address_an_object_or_a_list(appearance: Any, urls: list[str]) -> None:
    assert list(debunk(review(itemReviewed={"@type": "Claim", **appearance})).appearances) == urls


@pytest.mark.parametrize(
    ("item", "claimant"),
    [
        ({"@type": "Claim", "author": {"@type": "Person", "name": "A man"}}, "A man"),
        ({"@type": "Claim", "author": "A man"}, "A man"),
        ({"@type": "Claim", "author": [{"name": "A man"}, {"name": "A woman"}]}, "A man, A woman"),
        ([{"@type": "Claim", "author": {"name": "A man"}}, {"@type": "Claim"}], "A man"),
        ({"@type": "CreativeWork", "author": {"@type": "Organization", "name": "A paper"}}, "A paper"),
        ({"@type": "Person", "name": "A man", "sameAs": "https://example.org/man"}, "A man"),
        ("https://t.me/abc/1", None),
        (None, None),
    ],
)
def test_what_is_reviewed_may_be_an_object_a_list_or_a_text(item: Any, claimant: str | None) -> None:
    assert debunk(review(itemReviewed=item)).claimant == claimant


def test_a_text_that_is_reviewed_is_an_address_or_the_claim() -> None:
    assert debunk(review(itemReviewed="https://t.me/abc/1")).appearances == ("https://t.me/abc/1",)
    assert debunk(review(itemReviewed="The bridge was sold!", claimReviewed="")).myth == "The bridge was sold!"


@pytest.mark.parametrize(
    ("rating", "verdict", "words"),
    [
        ({"@type": "Rating", "alternateName": "Pants on Fire"}, "false", "Pants on Fire"),
        ({"@type": "Rating", "ratingValue": 1, "bestRating": 5, "worstRating": 1}, "false", None),
        ({"ratingValue": "3", "bestRating": "5"}, "misleading", None),
        ({"ratingValue": "-1", "worstRating": "-1", "bestRating": "-1", "alternateName": "Правда"}, "true", "Правда"),
        ({"ratingValue": -1, "worstRating": -1, "bestRating": -1}, None, None),
        ({"ratingValue": 0}, None, None),
        ({"ratingValue": "Falso", "name": ""}, "false", "Falso"),
        ({"name": "Ложь"}, "false", "Ложь"),
        ({"alternateName": "It depends"}, "other", "It depends"),
        ("Falsch", "false", "Falsch"),
        (5, "true", None),
        ([{"@type": "Rating", "alternateName": ["Fake", "False"]}], "false", "Fake"),
        (None, None, None),
    ],
)
def test_a_rating_may_be_a_text_a_number_an_object_or_absent(
    rating: Any, verdict: str | None, words: str | None
) -> None:
    read = debunk(review(reviewRating=rating))
    assert (read.rating, read.rating_text) == (verdict, words)


@pytest.mark.parametrize(
    ("date", "published"),
    [("2022", "2022"), ("2022-09", "2022-09"), ("2022-09-21T17:10:05+02:00", "2022-09-21T17:10:05+02:00"),
     ("Sep 21, 2022", "2022-09-21"), (1663773000, "2022-09-21T15:10+00:00"), ("soon", None), ("", None)],
)  # fmt: skip
def test_a_date_keeps_its_precision(date: Any, published: str | None) -> None:
    assert debunk(review(datePublished=date)).published == published


def test_a_time_without_an_offset_gets_that_of_the_source() -> None:
    assert debunk(review(datePublished="2022-09-21T17:10"), utc_offset="+03:00").published == "2022-09-21T17:10+03:00"


@pytest.mark.parametrize(
    ("changed", "myth"),
    [
        ({"claimReviewed": "&quot;The bridge&quot; was&nbsp;sold."}, '"The bridge" was sold.'),
        ({"claimReviewed": "The &amp;#39;bridge&amp;#39; was sold."}, "The 'bridge' was sold."),
        ({"claimReviewed": 'The \\"bridge\\" was \\u0441old\\/.'}, 'The "bridge" was сold/.'),
        ({"claimReviewed": "<p>The <b>bridge</b>\n was sold.</p>"}, "The bridge was sold."),
        ({"claimReviewed": {"@value": "The bridge was sold.", "@language": "en"}}, "The bridge was sold."),
        ({"claimReviewed": ["", "The bridge was sold."]}, "The bridge was sold."),
        ({"claimReviewed": "", "itemReviewed": {"@type": "Claim", "text": "Sold!"}, "headline": "H"}, "Sold!"),
        ({"claimReviewed": "", "headline": "A headline", "name": "A name"}, "A headline"),
        ({"claimReviewed": " ", "headline": "", "name": "A name"}, "A name"),
        ({"claimReviewed": None, "name": "A name"}, "A name"),
    ],
)
def test_the_claim_is_plain_and_falls_back_to_headline_then_name(changed: dict[str, Any], myth: str) -> None:
    assert debunk(review(**changed)).myth == myth


def test_the_paragraphs_of_all_texts_are_the_fact_each_once_and_not_the_claim() -> None:
    read = debunk(
        review(
            reviewBody="<p>The bridge was sold.</p><p>It was not.<br>It is ours.</p>",
            description="It was not. It is ours!",
            text="One.\n\nTwo,\nthree.",
            reviewRating={"alternateName": "False", "ratingExplanation": "The city says &laquo;no&raquo;."},
        )
    )
    assert read.passages == ("It was not.\nIt is ours.", "The city says «no».", "One.", "Two,\nthree.")


@pytest.mark.parametrize(
    ("stated", "metadata", "claim", "lang"),
    [
        ("uk", {}, "The bridge was sold.", "uk"),
        ("pt_br", {}, "The bridge was sold.", "pt-BR"),
        ("English", {}, "Міст продали", "en"),
        ({"@type": "Language", "name": "Spanish", "alternateName": "es"}, {}, "The bridge was sold.", "es"),
        ("nonsense!", {}, "НАТО обещала России не расширяться на восток", "ru"),
        (None, {"lang": "fr"}, "The bridge was sold.", "fr"),
        (None, {}, "L’OTAN avait promis à la Russie de ne pas s’élargir", "fr"),
        (None, {}, "5 > 3", "en"),
    ],
)
def test_the_language_is_stated_or_known_of_the_source_or_found(
    stated: Any, metadata: dict[str, str], claim: str, lang: str
) -> None:
    said = {"reviewBody": None} if claim == "5 > 3" else {}
    assert debunk(review(inLanguage=stated, claimReviewed=claim, **said), **metadata).lang == lang


def test_further_languages_translations_and_wordings_are_kept() -> None:
    translated = {"@type": "ClaimReview", "inLanguage": "fr", "claimReviewed": "Le pont", "reviewBody": "Non."}
    wordings = [{"@value": "Міст продали", "@language": "uk"}, "Bridge sold"]
    item = {"@type": "Claim", "alternateName": wordings}
    read = debunk(review(inLanguage=["en", "fr"], workTranslation=translated, itemReviewed=item))
    assert (read.lang, read.languages) == ("en", ("fr",))
    assert [(said.lang, said.myth, said.passages) for said in read.translations] == [("fr", "Le pont", ("Non.",))]
    assert read.variants == (Wording(text="Міст продали", lang="uk"), Wording(text="Bridge sold", lang="en"))


def test_keywords_may_be_a_text_a_list_or_terms() -> None:
    assert debunk(review(keywords="a, b ,a,")).tags == ("a", "b")
    assert debunk(review(keywords=["a", {"@type": "DefinedTerm", "name": "b"}])).tags == ("a", "b")


@pytest.mark.parametrize(
    ("changed", "url"),
    [
        ({"url": "//www.example.org/a"}, "https://www.example.org/a"),
        ({"url": [URL, "https://example.org/other"]}, URL),
        ({"url": "https://example.org/a b&amp;c"}, "https://example.org/a%20b&c"),
        ({"url": None, "mainEntityOfPage": {"@type": "WebPage", "@id": URL}}, URL),
        ({"url": "not an address", "@id": URL}, URL),
        ({"url": None}, None),
    ],
)
def test_the_address_is_taken_from_where_it_stands(changed: dict[str, Any], url: str | None) -> None:
    assert debunk(review(**changed)).url == url


def test_an_entry_of_a_feed_lends_its_address() -> None:
    entry = {"@type": "DataFeedItem", "url": URL, "item": [review(url=None)]}
    assert debunk({"@type": "DataFeed", "dataFeedElement": [entry]}).url == URL


def test_metadata_fills_what_a_review_lacks_and_overrides_nothing() -> None:
    known = {"publisher": "Others", "title": "A list", "rating": "true", "url": "https://other.example/"}
    bare = {"@type": "ClaimReview", "claimReviewed": "The bridge was sold."}
    filled = debunk(bare, **known)
    assert (filled.publisher, filled.title, filled.rating, filled.url) == tuple(known.values())
    assert debunk(review(), **known).publisher == "The city"


def test_the_id_is_the_same_for_all_spellings_of_the_address_and_the_claim() -> None:
    respelt = review(url="http://example.org/checks/bridge/?utm_source=feed", claimReviewed="the bridge was SOLD")
    assert debunk(respelt).id == debunk(review()).id == review_id(URL, "The bridge was sold.")
    assert debunk(review(claimReviewed="Another claim")).id != debunk(review()).id
    assert debunk(review(identifier="12345")).id == debunk(review()).id
    assert debunk(review(identifier="example.org-bridge-1")).id == "example.org-bridge-1"
    assert debunk(review(), id_prefix="city").id.startswith("city-")
