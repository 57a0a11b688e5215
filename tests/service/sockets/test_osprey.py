"""The plugin of Osprey: it keeps to Osprey's published interface, and asks a real server.

Osprey itself is in no package registry. What it publishes is written down in docs/sockets/osprey-interface.json, with
the file and the commit of each fact; the modules that the plugin imports here are made from that, and from no more.
"""

import ast
import importlib
import inspect
import logging
import shutil
import socket
import subprocess
import sys
import time
import types
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import httpx
import pluggy
import pytest

from service.errors import InvalidSetting
from tests.real_server import ROOT, RealServer, serving
from tests.service.sockets.osprey_interface import INTERFACE, interface_modules

MYTH, DEBUNK_ID = "NATO is at war with Russia in Ukraine", "nato.int-115204-1"
OTHER = "The bakery on our street sells bread from seven in the morning"
SIMPLE = (str, float, int, bool, type(None))
BUILD_SECONDS = 120
UNANSWERED_SECONDS = 0.5
LOG_SECONDS = 10


@pytest.fixture(scope="module")
def plugin() -> Iterator[types.ModuleType]:
    with interface_modules():
        yield importlib.import_module("service.sockets.osprey")


@pytest.fixture(scope="module")
def functions(plugin: types.ModuleType) -> list[type[Any]]:
    """What real pluggy collects from the plugin under the hook that Osprey publishes."""
    hook = INTERFACE["hook"]
    group = INTERFACE["entry_point_group"]
    hookspecs = types.ModuleType(hook["module"])
    space: dict[str, Any] = {}
    exec(f"def {hook['name']}({', '.join(hook['parameters'])}): ...", space)
    setattr(hookspecs, hook["name"], pluggy.HookspecMarker(group)(space[hook["name"]]))
    manager = pluggy.PluginManager(group)
    manager.add_hookspecs(hookspecs)
    manager.register(plugin)
    manager.check_pending()
    (registered,) = manager.hook.register_udfs()
    return list(registered)


def test_all_that_is_imported_of_osprey_is_published() -> None:
    tree = ast.parse((ROOT / "service/sockets/osprey.py").read_text(encoding="utf-8"))
    imported = [
        (node.module, alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("osprey.")
        for alias in node.names
    ]
    assert len(imported) == 8
    for module, name in imported:
        told = INTERFACE["modules"][module]
        assert name in {**told.get("classes", {}), **told.get("enums", {}), **told.get("markers", {})}, name


def test_its_functions_are_registered_under_names_that_rules_call(functions: list[type[Any]]) -> None:
    names = ["MythmatchProbability", "MythmatchDecision", "MythmatchStance", "MythmatchDebunkId"]
    assert [function.__name__ for function in functions] == names


def test_a_function_overrides_what_a_udf_has_and_nothing_else(functions: list[type[Any]]) -> None:
    base = INTERFACE["modules"]["osprey.engine.udf.base"]["classes"]["UDFBase"]
    for function in functions:
        assert not inspect.isabstract(function)
        assert list(inspect.signature(function.execute).parameters) == base["methods"]["execute"]
        attributes = {name for name in vars(function) if not name.startswith("_")}
        assert attributes == {"execute", *base["attributes"]}
        assert function.execute_async is True  # it waits for a server
        assert inspect.getdoc(function)


def test_arguments_and_results_are_of_types_that_osprey_has(functions: list[type[Any]]) -> None:
    for function in functions:
        arguments, result = next(get_args(base) for base in function.__orig_bases__ if get_origin(base))
        hints = get_type_hints(arguments)
        assert "text" in hints
        for kind in (*hints.values(), result):
            assert all(part in SIMPLE for part in get_args(kind) or (kind,)), kind
        assert get_type_hints(function.execute)["return"] == result
        assert not hasattr(arguments, "text")
        assert all(getattr(arguments, name) is None for name in hints.keys() - {"text"})


class Accessor:
    """What an accessor is published to be: it asks the service once for each key."""

    def __init__(self, service: Any) -> None:
        self._service, self._known = service, dict[str, Any]()

    def get(self, key: str) -> Any:
        if key not in self._known:
            self._known[key] = self._service.get_from_service(key)
        return self._known[key]


class Action:
    """One action: its context has a provider for each function, and an accessor for each service."""

    def __init__(self, functions: list[type[Any]]) -> None:
        self._functions = {function.__name__: function for function in functions}
        self._providers = {function: function.create_provider() for function in functions}
        self._accessors: dict[int, Accessor] = {}
        base = sys.modules["osprey.engine.executor.execution_context"].ExecutionContext
        for method in ("get_udf_helper", "get_external_service_accessor"):
            published = list(inspect.signature(getattr(base, method)).parameters)
            assert list(inspect.signature(getattr(Action, method)).parameters) == published

    def get_udf_helper(self, udf: Any) -> Any:
        return self._providers[type(udf)]

    def get_external_service_accessor(self, external_service: Any) -> Accessor:
        return self._accessors.setdefault(id(external_service), Accessor(external_service))

    def call(self, name: str, **given: Any) -> Any:
        """Call a function as a rule does, with the defaults of its arguments."""
        function = self._functions[name]
        kind = get_type_hints(function.execute)["arguments"]
        arguments = object.__new__(kind)
        for argument, value in given.items():
            assert argument in get_type_hints(kind)
            setattr(arguments, argument, value)
        return function.execute(object.__new__(function), self, arguments)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    settings = {"MYTHMATCH_ENCODER": "toy", "MYTHMATCH_BUILDER": "off"}
    with serving(tmp_path_factory.mktemp("osprey"), settings) as running:
        yield running


@pytest.fixture
def asking(plugin: types.ModuleType, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The environment, to be set; who is asked is forgotten before and after."""
    for name in (plugin.URL, plugin.KEY, plugin.SECONDS):
        monkeypatch.delenv(name, raising=False)
    plugin.the_server.cache_clear()
    yield monkeypatch
    if plugin.the_server.cache_info().currsize:
        plugin.the_server().close()
        plugin.the_server.cache_clear()


def _asked(server: RealServer, at_least: int = 0) -> int:
    """Return how many requests the server has logged, once there are so many: it logs one after it has answered."""
    deadline = time.monotonic() + LOG_SECONDS
    while (count := server.logged().count('"POST /v1/match"')) < at_least and time.monotonic() < deadline:
        time.sleep(0.02)
    return count


@pytest.mark.slow
def test_a_myth_has_its_probability_decision_stance_and_debunk_by_one_request(
    plugin: types.ModuleType, functions: list[type[Any]], server: RealServer, asking: pytest.MonkeyPatch
) -> None:
    asking.setenv(plugin.URL, server.url)
    shown = httpx.post(f"{server.url}/v1/match", json={"text": MYTH}).json()
    before = _asked(server, 1)
    action = Action(functions)
    assert action.call("MythmatchProbability", text=MYTH) == shown["matches"][0]["probability"] > 0.9
    assert action.call("MythmatchDecision", text=MYTH) == shown["decision"] == "match"
    assert action.call("MythmatchStance", text=MYTH) == shown["matches"][0]["stance"]
    assert action.call("MythmatchDebunkId", text=MYTH) == DEBUNK_ID
    assert _asked(server, before + 1) == before + 1
    assert Action(functions).call("MythmatchDebunkId", text=MYTH) == DEBUNK_ID
    assert _asked(server, before + 2) == before + 2


@pytest.mark.slow
def test_another_text_has_no_debunk_and_a_blank_one_is_about_nothing(
    plugin: types.ModuleType, functions: list[type[Any]], server: RealServer, asking: pytest.MonkeyPatch
) -> None:
    asking.setenv(plugin.URL, server.url)
    action = Action(functions)
    assert action.call("MythmatchDecision", text=OTHER) == "no_match"
    assert action.call("MythmatchDebunkId", text=OTHER) is None
    assert 0 <= action.call("MythmatchProbability", text=OTHER) < 0.3
    for blank in ("", "  ", "\u200b"):
        assert action.call("MythmatchProbability", text=blank, if_unanswered=1.0) == 0.0
        assert action.call("MythmatchDecision", text=blank, if_unanswered="match") == "no_match"


@pytest.mark.slow
def test_half_of_a_surrogate_pair_hides_no_myth(
    plugin: types.ModuleType, functions: list[type[Any]], server: RealServer, asking: pytest.MonkeyPatch
) -> None:
    asking.setenv(plugin.URL, server.url)
    assert Action(functions).call("MythmatchDebunkId", text=f"{MYTH} \ud83d") == DEBUNK_ID


@pytest.mark.slow
def test_a_text_that_is_too_long_is_unanswered_and_not_logged(
    plugin: types.ModuleType,
    functions: list[type[Any]],
    server: RealServer,
    asking: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    asking.setenv(plugin.URL, server.url)
    with caplog.at_level(logging.WARNING, "service.sockets.osprey"):
        assert Action(functions).call("MythmatchProbability", text="secret words " * 5_000, if_unanswered=0.5) == 0.5
    assert caplog.messages == ["Mythmatch gave no answer: TextTooLong (413)"]


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a port that takes connections and never says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def test_without_an_answer_a_call_fails_open_or_has_the_value_that_the_rule_gives(
    plugin: types.ModuleType, functions: list[type[Any]], silent: str, asking: pytest.MonkeyPatch
) -> None:
    asking.setenv(plugin.URL, silent)
    asking.setenv(plugin.SECONDS, str(UNANSWERED_SECONDS))
    action, started = Action(functions), time.monotonic()
    for name in ("MythmatchProbability", "MythmatchDecision", "MythmatchStance", "MythmatchDebunkId"):
        with pytest.raises(plugin.ExpectedUdfException):
            action.call(name, text=MYTH)
    assert action.call("MythmatchProbability", text=MYTH, if_unanswered=1) == 1.0
    assert action.call("MythmatchDecision", text=MYTH, if_unanswered="possible") == "possible"
    assert action.call("MythmatchStance", text=MYTH, if_unanswered="repeats") == "repeats"
    assert time.monotonic() - started < 4 * UNANSWERED_SECONDS  # one time-out for all seven


def test_where_nothing_listens_a_call_fails_at_once(
    plugin: types.ModuleType, functions: list[type[Any]], silent: str, asking: pytest.MonkeyPatch
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        asking.setenv(plugin.URL, f"http://127.0.0.1:{closed.getsockname()[1]}")
    assert Action(functions).call("MythmatchProbability", text=MYTH, if_unanswered=0.25) == 0.25


def test_the_key_of_the_environment_is_sent(
    plugin: types.ModuleType, functions: list[type[Any]], asking: pytest.MonkeyPatch
) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listening.settimeout(10)
        asking.setenv(plugin.URL, f"http://127.0.0.1:{listening.getsockname()[1]}")
        asking.setenv(plugin.KEY, "mm_secret")
        asking.setenv(plugin.SECONDS, str(UNANSWERED_SECONDS))
        assert Action(functions).call("MythmatchProbability", text=MYTH, if_unanswered=0.5) == 0.5
        met, _ = listening.accept()
        with met:
            assert b"authorization: bearer mm_secret" in met.recv(65_536).lower()


@pytest.mark.parametrize("seconds", ["soon", "0", "-1", "nan", "inf"])
def test_a_time_out_that_is_none_is_told(plugin: types.ModuleType, asking: pytest.MonkeyPatch, seconds: str) -> None:
    asking.setenv(plugin.SECONDS, seconds)
    with pytest.raises(InvalidSetting, match=rf"OSPREY_MYTHMATCH_SECONDS: met '{seconds}'"):
        plugin.the_server()


@pytest.mark.slow
def test_the_entry_point_of_an_installed_mythmatch_is_the_plugin(plugin: types.ModuleType, tmp_path: Path) -> None:
    """Built as pip builds it, from a folder that has the project's file and the plugin alone."""
    (tmp_path / "service/sockets").mkdir(parents=True)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copy(ROOT / "service/sockets/osprey.py", tmp_path / "service/sockets")
    built = [sys.executable, "-c", "from setuptools import setup; setup()", "-q", "egg_info", "--egg-base", "."]
    subprocess.run(built, cwd=tmp_path, check=True, capture_output=True, timeout=BUILD_SECONDS)
    (made,) = distributions(path=[str(tmp_path)])
    (entry,) = made.entry_points.select(group=INTERFACE["entry_point_group"])
    assert (entry.name, entry.value) == ("mythmatch", "service.sockets.osprey")
    assert entry.load() is plugin
