"""The open judged posts: many, of every kind, parted by topic and wording, and hardly told apart by their signs."""

import re
from collections import Counter, defaultdict
from itertools import combinations

import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline

from corpus.importers import jsonl
from corpus.judged import DEV, JUDGED, TRAIN, JudgedPost, read_judged
from corpus.model import Debunk
from corpus.source import open_source

pytestmark = pytest.mark.slow

PARTS = ("open-train", "open-fit", "open-dev")
FOUR = ("en", "ru", "uk", "fr")
NEAR_DUPLICATE = 0.8  # cosine of character 4- and 5-grams


def posts_of(part: str) -> list[JudgedPost]:
    return read_judged(JUDGED / f"{part}.jsonl")


def myths_of(part: str) -> dict[str, Debunk]:
    records = list(jsonl.read(open_source(JUDGED / f"{part}-myths.jsonl", {})))
    assert all(isinstance(record, Debunk) for record in records), part
    return {record.id: record for record in records if isinstance(record, Debunk)}


POSTS = {part: posts_of(part) for part in PARTS}
MYTHS = {part: myths_of(part) for part in PARTS}
EVERY = [post for posts in POSTS.values() for post in posts]


def test_there_are_as_many_as_the_readme_says() -> None:
    readme = (JUDGED / "README.md").read_text(encoding="utf-8")
    for part in PARTS:
        row = re.search(rf"\| `{part}.jsonl` \| ([\d,]+) \| (\d+) myths", readme)
        assert row, part
        assert (int(row[1].replace(",", "")), int(row[2])) == (len(POSTS[part]), len(MYTHS[part])), part
    assert sum(map(len, MYTHS.values())) >= 150
    assert sum(post.lang in FOUR for post in EVERY) >= 6000
    assert sum(post.lang in ("de", "pl", "es", "it") for post in EVERY) >= 300


def test_every_myth_has_its_correction_its_topic_and_posts_of_every_relation() -> None:
    for part in PARTS:
        relations: dict[str, set[str]] = defaultdict(set)
        for post in POSTS[part]:
            relations[post.debunk_id or post.near or ""].add(post.relation)
        for myth in MYTHS[part].values():
            assert myth.passages, myth.id
            assert len(myth.tags) == 1 or part == "open-fit", myth.id
            assert {"repeats", "denies", "reports"} <= relations[myth.id], myth.id


def test_a_third_of_the_myths_are_about_the_war_and_its_world() -> None:
    topics = Counter(tag for myths in MYTHS.values() for myth in myths.values() for tag in myth.tags[:1])
    assert len(topics) >= 10
    about = sum(topics[topic] for topic in ("war", "nato", "eu", "sanctions", "energy", "refugees"))
    assert about >= sum(topics.values()) / 3


def test_every_post_is_about_a_myth_of_its_own_file() -> None:
    for part in PARTS:
        named = {myth for post in POSTS[part] for myth in (*post.debunk_ids, post.near) if myth}
        assert named == set(MYTHS[part]), part


def test_dev_shares_no_topic_and_no_myth_with_what_is_fitted_on() -> None:
    topics = {part: {tag for myth in MYTHS[part].values() for tag in myth.tags} for part in PARTS}
    assert not topics["open-dev"] & (topics["open-train"] | topics["open-fit"])
    for one, other in combinations(PARTS, 2):
        assert not set(MYTHS[one]) & set(MYTHS[other])


def test_no_two_posts_are_near_duplicates_within_a_file_or_between_two() -> None:
    texts = [post.text for post in (*EVERY, *read_judged(DEV), *read_judged(TRAIN))]
    rows = TfidfVectorizer(analyzer="char_wb", ngram_range=(4, 5), sublinear_tf=True, min_df=2).fit_transform(texts)
    alike = (rows[: len(EVERY)] @ rows.T).tocoo()
    pairs = zip(alike.row, alike.col, alike.data, strict=True)
    found = [(texts[i], texts[j]) for i, j, cosine in pairs if i < j and cosine > NEAR_DUPLICATE]
    assert found == []


@pytest.mark.parametrize("lang", FOUR)
def test_a_bag_of_characters_hardly_tells_repetitions_from_near_misses(lang: str) -> None:
    some = [p for p in EVERY if p.lang == lang and (p.relation == "repeats" or p.kind == "near_miss")]
    assert len(some) > 700
    bag = TfidfVectorizer(analyzer="char", use_idf=False, lowercase=False)
    model = make_pipeline(bag, LogisticRegression(C=10, max_iter=2000, class_weight="balanced"))
    repeats = [post.relation == "repeats" for post in some]
    myths = [post.debunk_id or post.near or post.id for post in some]
    probabilities = cross_val_predict(
        model, [post.text for post in some], repeats, groups=myths, cv=GroupKFold(5), method="predict_proba"
    )
    assert roc_auc_score(repeats, probabilities[:, 1]) < 0.65
    assert 0.43 < roc_auc_score(repeats, [len(post.text) for post in some]) < 0.57
