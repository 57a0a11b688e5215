"""What tests of several rooms share: the corpus that ships, a service on the toy encoder, and real servers."""

import os
import shutil

os.environ["HF_HUB_OFFLINE"] = "1"  # before any library reads it: a test that asks a model hub fails at once

from collections.abc import Iterator
from pathlib import Path

import pytest

from corpus.importing import SHIPPED, read_sources
from corpus.model import Debunk
from corpus.source import open_source
from embeddings.toy import ToyEncoder
from service.settings import Settings
from service.wiring import prepare
from service.worker import Worker
from tests.real_server import RealServer, serving


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests with the real model in one process, so that the weights are unpacked and loaded once."""
    for item in items:
        if item.get_closest_marker("model"):
            item.add_marker(pytest.mark.xdist_group("model"))


@pytest.fixture(scope="session")
def nato_debunks() -> list[Debunk]:
    """The five debunks that ship."""
    records = list(read_sources(open_source(path, {}) for path in SHIPPED))
    assert all(isinstance(record, Debunk) for record in records), records
    return [record for record in records if isinstance(record, Debunk)]


@pytest.fixture
def toy_settings(tmp_path: Path) -> Settings:
    """Settings of a service without weights, in a folder of its own."""
    return Settings(encoder="toy", data_dir=tmp_path / "data", port=0)


@pytest.fixture(scope="session")
def toy_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a service without weights after its first start, to be copied."""
    folder = tmp_path_factory.mktemp("toy") / "data"
    prepare(Settings(encoder="toy", data_dir=folder), ToyEncoder())
    return folder


@pytest.fixture
def toy_worker(toy_settings: Settings, toy_data: Path) -> Worker:
    """A worker that is ready to answer, without weights."""
    shutil.copytree(toy_data, toy_settings.data_dir)
    worker = Worker(toy_settings)
    worker.load()
    return worker


@pytest.fixture(scope="session")
def real_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """A server started as `make run` starts it, in an empty folder, with the encoder that ships."""
    with serving(tmp_path_factory.mktemp("real"), {}) as server:
        yield server


@pytest.fixture(scope="session")
def models_dir(real_server: RealServer) -> Path:
    """The folder that the server unpacked the bundled model into."""
    return real_server.data_dir / "models"
