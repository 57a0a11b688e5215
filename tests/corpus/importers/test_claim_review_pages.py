"""ClaimReview on web pages, as JSON-LD and as microdata."""

import json
from typing import Any

import pytest

from corpus.importers import claim_review
from corpus.model import Debunk, Rejected
from corpus.source import Source, SourceMetadata

URL = "https://example.org/checks/bridge"
REVIEW = {
    "@context": "http://schema.org",
    "@type": "ClaimReview",
    "url": URL,
    "claimReviewed": "The bridge was sold.",
    "reviewRating": {"@type": "Rating", "alternateName": "False"},
}
MICRODATA = f"""
<article itemscope itemtype="http://schema.org/ClaimReview">
  <link itemprop="url" href="{URL}">
  <p>Claim: <span itemprop="claimReviewed">The &quot;bridge&quot; was <b>sold</b>.</span></p>
  <div itemprop="itemReviewed" itemscope itemtype="http://schema.org/CreativeWork">
    <span itemprop="author" itemscope itemtype="http://schema.org/Person"><b itemprop="name">A neighbour</b></span>
    <a itemprop="sameAs" href="https://t.me/abc/1">here</a>
    <time itemprop="datePublished" datetime="2022-09-01">1st</time>
  </div>
  <div itemprop="author" itemscope itemtype="http://schema.org/Organization">
    <meta itemprop="name" content="The city"></div>
  <div itemprop="reviewRating" itemscope itemtype="http://schema.org/Rating">
    <meta itemprop="ratingValue" content="1"><span itemprop="alternateName">False</span>
  </div>
  <h1 itemprop="name">No sale</h1>
  <div itemprop="reviewBody"><p>It was not.</p><p>It is the city's.</p></div>
</article>
"""


def read(html: str | bytes, **metadata: str) -> list[Debunk | Rejected]:
    raw = html if isinstance(html, bytes) else html.encode()
    return list(claim_review.read(Source("page.html", raw, SourceMetadata.model_validate(metadata))))


def script(value: Any) -> str:
    return f'<script type="application/ld+json">{value if isinstance(value, str) else json.dumps(value)}</script>'


def page(*parts: str) -> str:
    head = "\n".join(parts)
    return f"<!DOCTYPE html><html><head><title>A page</title>\n{head}\n</head><body><p>Text</p></body></html>"


def myths(records: list[Debunk | Rejected]) -> list[str]:
    return [record.myth if isinstance(record, Debunk) else "rejected" for record in records]


def test_several_reviews_on_a_page_are_read_beside_what_else_it_states() -> None:
    other = {**REVIEW, "claimReviewed": "The bridge was painted."}
    html = page(
        script({"@type": "BreadcrumbList"}), script([REVIEW, {"@type": "Organization", "name": "x"}]), script(other)
    )
    assert myths(read(html)) == ["The bridge was sold.", "The bridge was painted."]
    assert claim_review.recognises(html)


def test_a_review_that_the_page_states_twice_is_read_once() -> None:
    assert myths(read(page(script(REVIEW), script(REVIEW)))) == ["The bridge was sold."]


def test_a_page_without_a_review_is_rejected_and_says_what_it_has() -> None:
    (record,) = read(page(script({"@type": "BreadcrumbList"}), script({"@graph": [{"@type": "Organization"}]})))
    assert record == Rejected(
        "page.html", "met BreadcrumbList, Organization and no ClaimReview; expected one as JSON-LD or microdata"
    )


@pytest.mark.parametrize(
    "wrapped",
    [
        "//<![CDATA[\n%s\n//]]>",
        "/*<![CDATA[*/%s/*]]>*/",
        "<!-- %s -->",
        "\n\n  %s ;\n",
    ],
)
def test_a_script_may_be_wrapped_as_scripts_once_were(wrapped: str) -> None:
    assert myths(read(page(script(wrapped % json.dumps(REVIEW))))) == ["The bridge was sold."]


def test_a_script_may_be_escaped_as_html() -> None:
    assert myths(read(page(script(json.dumps(REVIEW).replace('"', "&quot;"))))) == ["The bridge was sold."]


def test_a_broken_script_is_rejected_with_its_line_if_a_review_was_in_it() -> None:
    broken = json.dumps(REVIEW)[:-1] + ",}"
    records = read(page(script('{"@type": "Organization",}'), script(broken), script(REVIEW)))
    assert myths(records) == ["rejected", "The bridge was sold."]
    assert isinstance(records[0], Rejected)
    assert records[0].where == "page.html, item 1, line 3"


def test_microdata_is_read_like_json_ld() -> None:
    (debunk,) = read(page(MICRODATA))
    assert isinstance(debunk, Debunk)
    assert (debunk.myth, debunk.title, debunk.url) == ('The "bridge" was sold.', "No sale", URL)
    assert (debunk.publisher, debunk.claimant, debunk.claimed) == ("The city", "A neighbour", "2022-09-01")
    assert (debunk.rating, debunk.rating_text) == ("false", "False")
    assert (debunk.passages, debunk.appearances) == (("It was not.", "It is the city's."), ("https://t.me/abc/1",))


def test_microdata_may_refer_to_properties_elsewhere_even_in_a_circle() -> None:
    html = """
    <div itemscope itemtype="https://schema.org/ClaimReview" itemref="body a"><b itemprop="claimReviewed">Sold</b></div>
    <div id="body"><p itemprop="reviewBody">It was not.</p></div>
    <div id="a" itemprop="itemReviewed" itemscope itemtype="https://schema.org/Claim" itemref="a"></div>"""
    (debunk,) = read(page(html))
    assert isinstance(debunk, Debunk)
    assert (debunk.myth, debunk.passages) == ("Sold", ("It was not.",))


def test_the_pages_own_address_stands_in_for_a_missing_one_and_completes_relative_ones() -> None:
    bare = {key: value for key, value in REVIEW.items() if key != "url"}
    canonical = f'<link rel="canonical" href="{URL}">'
    for html, metadata in ((page(canonical, script(bare)), {}), (page(script(bare)), {"url": URL})):
        (debunk,) = read(html, **metadata)
        assert isinstance(debunk, Debunk)
        assert debunk.url == URL
    (debunk,) = read(page(canonical, script({**REVIEW, "url": "/checks/other"})))
    assert isinstance(debunk, Debunk)
    assert debunk.url == "https://example.org/checks/other"


def test_a_page_in_the_encoding_that_it_declares_is_read() -> None:
    html = page('<meta charset="windows-1251">', script({**REVIEW, "claimReviewed": "NNN"})).replace(
        "NNN", "Міст продали"
    )
    assert myths(read(html.encode("windows-1251"))) == ["Міст продали"]
