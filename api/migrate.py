"""Bring the database's schema up to date."""

from pathlib import Path

from alembic import command
from alembic.config import Config


def configuration(database_url: str) -> Config:
    """Return Alembic's configuration for our migrations and this database."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["database_url"] = database_url
    return config


def upgrade(database_url: str) -> None:
    """Apply all migrations that the database does not have yet."""
    command.upgrade(configuration(database_url), "head")
