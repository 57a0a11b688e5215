"""Addresses: one string for all spellings of one, and those that stand in a text. Knows w3lib and linkify-it-py."""

import re
from functools import cache
from urllib.parse import SplitResult, unquote_plus, urlsplit

from linkify_it import LinkifyIt
from w3lib.url import canonicalize_url

SCHEME = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)?:?//", re.I)
WEB_SCHEMES = ("http", "https")
DEFAULT_PORTS = (80, 443)
SITE_VARIANTS = ("www", "m", "mobile", "amp")  # the same pages for other screens; also in en.m.wikipedia.org
SAME_SITE = {"twitter.com": "x.com", "telegram.me": "t.me", "telegram.dog": "t.me", "vkontakte.ru": "vk.com"}
VIDEO = re.compile(r"/(?P<id>[\w-]+)")
HOST = re.compile(r"[a-z0-9._-]+|\[[0-9a-f:.]+\]")  # in ASCII, as IDNA has it, or IPv6

# What campaigns, networks and newsletters hang on an address; none of it names another page. courlan, which cleans
# addresses for text mining, also drops `id`-like parameters (cid, uid, ref), by which many sites name their pages.
TRACKING = re.compile(
    r"(utm|pk|mtm|piwik|matomo|hsa|itm|vero|oly|guce_referrer)_\w+|mc_[ce]id|_hs(enc|mi)|at_(medium|campaign|format)|"
    r"(fb|g|tt|tw|y|ms|dc|ys|yad|wick|rd)cl(k)?id|rdid|li_fat_id|gclsrc|(gb|wb)raid|_g[al]|_openstat|igsh(id)?|"
    r"ref_(src|url)|fb_(action_\w+|source|ref)|__(cft|tn|xts)__(\[\d+\])?|__twitter_impression|mibextid|s_cid|"
    r"cmpid|cmp|ito|ncid|ocid|smid|smtyp|spm|wt_mc|mkt_tok|guccounter|share_url|amp|amp_js_v|amp_gsa|usqp|outputType",
    re.I,
)
TRACKING_OF_SITE = {
    "x.com": frozenset({"s", "t"}),
    "youtube.com": frozenset({"si", "feature", "t", "pp", "ab_channel"}),
    "t.me": frozenset({"single", "embed"}),
}

# Top-level domains of bare addresses beside the library's own (all of two letters, .com, .org and their age).
MORE_TLDS = ("news", "media", "press", "online", "site", "live", "today", "agency", "world", "report", "blog", "social")
MAX_URL_CHARS = 4096  # longer ones are none that a browser would open, and would take the library long
QUOTES = "«»‹›„“”‚‘’…。，、！？；：）】」』"  # the library takes these along
LINKED = ("//", "http:", "https:")
BARE = re.compile(r"www\.", re.I)
GLUED = re.compile(rf"[\s{QUOTES}]+|[,;|](?=https?://)", re.I)


def url_key(url: str) -> str:
    """Return one string for all spellings of a web address: "example.org/a?id=1" of "http://www.Example.org/a/?id=1".

    Scheme, user, default port, tracking parameters, fragment (unless it is a #! route), trailing slash and the
    variants of a site for other screens are gone; the host is in IDNA's ASCII. What is no address comes back trimmed.
    """
    url = url.strip()
    try:
        parts = urlsplit(canonicalize_url(_with_scheme(url), keep_fragments=True))
        host = _host(parts)
        if parts.scheme not in WEB_SCHEMES:
            return url
    except ValueError:
        return url
    path, query = _path(parts.path), parts.query
    if host == "youtu.be" and (video := VIDEO.fullmatch(path)):
        host, path, query = "youtube.com", "/watch", f"v={video['id']}&{query}"
    query = _without_tracking(host, query)
    fragment = f"#{parts.fragment}" if parts.fragment.startswith("!") else ""
    return host + path + (query and f"?{query}") + fragment


def urls_in(text: str) -> list[str]:
    """Return the web addresses of a text as they stand in it, in order, each once; bare ones where they name a page."""
    found = [
        match.raw
        for piece in GLUED.split(text)
        for match in _linkify().match(piece[:MAX_URL_CHARS]) or ()
        if match.schema in LINKED or (not match.schema and (BARE.match(match.raw) or names_a_page(match.raw)))
    ]
    return list(dict.fromkeys(found))


def names_a_page(url: str) -> bool:
    """Return whether the address says more than a site: false for "https://example.org/?utm_source=x"."""
    return any(mark in url_key(url) for mark in "/?#")


def _with_scheme(url: str) -> str:
    scheme = SCHEME.match(url)
    if scheme is None:
        return f"http://{url}"
    return url if scheme["scheme"] else f"http://{url[scheme.end() :]}"


def _host(parts: SplitResult) -> str:
    """Return the host without its variants, and its port where that is not the default; raises ValueError."""
    *names, domain, top = ["", *(parts.hostname or "").strip(".").split(".")]
    host = ".".join([*(name for name in names if name and name not in SITE_VARIANTS), *filter(None, (domain, top))])
    host = f"[{host}]" if ":" in host else SAME_SITE.get(host, host)
    if not HOST.fullmatch(host):
        raise ValueError(f"met host {host!r}; expected a name or an IP address")
    return host if parts.port in (None, *DEFAULT_PORTS) else f"{host}:{parts.port}"


def _path(path: str) -> str:
    """Return the path without its trailing slashes, and without the /amp that the page for phones ends with."""
    path = path.rstrip("/")
    while path.endswith("/amp"):
        path = path.removesuffix("/amp").rstrip("/")
    return path


def _without_tracking(host: str, query: str) -> str:
    """Return the query's other parameters, sorted; they are as w3lib encodes them."""
    of_site = TRACKING_OF_SITE.get(host, frozenset())
    names = {pair: unquote_plus(pair.partition("=")[0]) for pair in query.split("&") if pair}
    return "&".join(
        sorted(pair for pair, name in names.items() if not TRACKING.fullmatch(name) and name not in of_site)
    )


@cache
def _linkify() -> LinkifyIt:
    """Return the library's finder; it is only read once built."""
    finder = LinkifyIt()
    finder.tlds(list(MORE_TLDS), keep_old=True)
    return finder
