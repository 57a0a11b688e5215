"""The signal type of python-threatexchange: its promises, its index, and their own command line with it."""

import base64
import hashlib
import io
import json
import os
import pickletools
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from threatexchange.content_type.text import TextContent
from threatexchange.extensions.manifest import ThreatExchangeExtensionManifest
from threatexchange.interface_validation import SignalExchangeAPIMapping, SignalTypeMapping
from threatexchange.signal_type.signal_base import BytesHasher, FileHasher, TextHasher

from corpus.exporters import jsonl
from corpus.importing import SHIPPED, read_sources
from corpus.judged import DEV, read_judged
from corpus.model import Debunk
from corpus.source import open_source
from embeddings.toy import ToyEncoder
from service.errors import InvalidSetting
from service.sockets import claim_signal
from service.sockets.claim_signal import ClaimEmbeddingIndex, ClaimEmbeddingSignal
from service.sockets.debunk_exchange import DebunkCollaboration, DebunkExchange
from service.sockets.signal_cuts import cut_of
from service.sockets.signal_measuring import measured
from service.sockets.threatexchange import TX_MANIFEST
from tests.real_server import ROOT

MYTH = "NATO promised Russia it would not expand after the Cold War"
REWORDED = "NATO promised to Russia that it would not expand after the Cold War ended"
OTHER = "The bakery on our street sells bread from seven in the morning"
MODULE = "service.sockets.threatexchange"
CLI_SECONDS = 60
NAME = f"mythmatch_claim_{ToyEncoder.fingerprint}"
BUNDLED_CHARS = 1024
HMA_LINE = 4094  # bytes of a request line that gunicorn takes unless it is told otherwise


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[None]:
    """The encoder that is set; what was remembered of another one is forgotten before and after."""
    name = "bundled" if request.node.get_closest_marker("model") else "toy"
    monkeypatch.setenv("MYTHMATCH_ENCODER", name)
    for remembered in (claim_signal.the_cut, claim_signal.the_encoder):
        remembered.cache_clear()
    yield
    for remembered in (claim_signal.the_cut, claim_signal.the_encoder):
        remembered.cache_clear()


def shipped() -> list[Debunk]:
    read = read_sources(open_source(path, {}) for path in SHIPPED)
    return [debunk for debunk in read if isinstance(debunk, Debunk)]


def test_the_manifest_is_one_that_their_loader_takes() -> None:
    manifest = ThreatExchangeExtensionManifest.load_from_module_name(MODULE)
    assert manifest is TX_MANIFEST
    SignalTypeMapping([TextContent], list(manifest.signal_types))
    assert SignalExchangeAPIMapping(list(manifest.apis)).api_by_name == {"mythmatch_debunks": DebunkExchange}


def test_it_hashes_texts_bytes_and_files_alike(tmp_path: Path) -> None:
    for kind in (TextHasher, BytesHasher, FileHasher):
        assert issubclass(ClaimEmbeddingSignal, kind)
    text = "НАТО обещала не расширяться"
    path = tmp_path / "post.txt"
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    signal = ClaimEmbeddingSignal.hash_from_str(text)
    assert ClaimEmbeddingSignal.hash_from_bytes(text.encode()) == signal
    assert ClaimEmbeddingSignal.hash_from_file(path) == signal
    assert ClaimEmbeddingSignal.get_content_types() == [TextContent]


def test_a_hash_is_the_encoders_vector_in_half_precision() -> None:
    raw = base64.urlsafe_b64decode(ClaimEmbeddingSignal.hash_from_str(MYTH))
    (row,) = ToyEncoder().encode_queries([MYTH])
    assert np.frombuffer(raw, "<f2").astype(np.float32) == pytest.approx(row, abs=1e-3)
    assert np.frombuffer(raw, "<f2").shape == (256,)


@pytest.mark.parametrize("sent", ["", "  \n\t", "\u200b\u200d"])
def test_what_says_nothing_has_no_signal_and_matches_nothing(sent: str) -> None:
    assert ClaimEmbeddingSignal.hash_from_str(sent) == ClaimEmbeddingSignal.hash_from_bytes(sent.encode()) == ""
    assert ClaimEmbeddingSignal.hash_from_bytes(b"\xff\xfe\x00\x00") == ""
    assert ClaimEmbeddingIndex.build([(ClaimEmbeddingSignal.hash_from_str(MYTH), 1)]).query("") == []


def test_half_of_a_surrogate_pair_and_a_text_without_end_are_hashed() -> None:
    assert ClaimEmbeddingSignal.validate_signal_str(ClaimEmbeddingSignal.hash_from_str("broken \ud83d here"))
    long = f"{OTHER}. " * 10_000
    assert ClaimEmbeddingSignal.hash_from_str(long) == ClaimEmbeddingSignal.hash_from_str(long + "more")


def test_texts_that_are_hashed_at_once_have_the_hashes_that_they_have_alone() -> None:
    texts = [MYTH, " ", OTHER]
    assert ClaimEmbeddingSignal.hash_all(texts) == [ClaimEmbeddingSignal.hash_from_str(text) for text in texts]
    assert ClaimEmbeddingSignal.hash_all([]) == []


def test_hostile_spelling_does_not_change_the_hash() -> None:
    assert ClaimEmbeddingSignal.hash_from_str("NАTО\u200b is at war") == ClaimEmbeddingSignal.hash_from_str(
        "NATO is at war"
    )


def test_the_name_holds_the_encoders_fingerprint() -> None:
    assert ClaimEmbeddingSignal.get_name() == f"mythmatch_claim_{ToyEncoder.fingerprint}"


def test_examples_are_valid_and_match_themselves() -> None:
    examples = ClaimEmbeddingSignal.get_examples()
    assert len(examples) == 5
    for example in examples:
        assert ClaimEmbeddingSignal.validate_signal_str(example) == example
        compared = ClaimEmbeddingSignal.compare_hash(example, example)
        assert (compared.match, compared.distance.pretty_str()) == (True, "0.0")


def test_space_around_a_signal_is_taken_off() -> None:
    signal = ClaimEmbeddingSignal.hash_from_str(MYTH)
    assert ClaimEmbeddingSignal.validate_signal_str(f" {signal}\n") == signal


def _signal_of(row: "np.ndarray[tuple[int], np.dtype[np.float16]]") -> str:
    return base64.urlsafe_b64encode(row.astype("<f2").tobytes()).decode()


@pytest.mark.parametrize(
    "signal",
    [
        "",
        "AAAA",
        "é" * 684,
        "+" * 683 + "=",
        "!" * 683 + "=",
        "A" * 684,
        _signal_of(np.zeros(256, np.float16)),
        _signal_of(np.full(256, np.nan, np.float16)),
        _signal_of(np.full(256, np.inf, np.float16)),
        _signal_of(np.ones(256, np.float16)),
        hashlib.sha256(b"another hash").hexdigest(),
    ],
)
def test_what_is_no_signal_is_refused(signal: str) -> None:
    for refuses in (
        ClaimEmbeddingSignal.validate_signal_str,
        lambda met: ClaimEmbeddingIndex[int]().add(met, 1),
        lambda met: ClaimEmbeddingSignal.compare_hash(met, met),
    ):
        with pytest.raises(ValueError, match=r"met .*"):
            refuses(signal)


def test_one_vector_has_one_spelling() -> None:
    signal = next(each for each in ClaimEmbeddingSignal.get_examples() if "-" in each or "_" in each)
    for other in (signal.translate(str.maketrans("-_", "+/")), signal[:-2] + "B="):  # the bits behind the last number
        with pytest.raises(ValueError, match="another spelling"):
            ClaimEmbeddingSignal.validate_signal_str(other)


def test_a_distance_is_the_cosine_distance_and_the_measured_one_decides() -> None:
    signals = [ClaimEmbeddingSignal.hash_from_str(text) for text in (MYTH, REWORDED, OTHER)]
    rows = ToyEncoder().encode_queries([MYTH, REWORDED, OTHER])
    near, far = (ClaimEmbeddingSignal.compare_hash(signals[0], other) for other in signals[1:])
    assert float(near.distance.pretty_str()) == pytest.approx(1 - float(rows[0] @ rows[1]), abs=1e-3)
    assert float(far.distance.pretty_str()) == pytest.approx(1 - float(rows[0] @ rows[2]), abs=1e-3)
    assert (near.match, far.match) == (True, False)
    assert float(near.distance.pretty_str()) <= cut_of("toy").distance < float(far.distance.pretty_str())


def test_the_cut_off_that_ships_is_what_measuring_it_gives() -> None:
    assert measured(ToyEncoder(), shipped(), read_judged(DEV)) == cut_of("toy")


def test_an_encoder_that_nobody_measured_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MYTHMATCH_ENCODER", "somebody/else")
    claim_signal.the_cut.cache_clear()
    with pytest.raises(InvalidSetting, match=r"met 'somebody/else'.*bundled, toy"):
        ClaimEmbeddingSignal.get_name()


def test_an_index_finds_what_comparing_each_would_find() -> None:
    texts = [debunk.myth for debunk in shipped()] + [v.text for d in shipped() for v in d.variants][:200]
    signals = ClaimEmbeddingSignal.hash_all(texts)
    index = ClaimEmbeddingIndex.build(zip(signals, texts, strict=True))
    for query in signals[:20]:
        compared = [(ClaimEmbeddingSignal.compare_hash(query, s), text) for s, text in zip(signals, texts, strict=True)]
        expected = {text: float(each.distance.pretty_str()) for each, text in compared if each.match}
        found = {met.metadata: float(met.similarity_info.pretty_str()) for met in index.query(query)}
        assert found == pytest.approx(expected, abs=2e-4)
        assert list(found.values()) == sorted(found.values())


def test_an_index_gives_every_entry_of_one_signal_however_many_there_are() -> None:
    signal = ClaimEmbeddingSignal.hash_from_str(MYTH)
    index = ClaimEmbeddingIndex.build([(signal, number) for number in range(100)])
    index.add(signal, 100)
    index.add_all([])
    assert sorted(met.metadata for met in index.query(signal)) == list(range(101))


def test_an_index_comes_back_from_its_bytes_which_hold_no_class_of_ours_but_its_own() -> None:
    index = ClaimEmbeddingIndex.build([(ClaimEmbeddingSignal.hash_from_str(MYTH), "myth")])
    stream = io.BytesIO()
    index.serialize(stream)
    loaded: ClaimEmbeddingIndex[str] = ClaimEmbeddingIndex.deserialize(io.BytesIO(stream.getvalue()))
    assert [met.metadata for met in loaded.query(ClaimEmbeddingSignal.hash_from_str(REWORDED))] == ["myth"]
    loaded.add(ClaimEmbeddingSignal.hash_from_str(OTHER), "other")
    assert len(loaded.query(ClaimEmbeddingSignal.hash_from_str(OTHER))) == 1
    named = [argument for code, argument, _ in pickletools.genops(stream.getvalue()) if code.name == "SHORT_BINUNICODE"]
    assert [name for name in named if str(name).startswith(("service", "embeddings", "corpus", "faiss", "numpy"))] == [
        "service.sockets.claim_signal"
    ]


def test_an_index_of_another_encoders_signals_is_not_taken() -> None:
    state = ClaimEmbeddingIndex().__getstate__()
    with pytest.raises(ValueError, match=r"met an index of mythmatch_claim_0.*build it again"):
        ClaimEmbeddingIndex.__new__(ClaimEmbeddingIndex).__setstate__({**state, "signal": "mythmatch_claim_0"})


def test_a_disposed_index_is_empty_and_can_be_used_again() -> None:
    signal = ClaimEmbeddingSignal.hash_from_str(MYTH)
    index = ClaimEmbeddingIndex.build([(signal, 1)])
    index.dispose()
    assert index.query(signal) == []
    index.add(signal, 2)
    assert [met.metadata for met in index.query(signal)] == [2]


def test_the_exchange_names_every_debunk_of_a_wording_and_leaves_out_what_is_true(tmp_path: Path) -> None:
    rows = [
        {"id": "a", "myth": MYTH, "rating": "false"},
        {"id": "b", "myth": OTHER, "variants": [{"text": MYTH, "lang": "en"}], "rating": "misleading"},
        {"id": "c", "myth": "Water is wet.", "rating": "true"},
        {"id": "d", "no": "debunk"},
    ]
    path = tmp_path / "debunks.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    exchange = DebunkExchange.for_collab(DebunkCollaboration(str(path), "test", DebunkExchange.get_name()))
    (delta,) = exchange.fetch_iter([ClaimEmbeddingSignal], None)
    by_signal = exchange.naive_convert_to_signal_type([ClaimEmbeddingSignal], exchange.collab, delta.updates)
    told = {signal: str(opinion) for signal, opinion in by_signal[ClaimEmbeddingSignal].items()}
    assert sorted(told) == sorted(ClaimEmbeddingSignal.hash_all([MYTH, OTHER]))
    both, one = (told[ClaimEmbeddingSignal.hash_from_str(text)] for text in (MYTH, OTHER))
    assert both in ("INVESTIGATION_SEED a,b", "INVESTIGATION_SEED b,a")
    assert one == "INVESTIGATION_SEED b"
    assert list(exchange.fetch_iter([], None)) == []


class CommandLine:
    """Their command line, with a home of its own."""

    def __init__(self, home: Path) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("MYTHMATCH_", "TX_"))}
        self.home = home
        self._environment = {
            **kept,
            "HOME": str(home),
            "TMPDIR": str(home),
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "MYTHMATCH_ENCODER": "toy",
            "MYTHMATCH_DATA_DIR": str(home / "data"),
        }

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [str(Path(sys.executable).parent / "threatexchange"), *arguments]
        return subprocess.run(
            command, cwd=self.home, env=self._environment, capture_output=True, text=True, timeout=CLI_SECONDS
        )

    def __call__(self, *arguments: str) -> list[str]:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()


@pytest.fixture(scope="module")
def threatexchange(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    line = CommandLine(tmp_path_factory.mktemp("tx"))
    with (line.home / "debunks.jsonl").open("w", encoding="utf-8") as out:
        jsonl.write(shipped(), out)
    line("config", "extensions", "add", MODULE)
    edit = ("config", "collab", "edit")
    line(*edit, "mythmatch_debunks", "NATO", "--create", "--filename", str(line.home / "debunks.jsonl"))
    hashes = line.home / "hashes.txt"
    hashes.write_text("\n".join(line("hash", "text", "--", OTHER)) + "\n")
    line(*edit, "local_file", "ours", "--create", "--filename", str(hashes))
    line("fetch")
    return line


@pytest.mark.slow
class TestTheirCommandLine:
    def test_it_lists_the_extension(self, threatexchange: CommandLine) -> None:
        listed = threatexchange("config", "extensions", "list")
        assert listed[0] == MODULE
        assert f"    {NAME} - ClaimEmbeddingSignal" in listed
        assert any(line.startswith(f"{NAME} ") for line in threatexchange("config", "signal", "list"))

    def test_it_hashes_a_text(self, threatexchange: CommandLine) -> None:
        assert threatexchange("hash", "text", "--", MYTH) == [f"{NAME} {ClaimEmbeddingSignal.hash_from_str(MYTH)}"]

    def test_a_reworded_myth_is_matched_to_its_debunk(self, threatexchange: CommandLine) -> None:
        (line,) = threatexchange("match", "text", "--", REWORDED)
        name, distance, rest = line.split(" ", 2)
        assert (name, rest) == (NAME, "(NATO) INVESTIGATION_SEED nato.int-115204-2")
        assert 0 < float(distance) <= cut_of("toy").distance

    def test_a_file_of_hashes_is_matched_too(self, threatexchange: CommandLine) -> None:
        assert threatexchange("match", "text", "--", OTHER) == [f"{NAME} 0.0 (ours) INVESTIGATION_SEED"]

    def test_what_is_about_something_else_or_blank_is_not_matched(self, threatexchange: CommandLine) -> None:
        assert threatexchange("match", "text", "--", "My cat sleeps on the warm window sill") == []
        assert threatexchange("match", "text", "--", "  ") == []

    def test_the_dataset_has_every_wording_once(self, threatexchange: CommandLine) -> None:
        wordings = {text for debunk in shipped() for text in (debunk.myth, *(v.text for v in debunk.variants))}
        signals = set(ClaimEmbeddingSignal.hash_all([*sorted(wordings), OTHER]))
        assert threatexchange("dataset") == [f"{NAME}: {len(signals)}"]

    def test_a_hash_is_matched_and_a_wrong_one_refused(self, threatexchange: CommandLine) -> None:
        path = threatexchange.home / "hash.txt"
        path.write_text(ClaimEmbeddingSignal.hash_from_str(OTHER))
        asked = ("match", "--hashes", "--only-signal", NAME, "text", str(path))
        assert threatexchange(*asked) == [f"{NAME} 0.0 (ours) INVESTIGATION_SEED"]
        path.write_text("AAAA")
        refused = threatexchange.run(*asked)
        assert (refused.returncode, "not a valid hash" in refused.stderr) == (2, True)

    def test_a_hash_that_is_labelled_with_a_debunk_is_matched_to_it(self, threatexchange: CommandLine) -> None:
        said = "The fence around the orchard was painted green in spring"
        assert threatexchange("match", "text", "--", said) == []
        path = threatexchange.home / "said.txt"
        path.write_text(ClaimEmbeddingSignal.hash_from_str(said))
        label = ("label", "--labels", "nato.int-115204-5", "--as-hash", NAME)
        threatexchange(*label, "NATO", "text", str(path))
        threatexchange("fetch")
        matched = [f"{NAME} 0.0 (NATO) INVESTIGATION_SEED nato.int-115204-5"]
        assert threatexchange("match", "text", "--", said) == matched
        refused = threatexchange.run("label", "--as-hash", NAME, "NATO", "text", str(path))
        assert (refused.returncode, "expected the id of a debunk" in refused.stderr) == (1, True)
        (threatexchange.home / "debunks.jsonl.labels").unlink()
        threatexchange("fetch")
        assert threatexchange("match", "text", "--", said) == []

    def test_label_takes_our_hash_and_fails_in_their_own_file(self, threatexchange: CommandLine) -> None:
        """docs/sockets/threatexchange.md says so; when this fails, they have mended it."""
        path = threatexchange.home / "label.txt"
        path.write_text(ClaimEmbeddingSignal.hash_from_str(MYTH))
        labelled = threatexchange.run("label", "--as-hash", NAME, "ours", "text", str(path))
        assert labelled.returncode == 1
        assert "must have exactly one of create/read/write/append mode" in labelled.stderr
        assert "exchanges/impl/file_api.py" in labelled.stderr


@pytest.mark.model
class TestWithTheEncoderThatShips:
    @pytest.fixture(autouse=True)
    def unpacked(self, monkeypatch: pytest.MonkeyPatch, models_dir: Path) -> None:
        monkeypatch.setenv("MYTHMATCH_DATA_DIR", str(models_dir.parent))

    def test_its_cut_off_was_measured_with_the_weights_and_the_adapter_that_ship(self) -> None:
        assert claim_signal.the_encoder().fingerprint == cut_of("bundled").fingerprint

    def test_a_signal_fits_into_a_url_and_a_myth_matches_across_languages(self) -> None:
        signal = ClaimEmbeddingSignal.hash_from_str(MYTH)
        assert len(quote(signal, safe="")) == BUNDLED_CHARS < HMA_LINE
        index = ClaimEmbeddingIndex.build(
            (ClaimEmbeddingSignal.hash_from_str(debunk.myth), debunk.id) for debunk in shipped()
        )
        for text in (REWORDED, "НАТО обещала России не расширяться после холодной войны"):
            (found,) = index.query(ClaimEmbeddingSignal.hash_from_str(text))
            assert found.metadata == "nato.int-115204-2"
        assert index.query(ClaimEmbeddingSignal.hash_from_str(OTHER)) == []
