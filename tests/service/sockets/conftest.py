"""A corpus for the sockets, and a service on it without weights."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from corpus.model import Debunk, Translation
from corpus.store import CorpusStore
from service.app import STORES, create_app
from service.settings import Settings
from service.worker import Worker

BRIDGE = "The old bridge was sold to a travelling circus"
TOWER = "The radio tower makes every cow in the valley ill"
WELL = "The village well was poisoned by the railway company"
MILL = "The water mill was burnt down by its own miller"


def bridges(count: int) -> Iterator[Debunk]:
    """Yield debunks of one and the same myth, a day older each, by two publishers in turn."""
    for number in range(count):
        site = ("www.one.example", "two.example")[number % 2]
        yield Debunk(
            id=f"bridge-{number:02}",
            myth=BRIDGE,
            lang=("en-GB", "fr")[number % 2],
            url=f"https://{site}/{number}",
            publisher=site,
            rating="false",
            published=f"2026-03-{28 - number:02}",
        )


TOWER_DEBUNK = Debunk(
    id="tower",
    myth=TOWER,
    lang="en",
    passages=("It does not.",),
    rating="misleading",
    rating_text="Half a truth",
    title="Of cows",
    url="https://www.Facts.example:8443/cows?id=1",
    publisher="Facts",
    claimant="A neighbour",
    claimed="2021-05",
    published="2021-06-01T01:30:00+03:00",
    updated="2022",
    sources=("a feed", "another feed"),
    translations=(
        Translation(lang="uk", url="https://fakty.example/korovy", title="Про корів"),
        Translation(lang="pl", title="O krowach"),
    ),
)
OTHERS = (
    Debunk(id="well", myth=WELL, lang="en", rating="false", hold="always", url="https://undated.example/well"),
    Debunk(id="mill", myth=MILL, lang="en", rating="true", url="https://undated.example/mill"),
    Debunk(id="gone", myth=TOWER, lang="en", url="https://facts.example/gone", expires="2020-01-01"),
)
DEBUNKS = (*bridges(25), TOWER_DEBUNK, *OTHERS)


@pytest.fixture(scope="session")
def socket_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of a service that has these debunks."""
    settings = Settings(encoder="toy", data_dir=tmp_path_factory.mktemp("sockets") / "data", port=0)
    settings.data_dir.mkdir()
    with CorpusStore.open(settings.corpus_url) as store:
        store.put(DEBUNKS)
    return settings


@pytest.fixture(scope="session")
def socket_worker(socket_settings: Settings) -> Worker:
    """A worker that answers from them; tests only ask it."""
    worker = Worker(socket_settings)
    worker.load()
    return worker


@pytest.fixture
def socket_app(socket_settings: Settings, socket_worker: Worker) -> Iterator[Flask]:
    """The service."""
    made = create_app(socket_settings, socket_worker)
    yield made
    made.extensions[STORES].close()


@pytest.fixture
def caller(socket_app: Flask) -> FlaskClient:
    """A client of the service."""
    return socket_app.test_client()
