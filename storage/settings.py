"""Where rows and bytes live, as far as it can be configured."""

from pydantic import BaseModel, ConfigDict, Field


class StorageSettings(BaseModel):
    """`database_url` is None for SQLite in the data folder.

    `database_busy_seconds_max` is how long SQLite waits for another writer.
    """

    model_config = ConfigDict(frozen=True)

    database_url: str | None = None
    database_busy_seconds_max: float = Field(default=30.0, gt=0)
