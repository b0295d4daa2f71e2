"""All settings; the one place that reads the environment and the settings file.

A value comes from, in this order: a `SOURCEBOOK_*` variable, the TOML file that
`SOURCEBOOK_SETTINGS_FILE` names, the default. A section's value is reached by two underscores:
`SOURCEBOOK_UPLOAD__UPLOAD_BYTES_MAX=200000000`. `SOURCEBOOK_MODEL` alone is the model's name.
"""

import os
import tomllib
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from evaluation.settings import EvaluationSettings
from ingest.connectors.settings import SourceSettings
from ingest.settings import ParseLimits, UploadLimits, WorkerSettings
from model.settings import ModelSettings
from qa.settings import AnswerSettings
from retrieval.embedding.settings import EmbeddingSettings
from retrieval.rerank.settings import RerankSettings
from retrieval.settings import RetrievalSettings
from retrieval.vectors.settings import VectorSettings
from security.settings import SecuritySettings
from storage.settings import StorageSettings

PREFIX = "SOURCEBOOK_"
OTHER_VARIABLES = frozenset({"SETTINGS_FILE", "URL", "TOKEN", "EVAL_DATA", "TEST_MODELS"})
"""Read by the client commands, benchmarks and tests, and so no settings of a server."""


class SettingsFileUnusable(LookupError):
    """The settings file cannot be read."""


def _home(variable: str, fallback: str) -> Path:
    return Path(os.environ.get(variable) or Path.home() / fallback)


class Settings(BaseSettings):
    """Everything that an operator can choose."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True
    )

    data: Path = Field(
        default_factory=lambda: _home("XDG_DATA_HOME", ".local/share") / "sourcebook",
        description="Folder of the database, the encrypted files and, by default, the keys. "
        "Default: `~/.local/share/sourcebook`, or `sourcebook` in `XDG_DATA_HOME`.",
    )
    models: Path = Field(
        default_factory=lambda: _home("XDG_CACHE_HOME", ".cache") / "sourcebook" / "models",
        description="Folder of model weights; may be shared by several data folders. "
        "Default: `~/.cache/sourcebook/models`, or `sourcebook/models` in `XDG_CACHE_HOME`.",
    )
    key: SecretStr | None = Field(
        default=None,
        description="The key-encryption key as base64 of 32 random bytes, instead of a file.",
    )
    previous_key: SecretStr | None = Field(
        default=None,
        description="The key-encryption key before `key`, while `sourcebook keys rewrap` is due.",
    )
    key_file: Path | None = Field(
        default=None, description="File of the key-encryption key; default: keys/kek in the data."
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port to listen on.")
    public_url: str | None = Field(
        default=None,
        description="Address that browsers use, when a proxy stands in front (https://...).",
    )
    hosts: tuple[str, ...] = Field(
        default=(),
        description="More names that requests may be sent to, as JSON; IP addresses, `localhost` "
        "and the name in `public_url` always count.",
    )
    request_bytes_max: int = Field(
        default=1024 * 1024, gt=0, description="Size of a request's body, but for uploads."
    )
    request_idle_seconds_max: float = Field(
        default=30, gt=0, description="How long a client may send nothing of a body it began."
    )
    admin_name: str = Field(default="admin", description="Name of the first administrator.")
    admin_password: SecretStr | None = Field(
        default=None,
        description="The first administrator's password, for a first start without a person.",
    )
    metrics_token: SecretStr | None = Field(
        default=None,
        min_length=16,
        description="The bearer token of whoever reads `/metrics`; without it they must call from "
        "this machine, past any proxy.",
    )
    log_level: str = Field(default="info", description="debug, info, warning or error.")
    requests_in_threads_max: int = Field(
        default=40, gt=0, description="Requests that may do their work at the same time."
    )
    searches_share_core: bool | None = Field(
        default=None,
        description="Searches under way at once take turns on one core with what they do in "
        "Python, which saves a fourth of their processor time on two cores; not what they compute "
        "in kernels of their own threads. Default: only where the server has at most two cores, "
        "as with more it was not measured. Switch it off where another program is bound to cores.",
    )
    connections_max: int = Field(
        default=1000, gt=0, description="Connections at once; more are answered with 503."
    )
    uploads_in_memory_max: int = Field(
        default=4, gt=0, description="Uploads received at once; each may hold a whole file."
    )
    workers: int = Field(default=1, ge=0, description="Ingestion worker processes to start.")
    storage: StorageSettings = StorageSettings()
    security: SecuritySettings = SecuritySettings()
    embedding: EmbeddingSettings = EmbeddingSettings()
    retrieval: RetrievalSettings = RetrievalSettings()
    rerank: RerankSettings = RerankSettings()
    vectors: VectorSettings = VectorSettings()
    upload: UploadLimits = UploadLimits()
    parsing: ParseLimits = ParseLimits()
    ingestion: WorkerSettings = WorkerSettings()
    sources: SourceSettings = SourceSettings()
    model: ModelSettings = ModelSettings()
    answers: AnswerSettings = AnswerSettings()
    evaluation: EvaluationSettings = EvaluationSettings()

    @field_validator("data", "models")
    @classmethod
    def _absolute(cls, folder: Path) -> Path:
        return folder.expanduser().absolute()

    @property
    def database_url(self) -> str:
        """SQLite in the data folder unless another database is named."""
        return self.storage.database_url or f"sqlite:///{self.data / 'sourcebook.db'}"

    @property
    def issuer(self) -> str:
        """The address that names this server in the tokens that it signs."""
        return self.base_url

    @property
    def base_url(self) -> str:
        """The address under which browsers find this server, without a slash at its end."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def secure_cookies(self) -> bool:
        """Whether browsers reach this server over TLS."""
        return bool(self.public_url and self.public_url.startswith("https://"))

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic's signature
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic's signature
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read variables, then the settings file."""
        return init_settings, EnvironmentVariables(settings_cls), _settings_file(settings_cls)


class EnvironmentVariables(EnvSettingsSource):
    """Variables, of which one may hold a section's usual value instead of the section in JSON."""

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        """Take `SOURCEBOOK_MODEL` as a name; `SOURCEBOOK_MODEL__…` adds to it."""
        if field_name == "model" and not value.lstrip().startswith("{"):
            return {"name": value}
        return super().decode_complex_value(field_name, field, value)


def _settings_file(settings_cls: type[BaseSettings]) -> TomlConfigSettingsSource:
    """Read the file that SOURCEBOOK_SETTINGS_FILE names, if it names one.

    Raises:
        SettingsFileUnusable: it is not there, or no TOML; a start with defaults would surprise.

    """
    name = os.environ.get(f"{PREFIX}SETTINGS_FILE")
    if name and not Path(name).is_file():
        message = f"{PREFIX}SETTINGS_FILE names {name}, which is not a file."
        raise SettingsFileUnusable(message)
    try:
        return TomlConfigSettingsSource(settings_cls, toml_file=name or None)
    except tomllib.TOMLDecodeError as error:
        message = f"The settings file {name} is not valid TOML: {error}."
        raise SettingsFileUnusable(message) from None


def unknown_variables() -> list[str]:
    """Name the variables that look like settings and are none: most likely misspelt."""
    known = {name.upper() for name in Settings.model_fields} | OTHER_VARIABLES
    names = (name for name in os.environ if name.startswith(PREFIX))
    return sorted(n for n in names if n.removeprefix(PREFIX).partition("__")[0] not in known)
