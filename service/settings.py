"""Settings: one typed table; each is overridden by an environment variable MYTHMATCH_<NAME>."""

import difflib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from corpus.checks import expectation
from corpus.judged import TRAIN
from embeddings.encoder import BUNDLED
from embeddings.index import INDEX_KINDS
from service.errors import InvalidSetting

PREFIX = "MYTHMATCH_"
HOME = Path(__file__).resolve().parent.parent
SHOWN_DEFAULTS = {"": "empty", HOME / "var": "var"}  # beside the code, wherever that lies


class Settings(BaseModel):
    """All that can be set, with its type, meaning and default; this table makes `--help` and the README's table."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field("127.0.0.1", min_length=1, description="address to serve on")
    port: int = Field(8000, ge=0, le=65535, description="port to serve on; 0 takes a free one")
    data_dir: Path = Field(HOME / "var", description="folder of everything that is written")
    database_url: str = Field("", description="SQLAlchemy URL of the corpus; empty: SQLite in the data folder")
    encoder: str = Field(BUNDLED, min_length=1, description="`bundled`, `toy`, a folder or a cached model's name")
    index_kind: str = Field("flat", description=f"layout of the vectors: {', '.join(INDEX_KINDS)}")
    calibration: str = Field(
        "", description="calibration file that `scripts.calibrate` wrote; empty: the encoder's own"
    )
    judged: str = Field("", description="judged posts that stand in snapshots as examples; empty: those that ship")
    max_text_chars: int = Field(20_000, ge=1, description="longest text that is taken, in characters")
    fetch_hosts: str = Field(
        "", description="hosts, parted by commas, that are fetched from though their address is not public"
    )
    max_bulk_bytes: int = Field(64 << 20, ge=1, description="largest body of JSON Lines that is taken, in bytes")
    store_texts: bool = Field(
        False, description="whether `store: true` of a request keeps its text; off: it is refused"
    )
    retention_days: int = Field(
        90,
        ge=0,
        le=36_500,
        description="age at which feedback and kept texts are erased; 0: only when they are told to be",
    )
    flood_factor: float = Field(
        10, gt=0, description="how many times its usual rate makes a flood of a debunk's matches"
    )
    flood_min: int = Field(50, ge=0, description="matches in ten minutes, up to which there is no flood")
    builder: bool = Field(
        True, description="whether the server keeps its snapshot at the corpus; off: another process has to"
    )
    threads: int = Field(8, ge=1, description="requests that are answered at a time")

    @field_validator("index_kind")
    @classmethod
    def _known_kind(cls, kind: str) -> str:
        if kind not in INDEX_KINDS:
            raise ValueError(f"expected one of {', '.join(INDEX_KINDS)}")
        return kind

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, folder: Path) -> Path:
        return folder.expanduser().absolute()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Return the settings; raises InvalidSetting that names a misspelt or mistyped variable."""
        given = {name.removeprefix(PREFIX).lower(): value for name, value in environment.items() if _is_ours(name)}
        for name in given.keys() - cls.model_fields.keys():
            near = difflib.get_close_matches(name, cls.model_fields, n=1)
            known = ", ".join(map(variable, cls.model_fields))
            hint = f"did you mean {variable(near[0])}?" if near else f"known: {known}"
            raise InvalidSetting(f"{variable(name)} is no setting of Mythmatch; {hint}")
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            raise InvalidSetting(
                f"{variable(str(first['loc'][0]))}: met {first['input']!r}; {expectation(first)}"
            ) from error

    @property
    def corpus_url(self) -> str:
        """Return the SQLAlchemy URL of the corpus."""
        return self.database_url or f"sqlite:///{self.data_dir / 'corpus.db'}"

    @property
    def judged_path(self) -> Path:
        """Return the file of the judged posts that stand in snapshots as examples."""
        return Path(self.judged).expanduser().absolute() if self.judged else TRAIN

    @property
    def snapshots_dir(self) -> Path:
        """Return the folder of the snapshots."""
        return self.data_dir / "snapshots"

    @property
    def models_dir(self) -> Path:
        """Return the folder that the bundled model is unpacked into."""
        return self.data_dir / "models"

    @property
    def run_dir(self) -> Path:
        """Return the folder of locks and of the server's own files."""
        return self.data_dir / "run"


def variable(name: str) -> str:
    """Return the environment variable of a setting."""
    return f"{PREFIX}{name.upper()}"


def settings_help() -> str:
    """Return a line for each setting: variable, meaning, type, default."""
    rows = [f"  {variable(name):<24} {meaning} ({kind}, default {default})" for name, kind, default, meaning in _rows()]
    return "\n".join(["settings (environment variables):", *rows])


def settings_table() -> str:
    """Return the same lines as a table in Markdown."""
    lines = ["| variable | type | default | meaning |", "|---|---|---|---|"]
    lines += [f"| `{variable(name)}` | {kind} | {default} | {meaning} |" for name, kind, default, meaning in _rows()]
    return "\n".join(lines)


def _rows() -> Iterator[tuple[str, str, str, str]]:
    for name, field in Settings.model_fields.items():
        kind = getattr(field.annotation, "__name__", "str").lower()
        default = SHOWN_DEFAULTS.get(field.default, field.default)
        yield name, kind, str(default), field.description or ""


def _is_ours(name: str) -> bool:
    return name.startswith(PREFIX)
