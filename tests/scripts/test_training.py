"""Training scripts: a few steps give an adapter that loads, names its data, and changes what it should."""

import json
from pathlib import Path

import numpy as np
import pytest

from embeddings.adapter import ADAPTERS, read_adapter
from embeddings.bundled import unpacked_model
from embeddings.encoder import MODEL_NAME
from embeddings.pair_model import load_pair_model
from embeddings.sentence_model import SentenceModelEncoder
from scripts import train_matching, train_stance
from service.lessons import files_sha256
from service.matching.stance import PAIR_CLASSES

pytestmark = pytest.mark.model
SAID = {
    "repeats": "They sold our {} at night, number {}",
    "denies": "Nobody sold the {}, number {}",
    "reports": "He says the {} was sold, number {}",
    "none": "The {} was painted green, number {}",
}


@pytest.fixture
def lessons(tmp_path: Path) -> tuple[str, str]:
    debunks, posts = tmp_path / "debunks.jsonl", tmp_path / "posts.jsonl"
    things = ("bridge", "harbour", "castle")
    debunks.write_text(
        "\n".join(
            json.dumps({"id": t, "myth": f"The {t} was sold", "lang": "en", "passages": [f"The {t} stands."]})
            for t in things
        )
    )
    lines = [
        dict[str, str | None](id=f"{t}-{relation}-{n}", text=form.format(t, n), lang="en", relation=relation, kind="x")
        | {"debunk_id": None if relation == "none" else t, "near": t if relation == "none" else None}
        for t in things
        for relation, form in SAID.items()
        for n in range(2)
    ]
    posts.write_text("\n".join(map(json.dumps, lines)))
    return str(debunks), str(posts)


@pytest.fixture(scope="module")
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models") / "models"


def run(script: object, monkeypatch: pytest.MonkeyPatch, models_dir: Path, *arguments: str) -> None:
    monkeypatch.setenv("MYTHMATCH_DATA_DIR", str(models_dir.parent))
    monkeypatch.setattr("sys.argv", ["script", *arguments])
    assert script.main() == 0  # type: ignore[attr-defined]


def test_a_trained_matching_adapter_changes_the_vectors_and_the_fingerprint(
    lessons: tuple[str, str], tmp_path: Path, models_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "matching"
    run(train_matching, monkeypatch, models_dir, "--lessons", *lessons, "--output", str(folder), "--epochs", "1")
    adapter = read_adapter(folder)
    assert adapter.card["data_sha256"] == files_sha256(map(Path, lessons))
    bare = SentenceModelEncoder(MODEL_NAME, unpacked_model(models_dir))
    adapted = SentenceModelEncoder(MODEL_NAME, unpacked_model(models_dir), adapter)
    assert bare.fingerprint != adapted.fingerprint
    one, other = bare.encode_queries(["The bridge was sold"]), adapted.encode_queries(["The bridge was sold"])
    assert np.linalg.norm(other) == pytest.approx(1, abs=1e-5)
    assert 1e-4 < 1 - float((one @ other.T)[0, 0]) < 0.5


def test_a_stance_adapter_is_trained_and_goes_on_from_where_another_ended(
    lessons: tuple[str, str], tmp_path: Path, models_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = tmp_path / "pairs.jsonl"
    pairs.write_text(
        "\n".join(
            json.dumps({"premise": f"It is {said}", "hypothesis": "It is so", "label": label})
            for said, label in (("so", "entail"), ("not so", "contradict"), ("red", "neutral"))
        )
    )
    first, second = tmp_path / "first", tmp_path / "second"
    run(train_stance, monkeypatch, models_dir, "--pairs", str(pairs), "--output", str(first))
    run(train_stance, monkeypatch, models_dir, "--lessons", *lessons, "--start", str(first), "--output", str(second))
    card = read_adapter(second).card
    assert card["data_sha256"] == files_sha256(map(Path, lessons))
    assert card["started_from"] == read_adapter(first).card
    one, other = (load_pair_model(unpacked_model(models_dir), folder) for folder in (first, second))
    asked = [("They sold it", "The bridge was sold"), ("a", "b")]
    assert one.identity != other.identity
    assert one.logits(asked).shape == (2, len(PAIR_CLASSES))
    assert np.abs(one.logits(asked) - other.logits(asked)).max() > 1e-4
    assert one.logits([]).shape == (0, 0)


def test_a_pair_model_beside_an_encoder_shares_its_word_embeddings_and_says_the_same(models_dir: Path) -> None:
    folder = unpacked_model(models_dir)
    encoder = SentenceModelEncoder(MODEL_NAME, folder)
    alone = load_pair_model(folder, ADAPTERS / "stance")
    beside = load_pair_model(folder, ADAPTERS / "stance", encoder.network)
    asked = [("NATO is not at war", "NATO is at war with Russia"), ("Клялись и обманули", "NATO promised Russia")]
    assert np.abs(alone.logits(asked) - beside.logits(asked)).max() < 1e-5
    words = [parameter for parameter in encoder.network.parameters() if parameter.shape[0] > 200_000]
    held = {parameter.data_ptr() for parameter in beside.parameters()}
    assert [parameter.data_ptr() in held for parameter in words] == [True]
