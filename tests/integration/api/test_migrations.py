import pytest
import sqlalchemy as sa
from alembic import command
from sqlalchemy.exc import DBAPIError

from api.migrate import configuration, upgrade


def test_the_migrations_make_exactly_the_tables_of_the_code(database_url: str) -> None:
    upgrade(database_url)
    command.check(configuration(database_url))


def test_upgrading_twice_changes_nothing(database_url: str) -> None:
    upgrade(database_url)
    upgrade(database_url)


def test_a_migrated_audit_log_only_grows(database_url: str) -> None:
    upgrade(database_url)
    engine = sa.create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(
            sa.text("INSERT INTO tenants (id, name, created_at) VALUES ('t', 't', '2026-01-01')")
        )
        connection.execute(
            sa.text(
                "INSERT INTO audit_entries (sequence, id, tenant_id, at, actor, action, outcome) "
                "VALUES (1, 'a', 't', '2026-01-01', 'x', 'y', 'success')"
            )
        )
    for change in ("UPDATE audit_entries SET actor = 'z'", "DELETE FROM audit_entries"):
        with pytest.raises(DBAPIError, match="only grows"), engine.begin() as connection:
            connection.execute(sa.text(change))
    engine.dispose()


def test_going_back_removes_every_table(database_url: str) -> None:
    upgrade(database_url)
    command.downgrade(configuration(database_url), "base")
    engine = sa.create_engine(database_url)
    assert set(sa.inspect(engine).get_table_names()) <= {"alembic_version", "sqlite_sequence"}
    engine.dispose()
