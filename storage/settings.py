"""Where rows and bytes live, as far as it can be configured."""

from pydantic import BaseModel, ConfigDict, Field


class StorageSettings(BaseModel):
    """`database_url` is None for SQLite in the data folder."""

    model_config = ConfigDict(frozen=True)

    database_url: str | None = None
    database_busy_seconds_max: float = Field(default=30.0, gt=0)
    partial_seconds_max: float = Field(
        default=24 * 3600.0,
        gt=0,
        description="Age after which a file of a broken-off write is removed.",
    )
