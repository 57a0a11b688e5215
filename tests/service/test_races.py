"""Many writers at once: one wins for each revision, and nothing that was written is lost."""

import threading

import pytest
from flask import Flask

from corpus.store import CorpusStore
from tests.service.parts import BRIDGE

pytestmark = pytest.mark.parametrize("database", ["sqlite", "postgresql"])


def test_of_eight_writers_that_know_one_revision_exactly_one_wins_and_nothing_else_is_lost(
    app: Flask, store: CorpusStore
) -> None:
    app.test_client().post("/v1/debunks", json=BRIDGE)
    won: list[tuple[str, str]] = []
    lost: list[str] = []

    def write(writer: int) -> None:
        client = app.test_client()
        for _ in range(5):
            while True:
                known = client.get("/v1/debunks/bridge")
                tags = [*(known.json or {})["tags"], f"{writer}"]
                condition = {"If-Match": known.headers["ETag"]}
                answer = client.patch("/v1/debunks/bridge", json={"tags": tags}, headers=condition)
                if answer.status_code == 200:
                    won.append((known.headers["ETag"], answer.headers["ETag"]))
                    break
                assert answer.status_code == 409, answer.text
                lost.append(answer.text)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(won) == 40
    assert len({before for before, _ in won}) == 40
    assert sorted(int(after.strip('"')) for _, after in won) == list(range(3, 43))
    debunk = store.get("bridge")
    assert debunk is not None
    assert sorted(debunk.tags) == sorted(f"{writer}" for writer in range(8) for _ in range(5))
    assert [len(version.debunk.tags) for version in store.history("bridge") if version.debunk] == list(
        range(40, -1, -1)
    )


def test_writers_that_race_for_one_known_revision_have_one_winner(app: Flask, store: CorpusStore) -> None:
    app.test_client().post("/v1/debunks", json=BRIDGE)
    together = threading.Barrier(8)
    statuses: list[int] = []

    def write(writer: int) -> None:
        together.wait(30)
        changes, condition = {"tags": [f"{writer}"]}, {"If-Match": '"2"'}
        statuses.append(app.test_client().patch("/v1/debunks/bridge", json=changes, headers=condition).status_code)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sorted(statuses) == [200] + [409] * 7
    assert store.revision == 3
