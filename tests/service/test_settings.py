"""Settings: typed, overridden by the environment, and a misspelt one stops the start."""

from pathlib import Path

import pytest

from corpus.judged import TRAIN
from service.errors import InvalidSetting
from service.settings import Settings, settings_help, variable


def test_the_environment_overrides_the_defaults(tmp_path: Path) -> None:
    settings = Settings.from_environment(
        {"MYTHMATCH_PORT": "9000", "MYTHMATCH_DATA_DIR": str(tmp_path), "MYTHMATCH_JUDGED": "mine.jsonl", "HOME": "x"}
    )
    assert (settings.port, settings.data_dir, settings.judged_path) == (9000, tmp_path, Path.cwd() / "mine.jsonl")
    assert settings.corpus_url == f"sqlite:///{tmp_path / 'corpus.db'}"
    assert settings.host == "127.0.0.1"
    assert Settings().judged_path == TRAIN


def test_a_database_url_replaces_the_file() -> None:
    settings = Settings.from_environment({"MYTHMATCH_DATABASE_URL": "postgresql+psycopg://db/corpus"})
    assert settings.corpus_url == "postgresql+psycopg://db/corpus"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("MYTHMATCH_PROT", "1", "MYTHMATCH_PROT is no setting of Mythmatch; did you mean MYTHMATCH_PORT?"),
        ("MYTHMATCH_ZZZ", "1", "MYTHMATCH_ZZZ is no setting of Mythmatch; known: MYTHMATCH_HOST, "),
        ("MYTHMATCH_PORT", "http", "MYTHMATCH_PORT: met 'http'; expected a valid integer"),
        ("MYTHMATCH_PORT", "70000", "MYTHMATCH_PORT: met '70000'; expected less than or equal to 65535"),
        ("MYTHMATCH_THREADS", "0", "MYTHMATCH_THREADS: met '0'; expected greater than or equal to 1"),
        ("MYTHMATCH_MATCH_COSINE", "2", "MYTHMATCH_MATCH_COSINE is no setting of Mythmatch"),
        ("MYTHMATCH_INDEX_KIND", "tree", "MYTHMATCH_INDEX_KIND: met 'tree'; expected one of flat, hnsw"),
        ("MYTHMATCH_ENCODER", "", "MYTHMATCH_ENCODER: met ''"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_its_name(name: str, value: str, expected: str) -> None:
    with pytest.raises(InvalidSetting) as caught:
        Settings.from_environment({name: value})
    assert expected in str(caught.value)


def test_the_help_names_every_setting_with_its_meaning() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description
        line = next(line for line in settings_help().splitlines() if f" {variable(name)} " in line)
        assert field.description in line
