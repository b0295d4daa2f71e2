"""The chain of migrations, and that none forgets the fence around a tenant's rows."""

from pathlib import Path

from alembic.script import ScriptDirectory

import api.worker
from api.migrate import configuration
from storage.database import Base
from storage.row_security import fence_of

__all__ = ["api"]  # imported for the tables of all packages


def test_migrations_follow_one_another() -> None:
    scripts = ScriptDirectory.from_config(configuration("sqlite://"))
    assert len(scripts.get_heads()) == 1
    numbers = sorted(script.revision for script in scripts.walk_revisions())
    assert numbers == [f"{n:04}" for n in range(1, len(numbers) + 1)]


def test_every_table_of_a_tenant_is_fenced_by_a_migration(root: Path) -> None:
    folder = root / "api" / "migrations" / "versions"
    fenced = "".join(
        text for path in folder.glob("*.py") if "enable_row_security" in (text := path.read_text())
    )
    names = {table.name for table in Base.metadata.sorted_tables if fence_of(table)}
    missing = {name for name in names if f'"{name}"' not in fenced}
    assert missing == set(), "call enable_row_security after op.create_table"
