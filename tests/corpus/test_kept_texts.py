"""KeptTexts: texts that callers asked to keep, by the request that brought them, until they are erased for good."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from corpus.database import Database
from corpus.kept_texts import KeptText, KeptTexts
from tests.postgres import empty_database

NOON = datetime(2026, 9, 21, 12, 0, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def texts(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[KeptTexts]:
    with empty_database(request.param, tmp_path) as url:
        database = Database.open(url)
        yield KeptTexts(database)
        database.close()


def kept(number: int, text: str = "what somebody sent", answer: str = "{}") -> KeptText:
    return KeptText(f"r{number}", text, "en", answer, NOON + timedelta(minutes=number))


def test_what_is_kept_is_read_back_the_same(texts: KeptTexts) -> None:
    assert texts.keep(kept(2))
    assert texts.keep(kept(1))
    assert texts.get("r2") == kept(2)
    assert texts.get("absent") is None
    assert list(texts.export()) == [kept(1), kept(2)]
    assert texts.page(kept(1)) == [kept(2)]


def test_a_request_id_keeps_its_text(texts: KeptTexts) -> None:
    texts.keep(kept(1))
    assert not texts.keep(kept(1, text="another"))
    assert texts.get("r1") == kept(1)
    assert texts.keep(kept(1, answer='{"decision": "match"}'))
    assert texts.get("r1") == kept(1, answer='{"decision": "match"}')


def test_what_is_erased_is_no_longer_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "corpus.db"
    texts = KeptTexts(Database.open(f"sqlite:///{path}"))
    for number in range(4):
        texts.keep(kept(number, f"what somebody sent {number}"))
    assert [texts.erase("r1"), texts.erase("r1")] == [True, False]
    assert texts.erase_before(NOON + timedelta(minutes=2)) == 1
    texts.database.close()
    on_disk = path.read_bytes()
    assert [f"what somebody sent {number}".encode() in on_disk for number in range(4)] == [False, False, True, True]
    assert texts.erase_all() == 2
    assert list(texts.export()) == []
