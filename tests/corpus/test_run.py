"""Run: the same feed again changes nothing, two feeds make one debunk, and what was killed goes on."""

import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from corpus.model import Debunk, Rejected, Wording
from corpus.run import Run, Taken
from corpus.store import CorpusStore
from tests.real_server import ROOT


def debunk(number: int, **fields: object) -> Debunk:
    return Debunk.model_validate({"id": f"d{number}", "myth": "m", "lang": "en", "rating": "false", **fields})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CorpusStore]:
    with CorpusStore.open(f"sqlite:///{tmp_path / 'corpus.db'}") as opened:
        yield opened


def take(store: CorpusStore, feed: str, records: Sequence[Debunk | Rejected], *, whole: bool = False) -> Taken:
    run, taken = Run.begin(store, feed, repr(records)).take(records)
    run.finish(whole=whole)
    return taken


def test_a_debunk_tells_the_feed_that_it_came_from(store: CorpusStore) -> None:
    assert take(store, "a.jsonl", [debunk(1)]) == Taken(put=1)
    assert store.get("d1") == debunk(1, sources=("a.jsonl",))
    assert [version.author for version in store.history("d1")] == ["import:a.jsonl"]


def test_the_same_records_again_change_nothing(store: CorpusStore) -> None:
    records = [debunk(1), debunk(2), Rejected("line 3", "no JSON")]
    assert take(store, "a", records) == Taken(put=2, rejected=(records[2],))  # type: ignore[arg-type]
    assert take(store, "a", records) == Taken(unchanged=2, rejected=(records[2],))  # type: ignore[arg-type]
    assert store.revision == 1


def test_a_changed_review_is_a_new_revision(store: CorpusStore) -> None:
    take(store, "a", [debunk(1), debunk(2)])
    assert take(store, "a", [debunk(1, rating_text="Pants on fire"), debunk(2)]) == Taken(put=1, unchanged=1)
    assert [version.revision for version in store.history("d1")] == [2, 1]
    assert store.get("d1") == debunk(1, rating_text="Pants on fire", sources=("a",))


def test_the_same_review_from_two_feeds_is_one_debunk_with_two_sources(store: CorpusStore) -> None:
    take(store, "a", [debunk(1, title="as a has it")])
    take(store, "b", [debunk(1, title="as b has it")])
    both = debunk(1, title="as a has it", sources=("a", "b"))
    assert store.get("d1") == both
    take(store, "a", [debunk(1, title="as a has it")])
    take(store, "b", [debunk(1, title="as b has it")])
    assert (store.revision, store.get("d1")) == (2, both)
    take(store, "b", [debunk(1, title="b wrote anew")])
    assert store.get("d1") == debunk(1, title="b wrote anew", sources=("a", "b"))


def test_another_feed_that_has_a_later_state_of_a_review_brings_it(store: CorpusStore) -> None:
    take(store, "2024.json", [debunk(1, title="old", updated="2024-05-01")])
    take(store, "2025.json", [debunk(1, title="new", updated="2025-01-01")])
    assert store.get("d1") == debunk(1, title="new", updated="2025-01-01", sources=("2024.json", "2025.json"))
    take(store, "2023.json", [debunk(1, title="older", updated="2023")])
    newest = store.get("d1")
    assert newest is not None
    assert (newest.title, newest.sources) == ("new", ("2024.json", "2025.json", "2023.json"))


def test_what_moderators_gave_a_debunk_outlives_the_next_import(store: CorpusStore) -> None:
    take(store, "a", [debunk(1, tags=("war",))])
    moderated = {
        "tags": ("war", "ours"),
        "hold": "always",
        "disable_until": "2027",
        "variants": (Wording(text="v", lang="en"),),
        "suppressions": (Wording(text="s", lang="en"),),
    }
    store.put([debunk(1, sources=("a",), **moderated)], "anna")
    assert take(store, "a", [debunk(1, tags=("war",))]) == Taken(unchanged=1)
    take(store, "a", [debunk(1, tags=("war",), title="new")])
    assert store.get("d1") == debunk(1, title="new", sources=("a",), **moderated)


def test_what_was_removed_by_hand_stays_away(store: CorpusStore) -> None:
    take(store, "a", [debunk(1), debunk(2)])
    store.remove(["d1"], "anna")
    assert take(store, "a", [debunk(1, title="new"), debunk(2)]) == Taken(unchanged=1, kept_out=1)
    assert store.get("d1") is None


def test_a_second_record_under_one_id_is_rejected_unless_it_is_the_same(store: CorpusStore) -> None:
    taken = take(store, "a", [debunk(1), debunk(1), debunk(1, title="another")])
    assert (taken.put, taken.unchanged) == (1, 1)
    assert [record.why for record in taken.rejected] == [
        "id 'd1' already stands for another debunk in a; give each its own id"
    ]


def test_a_withdrawn_review_expires_and_comes_back_when_the_feed_has_it_again(store: CorpusStore) -> None:
    take(store, "a", [debunk(1), debunk(2)])
    take(store, "b", [debunk(2)])
    before = datetime.now(UTC).isoformat(timespec="seconds")
    take(store, "a", [debunk(3)], whole=True)
    gone, kept = store.get("d1"), store.get("d2")
    assert gone is not None
    assert gone.expires is not None
    assert before <= gone.expires <= datetime.now(UTC).isoformat(timespec="seconds")
    assert (gone.sources, kept) == ((), debunk(2, sources=("b",)))
    take(store, "a", [debunk(1), debunk(3)], whole=True)
    assert store.get("d1") == debunk(1, sources=("a",))


def test_a_part_of_a_feed_withdraws_nothing(store: CorpusStore) -> None:
    take(store, "a", [debunk(1), debunk(2)])
    take(store, "a", [debunk(2)])
    assert store.get("d1") == debunk(1, sources=("a",))


def test_an_unfinished_run_goes_on_where_it_stood_and_another_content_begins_anew(store: CorpusStore) -> None:
    run, _ = Run.begin(store, "a", "one").take([debunk(1), debunk(2)])
    again = Run.begin(store, "a", "one")
    assert (again.id, again.position, again.took_up) == (run.id, 2, 2)
    assert Run.begin(store, "a", "other").position == 0
    assert Run.begin(store, "b", "one").position == 0
    again.finish(whole=False)
    assert Run.begin(store, "a", "one").position == 0


def test_a_resumed_whole_run_withdraws_nothing_that_it_met_before_it_was_killed(store: CorpusStore) -> None:
    take(store, "a", [debunk(0)])
    Run.begin(store, "a", "new").take([debunk(1)])
    run, _ = Run.begin(store, "a", "new").take([debunk(2)])
    assert run.finish(whole=True) == 1
    expired = [debunk.id for debunk in store.debunks() if debunk.expires]
    assert expired == ["d0"]


KILLED_IMPORTER = """
import sys
from corpus.model import Debunk
from corpus.run import Run
from corpus.store import CorpusStore

store = CorpusStore.open(sys.argv[1])
run = Run.begin(store, "feed", "content")
print(run.position, flush=True)
for first in range(run.position, 2000, 50):
    run, _ = run.take([Debunk(id=f"d{n:04}", myth="m", lang="en", rating="false") for n in range(first, first + 50)])
    print(run.position, flush=True)
run.finish(whole=True)
"""


@pytest.mark.slow
def test_a_run_that_is_killed_again_and_again_loses_nothing_and_doubles_nothing(
    store: CorpusStore, tmp_path: Path
) -> None:
    url, at = f"sqlite:///{tmp_path / 'corpus.db'}", 0
    for stop in (150, 400, 650, 1000, 1200, None):
        importer = subprocess.Popen([sys.executable, "-c", KILLED_IMPORTER, url], cwd=ROOT, stdout=subprocess.PIPE)
        assert importer.stdout is not None
        began = int(importer.stdout.readline())
        assert began >= at
        for line in importer.stdout:
            at = int(line)
            if stop is not None and at >= stop:
                importer.send_signal(signal.SIGKILL)
                break
        importer.stdout.read()
        assert importer.wait() == (0 if stop is None else -signal.SIGKILL)
        importer.stdout.close()
    stored = list(store.debunks())
    assert [debunk.id for debunk in stored] == [f"d{n:04}" for n in range(2000)]
    assert store.revision == 2000 // 50
    assert all(len(store.history(f"d{n:04}")) == 1 for n in range(0, 2000, 97))
