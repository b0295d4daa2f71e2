"""Sources over the wire."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field, SecretStr

from api.schema_base import Input, View
from ingest.connectors.configuration import SourceConfig

INTERVAL_SECONDS_MAX = 30 * 24 * 3600
SECRET_CHARACTERS_MAX = 4_000


class NewSource(Input):
    """What a collection is to be kept in step with.

    `secret` is the password, token or secret key that the source asks for; it is never shown again.
    """

    config: SourceConfig
    secret: SecretStr | None = Field(default=None, min_length=1, max_length=SECRET_CHARACTERS_MAX)
    interval_seconds: int | None = Field(default=None, gt=0, le=INTERVAL_SECONDS_MAX)


class SourceChange(Input):
    """What to change of a source; what is left out stays. The kind cannot be changed.

    A secret is kept only while `config` reaches for the same as before: else it is needed again.
    """

    config: SourceConfig | None = None
    secret: SecretStr | None = Field(default=None, min_length=1, max_length=SECRET_CHARACTERS_MAX)
    interval_seconds: int | None = Field(default=None, gt=0, le=INTERVAL_SECONDS_MAX)
    is_paused: bool | None = None


class RefusedFile(View):
    """A file that was not taken in."""

    name: str
    code: str
    detail: str


class SourceView(View):
    """A source; `due_at` is when it is read next, or now if that has passed.

    `item_count` counts its files, `refused_count` those that were not taken in.
    """

    id: str
    collection_id: str
    config: SourceConfig
    has_secret: bool
    interval_seconds: int
    state: Literal["waiting", "in_step", "failing", "paused"]
    error_code: str | None
    error_detail: str | None
    item_count: int
    refused_count: int
    refused: list[RefusedFile]
    synced_at: datetime | None
    due_at: datetime | None
    created_at: datetime


class SourceList(BaseModel):
    """The sources of a collection."""

    items: list[SourceView]
