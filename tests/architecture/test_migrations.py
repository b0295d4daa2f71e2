"""The chain of migrations, and that none forgets the fence around a tenant's rows."""

from importlib import import_module
from pathlib import Path

from alembic.script import ScriptDirectory

from api.migrate import configuration
from storage.database import Base
from storage.row_security import fence_of


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
    for package in root.glob("*/__init__.py"):
        for tables in package.parent.rglob("tables.py"):
            import_module(".".join(tables.relative_to(root).with_suffix("").parts))
    names = {table.name for table in Base.metadata.sorted_tables if fence_of(table)}
    missing = {name for name in names if f'"{name}"' not in fenced}
    assert missing == set(), "call enable_row_security after op.create_table"
