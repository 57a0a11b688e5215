"""The plugin of ROOST Coop: loaded as Coop loads it, held against Coop's published types, asking a real server.

Coop's types are in no package registry that is reached here; docs/sockets/coop-interface.schema.json has them as a JSON
Schema, with the file and the commit that it is derived from.
"""

import copy
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from service.calibration_file import SHIPPED, read_calibration
from service.sockets.coop_card import CARD, coop_card
from tests.real_server import ROOT, RealServer, serving

PLUGIN = ROOT / "service/sockets/coop"
HARNESS = ROOT / "tests/service/sockets/coop_harness.cjs"
SCHEMA = json.loads((ROOT / "docs/sockets/coop-interface.schema.json").read_text(encoding="utf-8"))
PROBABILITY, REPEATS = "MYTHMATCH_PROBABILITY", "MYTHMATCH_REPEATS_MYTH"
MYTH, DEBUNK_ID = "NATO is at war with Russia in Ukraine", "nato.int-115204-1"
DENIAL = "It is a lie that NATO is at war with Russia in Ukraine"
OTHER = "The bakery on our street sells bread from seven in the morning"
NODE_SECONDS = 60


def node() -> str:
    """Return the program; without it the test is skipped, on CI it fails."""
    found = shutil.which("node")
    if found is None:
        missing = "no node was found; on Debian: apt install nodejs"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    return found


def harness(*arguments: str, requests: list[dict[str, Any]] | None = None, cwd: Path = ROOT) -> list[Any]:
    """Return what the harness prints, a value a line."""
    lines = "".join(json.dumps(request) + "\n" for request in requests or [])
    done = subprocess.run(
        [node(), str(HARNESS), *arguments], cwd=cwd, input=lines, capture_output=True, text=True, timeout=NODE_SECONDS
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def plugin() -> dict[str, Any]:
    (shown,) = harness(str(PLUGIN))
    assert isinstance(shown, dict)
    return shown


def faults(shown: dict[str, Any]) -> list[str]:
    return [error.message for error in Draft202012Validator(SCHEMA).iter_errors(shown)]


def test_it_is_of_the_types_that_coop_publishes(plugin: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert faults(plugin) == []


@pytest.mark.parametrize("section", range(7))
def test_a_card_without_one_of_the_seven_sections_would_be_refused(plugin: dict[str, Any], section: int) -> None:
    broken = copy.deepcopy(plugin)
    del broken["manifest"]["modelCard"]["sections"][section]
    assert len(faults(broken)) == 1


def test_each_signal_that_the_manifest_names_is_made_once(plugin: dict[str, Any]) -> None:
    assert plugin["manifest"]["signalTypeIds"] == [PROBABILITY, REPEATS]
    assert [made["signalTypeId"] for made in plugin["signals"]] == [PROBABILITY, REPEATS]
    for made in plugin["signals"]:
        assert made["signal"]["id"]["type"] == made["signalTypeId"]
        assert made["signal"]["integration"] == plugin["manifest"]["id"]


def test_the_card_and_the_thresholds_are_those_of_the_calibration_that_ships(plugin: dict[str, Any]) -> None:
    calibration = read_calibration(SHIPPED / "multilingual-e5-small.json")
    assert json.loads(CARD.read_text(encoding="utf-8")) == coop_card(calibration), "python -m scripts.write_coop_card"
    assert plugin["manifest"]["modelCard"] == coop_card(calibration)["modelCard"]
    assert plugin["signals"][0]["signal"]["recommendedThresholds"] == {
        "highPrecisionThreshold": calibration.thresholds.match,
        "highRecallThreshold": calibration.thresholds.possible,
    }


def test_the_benchmarks_have_every_figure_of_the_model_card() -> None:
    shown = CARD.read_text(encoding="utf-8")
    rows = [line for line in (ROOT / "docs/model-card.md").read_text(encoding="utf-8").splitlines() if "(0." in line]
    assert len(rows) > 80
    for row in rows:
        title, *cells = (cell.strip() for cell in row.strip("|").split("|"))
        assert title in shown
        assert all(f" {cell}" in shown for cell in cells if cell), row


def test_the_manifest_and_the_package_are_of_one_version() -> None:
    package = json.loads((PLUGIN / "package.json").read_text(encoding="utf-8"))
    manifest = json.loads((PLUGIN / "manifest.json").read_text(encoding="utf-8"))
    assert package["version"] == manifest["version"]
    assert {"index.js", "manifest.json", "card.json"} == set(package["files"])


@pytest.mark.slow
def test_a_copy_of_its_files_alone_is_loaded_by_a_path_and_by_its_name(tmp_path: Path) -> None:
    package = json.loads((PLUGIN / "package.json").read_text(encoding="utf-8"))
    installed = tmp_path / "node_modules" / package["name"]
    installed.mkdir(parents=True)
    for name in ("package.json", *package["files"]):
        shutil.copy(PLUGIN / name, installed)
    for spec in (package["name"], f"./node_modules/{package['name']}"):
        (shown,) = harness(spec, cwd=tmp_path)
        assert faults(shown) == []


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    settings = {"MYTHMATCH_ENCODER": "toy", "MYTHMATCH_BUILDER": "off"}
    with serving(tmp_path_factory.mktemp("coop"), settings) as running:
        yield running


def asked(signal: str, text: Any, url: str, **config: Any) -> dict[str, Any]:
    value = {"type": "STRING", "value": text}
    return {"signal": signal, "config": {"url": url, **config}, "input": {"orgId": "org", "value": value}}


@pytest.mark.slow
def test_signals_say_what_the_server_says(server: RealServer) -> None:
    texts = (MYTH, DENIAL, OTHER)
    shown = [httpx.post(f"{server.url}/v1/match", json={"text": text}).json() for text in texts]
    requests = [asked(signal, text, f"{server.url}/") for text in texts for signal in (PROBABILITY, REPEATS)]
    answers = harness(str(PLUGIN), "run", requests=requests)
    number, boolean = {"scalarType": "NUMBER"}, {"scalarType": "BOOLEAN"}
    for place, answer in enumerate(shown):
        probability, repeats = answers[2 * place : 2 * place + 2]
        assert (probability["outputType"], repeats["outputType"]) == (number, boolean)
        assert probability["score"] == answer["matches"][0]["probability"]
        assert repeats["score"] is (answer["decision"] == "match")
    assert [answer["score"] for answer in answers[1::2]] == [True, False, False]
    assert answers[0]["score"] > 0.9 < answers[2]["score"]  # a denial is about its myth
    assert answers[0]["matchedValue"] == answers[1]["matchedValue"] == DEBUNK_ID
    assert "matchedValue" not in answers[4]


@pytest.mark.slow
def test_a_blank_text_scores_nothing_and_half_a_surrogate_pair_hides_nothing(server: RealServer) -> None:
    requests = [asked(PROBABILITY, text, server.url) for text in ("", "  ", "\u200b", f"{MYTH} \ud83d")]
    *blank, broken = harness(str(PLUGIN), "run", requests=requests)
    assert [answer["score"] for answer in blank] == [0, 0, 0]
    assert broken["matchedValue"] == DEBUNK_ID


@pytest.mark.slow
def test_what_cannot_be_answered_is_an_error_that_quotes_no_text(server: RealServer) -> None:
    requests = [
        asked(PROBABILITY, "secret words " * 5_000, server.url),
        asked(PROBABILITY, 17, server.url),
        asked(PROBABILITY, "secret", "http://127.0.0.1:9"),
        asked(PROBABILITY, "secret", f"{server.url}/elsewhere"),
        asked(PROBABILITY, "secret", ""),
    ]
    told = [answer["threw"] for answer in harness(str(PLUGIN), "run", requests=requests)]
    assert told[0] == "Error: Mythmatch: TextTooLong (413)"
    assert told[1] == "Error: Mythmatch: the value is no text; use the signal on a field of text"
    assert told[3] == "Error: Mythmatch: NotFound (404)"
    assert told[4].startswith("Error: Mythmatch: the address of the server is missing")
    assert not any("secret" in each for each in told)


@pytest.mark.slow
def test_a_server_that_says_nothing_is_given_up_after_five_seconds_and_gets_the_key() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listening.settimeout(10)
        url, started = f"http://127.0.0.1:{listening.getsockname()[1]}", time.monotonic()
        (answer,) = harness(str(PLUGIN), "run", requests=[asked(PROBABILITY, MYTH, url, apiKey="mm_secret")])
        assert answer["threw"].startswith("TimeoutError")
        assert 5 <= time.monotonic() - started < NODE_SECONDS
        met, _ = listening.accept()
        with met:
            assert b"authorization: bearer mm_secret" in met.recv(65_536).lower()


def test_it_is_disabled_until_it_has_the_address_of_a_server() -> None:
    configs: list[Any] = [None, {}, {"url": "  "}, {"url": "mythmatch"}, {"url": "file:///etc/passwd"}]
    requests = [{"disabled": PROBABILITY, "config": config} for config in (*configs, {"url": "https://m.example/a"})]
    *without, known = harness(str(PLUGIN), "run", requests=requests)
    assert all(told["disabled"] and told["disabledMessage"] for told in without)
    assert known == {"disabled": False}
