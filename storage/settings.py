"""Where rows and bytes live, as far as it can be configured."""

from pydantic import BaseModel, ConfigDict, Field


class StorageSettings(BaseModel):
    """The database; encrypted files always lie in the data folder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    database_url: str | None = Field(
        default=None, description="postgresql+psycopg://…; none: SQLite in the data folder."
    )
    database_busy_seconds_max: float = Field(
        default=30.0, gt=0, description="How long SQLite waits for another writer."
    )
    database_connections_max: int = Field(
        default=50, gt=0, description="Connections of one process; more than requests in threads."
    )
    allow_unfenced_role: bool = Field(
        default=False,
        description="Accept a PostgreSQL role for which row-level security does not hold "
        "(superuser or BYPASSRLS); for development only.",
    )
