"""KeyStore on every kind of database: keys are made, found by their digests, revoked, and never kept themselves."""

import hashlib
import hmac
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa

from corpus import keys as keys_module
from corpus.backup import restore_backup, write_backup
from corpus.database import Database, migrate
from corpus.errors import InvalidKey, StoreError
from corpus.keys import NO_DIGEST, Key, KeyStore, Scope, digest, find
from tests.postgres import empty_database

pytestmark = pytest.mark.slow

LATER = datetime.now(UTC) + timedelta(days=30)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with empty_database(request.param, tmp_path) as made:
        yield made


@pytest.fixture
def keys(url: str) -> Iterator[KeyStore]:
    database = Database.open(url)
    yield KeyStore(database)
    database.close()


def rows(keys: KeyStore) -> list[tuple[object, ...]]:
    with keys.database.reading() as connection:
        return [tuple(row) for row in connection.execute(sa.text("SELECT * FROM keys"))]


def test_a_key_is_long_random_and_kept_as_its_sha_256_alone(keys: KeyStore) -> None:
    (one, kept), (other, _) = keys.make("anna", ["match", "read"], LATER), keys.make("ben", ["admin"])
    assert re.fullmatch(r"mm_[0-9a-f]{12}_[\w-]{43}", one, re.ASCII)  # 43 characters of 6 bits hold 32 bytes
    assert one.split("_", 2)[1] == kept.id
    assert one.split("_", 2)[2] != other.split("_", 2)[2]
    assert kept.digest == hashlib.sha256(one.encode()).hexdigest()
    assert (kept.name, kept.scopes, kept.expires_at) == ("anna", ("read", "match"), LATER)
    stored = str(rows(keys))
    assert kept.digest in stored
    assert one not in stored
    assert one.split("_", 2)[2] not in stored


def test_keys_are_read_back_as_they_were_made_oldest_first(keys: KeyStore) -> None:
    in_kyiv = LATER.astimezone(timezone(timedelta(hours=3)))
    made = [keys.make("Оля К.", ["write"], in_kyiv)[1], keys.make("ben", ["match", "admin", "match"])[1]]
    assert keys.all() == made
    assert made[1].scopes == ("match", "admin")


def test_a_key_is_found_by_all_of_its_characters(keys: KeyStore) -> None:
    text, key = keys.make("anna", ["read"])
    other, _ = keys.make("ben", ["read"])
    known = {key.id: key for key in keys.all()}
    assert find(known, text) == key
    crossed = f"mm_{key.id}_{other[16:]}"
    for wrong in (
        text[:-1],
        text + "A",
        text.swapcase(),
        f" {text}",
        f"{text}\n",
        crossed,
        "",
        key.id,
        key.digest,
        "é",
    ):
        assert find(known, wrong) is None
    assert find({}, text) is None


def test_digests_are_compared_also_where_the_id_is_unknown(keys: KeyStore, monkeypatch: pytest.MonkeyPatch) -> None:
    text, key = keys.make("anna", ["read"])
    compared: list[tuple[str, str]] = []

    def compare(one: str, other: str) -> bool:
        compared.append((one, other))
        return one == other

    monkeypatch.setattr(hmac, "compare_digest", compare)
    unknown = f"mm_{'0' * 12}_{text[16:]}"
    for sent in (text, text[:-1] + "\N{CIRCUMFLEX ACCENT}", unknown, "no key"):
        find({key.id: key}, sent)
    assert [other for _, other in compared] == [key.digest, NO_DIGEST, NO_DIGEST, NO_DIGEST]
    assert [one for one, _ in compared] == [
        digest(sent) for sent in (text, text[:-1] + "\N{CIRCUMFLEX ACCENT}", unknown, "no key")
    ]


def test_a_key_is_revoked_by_its_id_or_its_name_and_once(keys: KeyStore) -> None:
    before = datetime.now(UTC)
    made = [keys.make(name, ["read"])[1] for name in ("anna", "ben", "eve")]
    assert keys.revoke(made[0].id) == [made[0]]
    assert keys.revoke("ben") == [made[1]]
    for again in (made[0].id, "anna", "ben", "absent", "", "\ud800\0"):
        assert keys.revoke(again) == []
    anna, ben, eve = keys.all()
    assert eve.revoked_at is None
    for revoked in (anna, ben):
        assert revoked.revoked_at is not None
        assert before <= revoked.revoked_at <= datetime.now(UTC)
        assert not revoked.is_in_force(datetime.now(UTC))


def test_an_id_comes_before_a_name_that_is_the_same(keys: KeyStore) -> None:
    _, anna = keys.make("anna", ["read"])
    _, namesake = keys.make(anna.id, ["read"])
    assert [key.id for key in keys.revoke(anna.id)] == [anna.id]
    assert [key.id for key in keys.revoke(anna.id)] == [namesake.id]


def test_a_name_is_free_again_once_its_key_is_revoked(keys: KeyStore) -> None:
    _, first = keys.make("anna", ["read"])
    with pytest.raises(InvalidKey, match="a key 'anna' is in force; revoke it, or give the new one another name"):
        keys.make("anna", ["write"])
    keys.revoke("anna")
    _, second = keys.make("anna", ["write"])
    assert [key.id for key in keys.all()] == [first.id, second.id]
    assert keys.revoke("anna") == [second]


@pytest.mark.parametrize(
    ("name", "scopes", "expires_at", "expected"),
    [
        ("", ["read"], None, "name: met 0 characters; expected 1 to 100"),
        ("a" * 101, ["read"], None, "name: met 101 characters"),
        ("a\nb", ["read"], None, "name: met 3 characters"),
        (" anna", ["read"], None, "no space at either end"),
        ("mm_0123", ["read"], None, "begins as a key does"),
        ("anna", [], None, "scopes: met none; expected some of read, match, write, admin"),
        ("anna", ["raed"], None, "scopes: met raed"),
        ("anna", ["read"], datetime(2020, 1, 1, tzinfo=UTC), "expires: met 2020-01-01T00:00:00.*is past"),
    ],
)
def test_what_no_key_can_be_is_refused(
    keys: KeyStore, name: str, scopes: list[Scope], expires_at: datetime | None, expected: str
) -> None:
    with pytest.raises(InvalidKey, match=expected):
        keys.make(name, scopes, expires_at)
    assert keys.all() == []


def test_a_key_is_in_force_until_its_end() -> None:
    key = Key("0" * 12, "anna", ("match",), "", LATER - timedelta(days=60), expires_at=LATER)
    assert key.is_in_force(LATER - timedelta(microseconds=1))
    assert not key.is_in_force(LATER)
    assert replace(key, expires_at=None).is_in_force(LATER + timedelta(days=36_500))


def test_admin_has_every_scope_and_no_other_has_another() -> None:
    for scope in keys_module.SCOPES:
        key = Key("0" * 12, "anna", (scope,), "", LATER)
        assert [other for other in keys_module.SCOPES if key.allows(other)] == (
            ["read", "match", "write", "admin"] if scope == "admin" else [scope]
        )


def test_of_use_the_last_day_is_kept(keys: KeyStore) -> None:
    _, key = keys.make("anna", ["read"])
    keys.make("ben", ["read"])
    for day in (date(2026, 11, 24), date(2026, 11, 25), date(2026, 11, 23)):
        keys.note_use(key.id, day)
    keys.note_use("absent", date(2026, 11, 24))
    assert [kept.last_used for kept in keys.all()] == [date(2026, 11, 25), None]


@pytest.mark.parametrize("with_texts", [True, False])
def test_a_backup_has_the_digests_and_what_was_revoked_since_stays_so(
    keys: KeyStore, tmp_path: Path, with_texts: bool
) -> None:
    text, _ = keys.make("anna", ["read"], LATER)
    keys.make("ben", ["admin"])
    keys.note_use(keys.all()[0].id, date(2026, 11, 24))
    before = keys.all()
    written = write_backup(keys.database, tmp_path / "corpus.gz", with_texts=with_texts)
    assert written.tables["keys"].rows == 2
    keys.revoke("ben")
    revoked = keys.all()[1]
    with pytest.raises(StoreError, match="met rows in keys;"):
        restore_backup(keys.database, tmp_path / "corpus.gz")
    restore_backup(keys.database, tmp_path / "corpus.gz", replace=True)
    assert keys.all() == [before[0], revoked]
    new = Database.open(f"sqlite:///{tmp_path / 'new.db'}")
    restore_backup(new, tmp_path / "corpus.gz")
    assert KeyStore(new).all() == before
    assert find({key.id: key for key in before}, text) == before[0]
    new.close()


def test_the_migration_can_be_taken_back_and_made_again(url: str) -> None:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        migrate(connection, "0002")
        older = set(sa.inspect(connection).get_table_names())
        connection.execute(
            sa.text("INSERT INTO texts VALUES ('r', '2026-11-24 12:00:00.000000+00:00', 'said', 'en', '{}')")
        )
        migrate(connection, "0003")
        assert set(sa.inspect(connection).get_table_names()) == {*older, "keys"}
        migrate(connection, "0002")
        assert set(sa.inspect(connection).get_table_names()) == older
        migrate(connection)
        assert connection.execute(sa.text("SELECT text FROM texts")).scalars().all() == ["said"]
        assert connection.execute(sa.text("SELECT count(*) FROM keys")).scalar() == 0
    engine.dispose()
