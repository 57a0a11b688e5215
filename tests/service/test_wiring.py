"""Wiring: what the first start does, and what the second does not do again."""

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from corpus.errors import UnreadableSource
from corpus.judged import TRAIN, read_judged
from corpus.model import Debunk
from embeddings.errors import SnapshotDamaged
from embeddings.snapshot import current_folder, load_snapshot
from embeddings.toy import ToyEncoder
from service.builder import examples_of
from service.calibration_file import SHIPPED, write_calibration
from service.matching.errors import CalibrationRefused
from service.matching.scoring import Thresholds
from service.settings import Settings
from service.wiring import build, open_calibration, open_matcher, open_store, prepare

pytestmark = pytest.mark.slow

EXTRA = Debunk(id="extra", myth="The bridge was sold", lang="en", rating="false")


def stamp(settings: Settings) -> tuple[Path, int]:
    folder = current_folder(settings.snapshots_dir)
    return folder, (folder / "manifest.json").stat().st_ino


def test_the_first_start_imports_what_ships_and_builds(toy_settings: Settings) -> None:
    matcher = open_matcher(toy_settings)
    assert len(matcher.snapshot.documents) == 5
    assert len(matcher.snapshot.passages) == 5 + 599 + 15  # a vector for each myth, variant and paragraph


def test_the_second_start_does_none_of_it_again(toy_settings: Settings) -> None:
    prepare(toy_settings, ToyEncoder())
    before = stamp(toy_settings)
    prepare(toy_settings, ToyEncoder())
    assert stamp(toy_settings) == before


def test_a_debunk_that_was_removed_does_not_come_back(toy_settings: Settings) -> None:
    prepare(toy_settings, ToyEncoder())
    with open_store(toy_settings) as store:
        store.remove(["nato.int-115204-1"])
    assert len(open_matcher(toy_settings).snapshot.documents) == 4


def test_a_newer_revision_another_kind_or_another_corpus_is_built(toy_settings: Settings, tmp_path: Path) -> None:
    prepare(toy_settings, ToyEncoder())
    with open_store(toy_settings) as store:
        store.put([EXTRA])
    assert "extra" in open_matcher(toy_settings).snapshot.documents
    hnsw = toy_settings.model_copy(update={"index_kind": "hnsw"})
    assert open_matcher(hnsw).snapshot.index.kind == "hnsw"
    elsewhere = hnsw.model_copy(update={"database_url": f"sqlite:///{tmp_path / 'other.db'}"})
    with open_store(elsewhere) as store:
        store.put([EXTRA])
        store.put([EXTRA.model_copy(update={"myth": "Another"})])
        assert store.revision == 2  # as the first corpus
    assert set(open_matcher(elsewhere).snapshot.documents) == {"extra"}


def test_a_snapshot_of_an_older_revision_serves_where_a_builder_brings_it_forward(toy_settings: Settings) -> None:
    prepare(toy_settings, ToyEncoder(), newest=False)
    before = stamp(toy_settings)
    with open_store(toy_settings) as store:
        store.put([EXTRA])
    prepare(toy_settings, ToyEncoder(), newest=False)
    assert stamp(toy_settings) == before
    prepare(toy_settings, ToyEncoder())
    assert stamp(toy_settings) != before


def test_a_snapshot_that_another_version_laid_out_is_built_anew(toy_settings: Settings) -> None:
    prepare(toy_settings, ToyEncoder())
    path = current_folder(toy_settings.snapshots_dir) / "manifest.json"
    content = json.loads(path.read_text(encoding="utf-8"))["content"] | {"format": 2}
    seal = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    path.write_text(json.dumps({"content": content, "sha256": seal}), encoding="utf-8")
    assert len(open_matcher(toy_settings).snapshot.passages) == 619


def test_an_altered_snapshot_is_refused_until_it_is_built_anew(toy_settings: Settings) -> None:
    prepare(toy_settings, ToyEncoder())
    (passages,) = toy_settings.snapshots_dir.glob("*/segments/*/passages.jsonl")
    passages.write_text("", encoding="utf-8")
    with pytest.raises(SnapshotDamaged, match=r"passages\.jsonl is truncated or altered"):
        open_matcher(toy_settings)
    with open_store(toy_settings) as store:
        build(toy_settings, store, ToyEncoder())
    assert len(open_matcher(toy_settings).snapshot.passages) == 619


def test_other_judged_posts_are_other_examples_and_make_the_snapshot_stale(
    toy_settings: Settings, judged_file: Path, tmp_path: Path
) -> None:
    prepare(toy_settings, ToyEncoder())
    first = load_snapshot(current_folder(toy_settings.snapshots_dir))
    assert first.examples.texts == examples_of(read_judged(TRAIN))
    path = tmp_path / "mine.jsonl"
    shutil.copy(judged_file, path)
    mine = toy_settings.model_copy(update={"judged": str(path)})
    prepare(mine, ToyEncoder())
    snapshot = load_snapshot(current_folder(mine.snapshots_dir))
    assert [example.text for example in snapshot.examples.texts] == [post.text for post in read_judged(judged_file)]
    assert len(snapshot.examples) == 60
    before = stamp(mine)
    prepare(mine, ToyEncoder())
    assert stamp(mine) == before
    with path.open("a", encoding="utf-8") as lines:
        lines.write(
            '{"id": "61", "text": "One more", "lang": "en", "debunk_id": null, "relation": "none", "kind": "far"}'
        )
    prepare(mine, ToyEncoder())
    assert len(load_snapshot(current_folder(mine.snapshots_dir)).examples) == 61


def test_judged_posts_that_cannot_be_read_stop_the_start_with_their_path(
    toy_settings: Settings, tmp_path: Path
) -> None:
    absent = toy_settings.model_copy(update={"judged": str(tmp_path / "absent.jsonl")})
    with pytest.raises(UnreadableSource, match=r"absent\.jsonl: cannot be read"):
        open_matcher(absent)


def test_a_calibration_that_was_fitted_beside_other_posts_is_refused(toy_settings: Settings, judged_file: Path) -> None:
    mine = toy_settings.model_copy(update={"judged": str(judged_file)})
    with pytest.raises(CalibrationRefused) as caught:
        open_matcher(mine)
    assert "other judged posts" in str(caught.value)
    assert "run `python -m scripts.calibrate` and set MYTHMATCH_CALIBRATION and MYTHMATCH_JUDGED" in str(caught.value)


def test_a_calibration_of_another_encoder_is_refused(toy_settings: Settings) -> None:
    others = str(SHIPPED / "multilingual-e5-small.json")
    with pytest.raises(CalibrationRefused) as caught:
        open_matcher(toy_settings.model_copy(update={"calibration": others}))
    assert "belongs to an encoder with the fingerprint aeefd09ec7ca3e71, the snapshot to toy@" in str(caught.value)
    assert "scripts.calibrate" in str(caught.value)


def test_the_calibration_that_is_named_takes_the_place_of_the_one_that_ships(
    toy_settings: Settings, tmp_path: Path
) -> None:
    shipped = open_calibration(toy_settings, ToyEncoder())
    stricter = replace(shipped, thresholds=Thresholds(0.999, 0.99))
    path = tmp_path / "stricter.json"
    write_calibration(path, stricter, ToyEncoder())
    matcher = open_matcher(toy_settings.model_copy(update={"calibration": str(path)}))
    assert matcher.calibration.thresholds == Thresholds(0.999, 0.99)
    assert matcher.calibration.id != shipped.id
