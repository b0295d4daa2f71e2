"""Sources over the wire."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from api.schema_base import Input, View
from ingest.connectors.configuration import SourceConfig

INTERVAL_SECONDS_MAX = 30 * 24 * 3600


class NewSource(Input):
    """What a collection is to be kept in step with."""

    config: SourceConfig
    interval_seconds: int | None = Field(default=None, gt=0, le=INTERVAL_SECONDS_MAX)


class SourceChange(Input):
    """What to change of a source; what is left out stays. The kind cannot be changed."""

    config: SourceConfig | None = None
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
