"""A service over a corpus that tests may change: it has no snapshot, and needs none to read and write debunks."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from corpus.model import Debunk
from corpus.store import CorpusStore
from service.app import STORES, create_app
from service.settings import Settings
from service.worker import Worker
from tests.postgres import empty_database


@pytest.fixture
def database() -> str:
    """The kind of database; a module may ask for several by its marks."""
    return "sqlite"


@pytest.fixture
def edited(database: str, tmp_path: Path) -> Iterator[Settings]:
    """Settings of a service on an empty database."""
    with empty_database(database, tmp_path) as url:
        yield Settings(encoder="toy", data_dir=tmp_path / "data", port=0, database_url=url)


@pytest.fixture
def store(edited: Settings, nato_debunks: list[Debunk]) -> Iterator[CorpusStore]:
    """The corpus that the service writes to, at revision 1."""
    with CorpusStore.open(edited.corpus_url) as opened:
        opened.put(nato_debunks)
        yield opened


@pytest.fixture
def app(edited: Settings, store: CorpusStore) -> Iterator[Flask]:
    """The service."""
    made = create_app(edited, Worker(edited))
    yield made
    made.extensions[STORES].close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client of the service."""
    return app.test_client()
