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


def test_accounts_keep_all_that_is_theirs_when_passwords_become_optional(database_url: str) -> None:
    migrations = configuration(database_url)
    command.upgrade(migrations, "0001")
    engine = sa.create_engine(database_url)
    at = "'2026-01-01'"
    rows = {
        "tenants (id, name, created_at)": f"'t', 't', {at}",
        "users (id, tenant_id, name, password_hash, created_at)": f"'u', 't', 'ada', 'h', {at}",
        "grants (id, tenant_id, user_id, role, created_at)": f"'g', 't', 'u', 'owner', {at}",
    }
    with engine.begin() as connection:
        for table, values in rows.items():
            connection.execute(sa.text(f"INSERT INTO {table} VALUES ({values})"))
    for revision in ("head", "0001", "head"):
        (command.upgrade if revision == "head" else command.downgrade)(migrations, revision)
        with engine.connect() as connection:
            owners = sa.text("SELECT password_hash FROM users JOIN grants ON user_id = users.id")
            assert connection.execute(owners).scalars().all() == ["h"]
    engine.dispose()
