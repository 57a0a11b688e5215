"""Evaluating: sets of judged posts and claims read, matched, measured."""

import csv
import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus.errors import UnreadableSource
from corpus.judged import JudgedPost, JudgedSpan, Relation
from corpus.model import Debunk, Wording

RELATIONS: dict[str, Relation] = {"agree": "repeats", "disagree": "denies", "discuss": "reports"}
PAIR_RELATIONS: dict[str, Relation] = {"entail": "repeats", "compatible": "repeats", "contradict": "denies"}
DEFAULT_LANG = "en"
HIDDEN = "hidden"  # the kind of a post whose right answers were taken out of the corpus


@dataclass(frozen=True)
class JudgedSet:
    """Claims as debunks, and posts of which it is known which of them they are about."""

    debunks: Sequence[Debunk]
    posts: Sequence[JudgedPost]


def read_set(claims: Path, queries: Path, qrels: Path, stance: Path | None = None) -> JudgedSet:
    """Return a set in the layout of claim retrieval research; raises UnreadableSource.

    `claims` is JSON Lines (also gzipped) of {id, text, title?, debunk?, lang?}, `queries` of {id, text, lang?}; `qrels`
    and `stance` are tab-separated with a header: post, claim, and relevance (0: not) or stance.
    """
    debunks = [_debunk(fields, where) for where, fields in _lines(claims)]
    relevant: dict[str, list[str]] = {}
    for post_id, claim_id, relevance in _rows(qrels):
        if relevance != "0":
            relevant.setdefault(post_id, []).append(claim_id)
    stances = {(post, claim): RELATIONS.get(said) for post, claim, said in _rows(stance)} if stance else {}
    posts = [
        _post(fields, relevant.get(str(fields.get("id")), []), stances, where) for where, fields in _lines(queries)
    ]
    return JudgedSet(debunks, posts)


def read_stances(claims: Path, queries: Path, stance: Path) -> JudgedSet:
    """Return a post for each pair of post and claim whose stance is known, in the layout of `read_set`."""
    debunks = [_debunk(fields, where) for where, fields in _lines(claims)]
    texts = {str(fields["id"]): fields for _, fields in _lines(queries)}
    posts = [
        _pair(f"{post_id}-{claim_id}", texts[post_id], claim_id, RELATIONS[said])
        for post_id, claim_id, said in _rows(stance)
        if said in RELATIONS and post_id in texts
    ]
    return JudgedSet(debunks, posts)


def read_pairs(path: Path) -> JudgedSet:
    """Return a claim and a post for each line of {premise, hypothesis, label, lang?}; other labels are left out.

    A premise repeats its hypothesis where it entails or is compatible with it, and denies what it contradicts.
    """
    debunks, posts = [], []
    for number, (where, fields) in enumerate(_lines(path)):
        relation = PAIR_RELATIONS.get(fields.get("label", ""))
        if relation:
            lang = fields.get("lang")
            debunks.append(_debunk({"id": str(number), "text": fields["hypothesis"], "lang": lang}, where))
            posts.append(_pair(str(number), {"text": fields["premise"], "lang": lang}, str(number), relation))
    return JudgedSet(debunks, posts)


def _pair(pair_id: str, fields: dict[str, Any], claim_id: str, relation: Relation) -> JudgedPost:
    return JudgedPost.model_construct(
        id=pair_id,
        text=str(fields["text"]),
        lang=fields.get("lang") or DEFAULT_LANG,
        debunk_id=claim_id,
        relation=relation,
        kind="pair",
        spans=(),
    )


def hide_half(judged: JudgedSet) -> JudgedSet:
    """Return the set with half of the right answers taken out of the corpus; their posts are about nothing known then.

    Which half is decided by a digest of the id, so it is the same in every run.
    """
    right = {debunk_id for post in judged.posts for debunk_id in post.debunk_ids}
    gone = {debunk_id for debunk_id in right if hashlib.sha256(debunk_id.encode()).digest()[0] % 2}
    debunks = [debunk for debunk in judged.debunks if debunk.id not in gone]
    return JudgedSet(debunks, [_without(post, gone) for post in judged.posts if post.debunk_ids])


def _without(post: JudgedPost, gone: set[str]) -> JudgedPost:
    left = [debunk_id for debunk_id in sorted(post.debunk_ids) if debunk_id not in gone]
    if not left:
        return post.model_copy(update={"debunk_id": None, "relation": "none", "kind": HIDDEN, "spans": ()})
    spans = tuple(span for span in post.spans if span.debunk_id in left)
    return post.model_copy(update={"debunk_id": left[0], "spans": spans})


def _debunk(fields: dict[str, Any], where: str) -> Debunk:
    try:
        lang = fields.get("lang") or DEFAULT_LANG
        title, fact = fields.get("title"), fields.get("debunk")
        return Debunk.model_construct(
            id=str(fields["id"]),
            myth=str(fields["text"]),
            lang=lang,
            title=title or None,
            passages=(fact,) if fact else (),
            rating="other",
            variants=tuple(Wording(**variant) for variant in fields.get("variants", ())),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableSource(f"{where}: expected a claim with id and text ({type(error).__name__})") from error


def _post(
    fields: dict[str, Any], about: Sequence[str], stances: dict[tuple[str, str], Relation | None], where: str
) -> JudgedPost:
    try:
        post_id, text = str(fields["id"]), str(fields["text"])
    except KeyError as error:
        raise UnreadableSource(f"{where}: expected a post with id and text") from error
    relations = [stances.get((post_id, claim_id)) or "repeats" for claim_id in about]
    others = [JudgedSpan.model_construct(start=0, end=len(text), debunk_id=c, relation="repeats") for c in about[1:]]
    return JudgedPost.model_construct(
        id=post_id,
        text=text,
        lang=fields.get("lang") or DEFAULT_LANG,
        debunk_id=about[0] if about else None,
        relation=relations[0] if about else "none",
        kind="post" if about else "other",
        spans=tuple(others),
    )


def _lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield f"{path}, line {number}", json.loads(line)
    except (OSError, ValueError) as error:
        raise UnreadableSource(f"{path}: expected JSON Lines ({type(error).__name__})") from error


def _rows(path: Path | None) -> Iterable[tuple[str, str, str]]:
    if path is None:
        return []
    try:
        with path.open(encoding="utf-8", newline="") as table:
            rows = list(csv.reader(table, delimiter="\t"))[1:]
        return [(row[0], row[1], row[2]) for row in rows if row]
    except (OSError, IndexError, csv.Error) as error:
        raise UnreadableSource(f"{path}: expected three tab-separated columns with a header") from error
