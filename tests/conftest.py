"""What tests of several rooms share: the corpus that ships, a service on the toy encoder, and real servers."""

import json
import os

os.environ["HF_HUB_OFFLINE"] = "1"  # before any library reads it: a test that asks a model hub fails at once

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from corpus.importing import SHIPPED, read_sources
from corpus.model import Debunk
from corpus.source import open_source
from service.settings import Settings
from service.worker import Worker
from tests.real_server import RealServer, serving


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests with the real model in one process, so that the weights are unpacked and loaded once.

    Those that start a database's server are slow.
    """
    for item in items:
        if item.get_closest_marker("model"):
            item.add_marker(pytest.mark.xdist_group("model"))
        if "postgresql" in item.name:
            item.add_marker(pytest.mark.slow)


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
def toy_worker(tmp_path_factory: pytest.TempPathFactory) -> Worker:
    """A worker that is ready to answer, without weights; tests only ask it."""
    worker = Worker(Settings(encoder="toy", data_dir=tmp_path_factory.mktemp("toy") / "data", port=0))
    worker.load()
    return worker


TAILS = ("last night", "and nobody says so", "says my uncle", "as everyone knows", "wake up people")
DEEDS = (
    "was painted green last summer",
    "needs flour, butter and two eggs",
    "came late when the snow fell",
    "sang forty songs before noon",
    "sleeps under the apple tree",
)
SPOKEN = {
    "bridge": (("The bridge was sold", "They sold our bridge", "Our bridge has been sold"), TAILS),
    "moon": (("The moon is made of cheese", "Only cheese is in the moon", "Cheese is what the moon is"), TAILS),
    None: (("My neighbour", "The old harbour", "A brown bear", "Our choir", "The night train", "Her sister"), DEEDS),
}


@pytest.fixture(scope="session")
def judged_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Judged posts, enough to fit on: 15 about each of two debunks, `bridge` and `moon`, and 30 about none."""
    path = tmp_path_factory.mktemp("judged") / "judged.jsonl"
    with path.open("w", encoding="utf-8") as lines:
        for debunk_id, (heads, tails) in SPOKEN.items():
            how = {"relation": "repeats", "kind": "direct"} if debunk_id else {"relation": "none", "kind": "far"}
            for head, tail in product(heads, tails):
                post = {"id": f"{head} {tail}", "text": f"{head} {tail}", "lang": "en", "debunk_id": debunk_id}
                lines.write(json.dumps({**post, **how}) + "\n")
    return path


@pytest.fixture(scope="session")
def real_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """A server started as `make run` starts it, in an empty folder, with the encoder that ships."""
    with serving(tmp_path_factory.mktemp("real"), {}) as server:
        yield server


@pytest.fixture(scope="session")
def models_dir(real_server: RealServer) -> Path:
    """The folder that the server unpacked the bundled model into."""
    return real_server.data_dir / "models"
