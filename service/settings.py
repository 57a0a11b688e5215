"""Settings: one typed table; each is overridden by an environment variable MYTHMATCH_<NAME>."""

import difflib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

import limits
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, ValidationInfo, field_validator

from corpus.checks import expectation
from corpus.judged import TRAIN
from embeddings.encoder import BUNDLED
from embeddings.index import INDEX_KINDS
from service.errors import InvalidSetting
from service.signing import is_plain_address, signing_key

PREFIX = "MYTHMATCH_"
KEY_RULES = ("auto", "required", "off")
LOG_FORMATS = ("text", "json")
LOG_LEVELS = ("debug", "info", "warning", "error")
HOME = Path(__file__).resolve().parent.parent
SHOWN_DEFAULTS = {"": "empty", SecretStr(""): "empty", HOME / "var": "var"}  # beside the code, wherever that lies
SHOWN_KINDS = {"secretstr": "secret"}
# not even where they are wrong: what is nearly right tells too much
NOT_SHOWN = ("webhook_url", "webhook_secret", "rate_limit_storage")


class Settings(BaseModel):
    """All that can be set, with its type, meaning and default; this table makes `--help` and the README's table."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field("127.0.0.1", min_length=1, description="address to serve on")
    port: int = Field(8000, ge=0, le=65535, description="port to serve on; 0 takes a free one")
    keys: str = Field(
        KEY_RULES[0], description="whether requests need a key: `auto` (off on a loopback host), `required`, `off`"
    )
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
        "", description="hosts, parted by commas, that are fetched from and called though their address is not public"
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
    webhook_url: str = Field(
        "", repr=False, description="address that is called when a debunk matches much; empty: none"
    )
    webhook_secret: SecretStr = Field(
        SecretStr(""), validate_default=True, description="signs those calls: `whsec_` and 24 to 64 bytes in base64"
    )
    webhook_matches: int = Field(50, ge=0, description="matches of a debunk, beyond which the address is called")
    webhook_minutes: int = Field(
        10, ge=1, le=1440, description="minutes in which they are counted; a debunk is told once in them"
    )
    builder: bool = Field(
        True, description="whether the server keeps its snapshot at the corpus; off: another process has to"
    )
    threads: int = Field(
        8, ge=1, description="requests that are answered at a time, beside texts that are matched or wait for it"
    )
    slots: int = Field(0, ge=0, le=256, description="texts that are matched at a time; 0: half as many as cores")
    queue: int = Field(7, ge=0, le=256, description="texts that wait for a slot; what comes beyond them is refused")
    queue_seconds: float = Field(2, gt=0, le=600, description="how long a text waits for a slot, at most")
    rate_limit: str = Field(
        "", description="texts and other requests that each key, or address, may send: `600/minute`; empty: any number"
    )
    rate_limit_storage: str = Field(
        "", repr=False, description="where they are counted: `redis://host`, for several hosts; empty: in the process"
    )
    proxies: int = Field(0, ge=0, le=8, description="proxies in front that each add to X-Forwarded-For")

    log_format: str = Field(LOG_FORMATS[0], description="how each line of the log is written: `text`, `json`")
    log_level: str = Field(
        "info", description="least level of what is logged: debug, info, warning, error; libraries from warning on"
    )
    otlp_endpoint: str = Field(
        "", description="OTLP/HTTP collector that gets a trace of each request: `http://host:4318`; empty: none"
    )
    request_seconds: float = Field(
        30,
        gt=0,
        le=3600,
        description="how long a request may take to arrive, and its answer to be taken, beside 64 KiB/s",
    )
    keep_alive_seconds: int = Field(
        5, ge=1, le=3600, description="how long a connection stays open with no request on it"
    )
    drain_seconds: float = Field(
        0, ge=0, le=600, description="how long SIGTERM leaves load balancers to see /readyz fail before the port closes"
    )
    cors_origins: str = Field(
        "", description="origins, parted by commas, whose pages may use the API: `https://desk.example`"
    )
    hosts: str = Field(
        "", description="host names, parted by commas, that are answered on a loopback host with keys off"
    )

    @field_validator("index_kind")
    @classmethod
    def _known_kind(cls, kind: str) -> str:
        if kind not in INDEX_KINDS:
            raise ValueError(f"expected one of {', '.join(INDEX_KINDS)}")
        return kind

    @field_validator("keys")
    @classmethod
    def _known_rule(cls, keys: str) -> str:
        if keys not in KEY_RULES:
            raise ValueError(f"expected one of {', '.join(KEY_RULES)}")
        return keys

    @field_validator("log_format", "log_level")
    @classmethod
    def _known_name(cls, name: str, info: ValidationInfo) -> str:
        known = LOG_FORMATS if info.field_name == "log_format" else LOG_LEVELS
        if name not in known:
            raise ValueError(f"expected one of {', '.join(known)}")
        return name

    @field_validator("otlp_endpoint")
    @classmethod
    def _collector(cls, url: str) -> str:
        if url and not is_plain_address(url):
            raise ValueError("expected http:// or https:// and a host, without a user, such as http://localhost:4318")
        return url

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, origins: str) -> str:
        for origin in filter(None, map(str.strip, origins.split(","))):
            if not re.fullmatch(r"[a-z][a-z0-9+.-]*://[^\s/*?#@]+", origin, re.IGNORECASE):
                raise ValueError("expected origins as https://host or http://host:8080, parted by commas, and never *")
        return origins

    @field_validator("rate_limit")
    @classmethod
    def _are_limits(cls, rates: str) -> str:
        try:
            if rates:
                limits.parse_many(rates)
        except ValueError as error:
            raise ValueError("expected a rate such as 600/minute, or several, parted by semicolons") from error
        return rates

    @field_validator("rate_limit_storage")
    @classmethod
    def _is_redis(cls, url: str) -> str:
        if url and not re.fullmatch(r"(rediss?|redis\+unix)://.+", url):
            raise ValueError("expected redis://host:port, rediss://host:port, redis+unix:///path, or nothing")
        return url

    @field_validator("webhook_url")
    @classmethod
    def _address(cls, url: str) -> str:
        if url and not is_plain_address(url):
            raise ValueError(
                "expected http:// or https:// and a host, without a user, such as https://example.org/hook"
            )
        return url

    @field_validator("webhook_secret")
    @classmethod
    def _key_of_calls(cls, secret: SecretStr, info: ValidationInfo) -> SecretStr:
        if secret.get_secret_value() or info.data.get("webhook_url"):
            signing_key(secret.get_secret_value())
        return secret

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
            name = str(first["loc"][0])
            hides = name in NOT_SHOWN
            met = "a value that is not shown" if hides else repr(first["input"])
            told = InvalidSetting(f"{variable(name)}: met {met}; {expectation(first)}")
            raise told from (None if hides else error)

    @property
    def corpus_url(self) -> str:
        """Return the SQLAlchemy URL of the corpus."""
        return self.database_url or f"sqlite:///{self.data_dir / 'corpus.db'}"

    @property
    def judged_path(self) -> Path:
        """Return the file of the judged posts that stand in snapshots as examples."""
        return Path(self.judged).expanduser().absolute() if self.judged else TRAIN

    @property
    def match_slots(self) -> int:
        """Return how many texts are matched at a time."""
        return self.slots or max(1, (os.cpu_count() or 1) // 2)

    @property
    def allowed_hosts(self) -> tuple[str, ...]:
        """Return the hosts that may be called though their address is not public."""
        return tuple(host.strip() for host in self.fetch_hosts.split(",") if host.strip())

    @property
    def webhooks_dir(self) -> Path:
        """Return the folder of the calls that are still to be made."""
        return self.data_dir / "webhooks"

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
        kind = SHOWN_KINDS.get(kind, kind)
        default = SHOWN_DEFAULTS.get(field.default, field.default)
        yield name, kind, str(default), field.description or ""


def _is_ours(name: str) -> bool:
    return name.startswith(PREFIX)
