"""PostgreSQL's row-level security on every table, as a role that it holds for."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import ProgrammingError

import security.tables
from api.migrate import upgrade
from storage.database import Base, Database
from storage.errors import UnfencedRole
from storage.row_security import (
    ALL_TENANTS,
    enter_tenant,
    fence_of,
    see_all_tenants,
    show_credential,
)

ROOT = Path(__file__).parents[3]
for package in ROOT.glob("*/__init__.py"):
    for tables in package.parent.rglob("tables.py"):
        import_module(".".join(tables.relative_to(ROOT).with_suffix("").parts))

OF_NO_TENANT = {"alembic_version", "step_timings", "workers"}
"""Tables that hold nothing of any tenant; whoever adds to them says why in the review."""

OURS, THEIRS = "ours", "theirs"
FENCED = [table for table in Base.metadata.sorted_tables if fence_of(table)]
CHECKS = sa.text(
    "SELECT conrelid::regclass, conname FROM pg_constraint WHERE contype = 'c' AND conrelid > 0"
)
REFUSED = "row-level security"


@pytest.fixture(scope="module")
def world(postgres_cluster: str) -> Iterator[tuple[str, str]]:
    """Migrate a database as the plain role and give each tenant one row in every table.

    Yields the URLs of the plain role and of the superuser. Tests change nothing for good.
    """
    server = sa.create_engine(f"{postgres_cluster}/postgres", isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(sa.text("CREATE ROLE fenced LOGIN"))
        connection.execute(sa.text("CREATE DATABASE fenced OWNER fenced"))
    url = sa.make_url(f"{postgres_cluster}/fenced")
    plain = url.set(username="fenced").render_as_string()
    upgrade(plain)
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("SET session_replication_role = replica"))  # no foreign keys
        for table, name in connection.execute(CHECKS):  # made-up rows need not make sense
            connection.execute(sa.text(f"ALTER TABLE {table} DROP CONSTRAINT {name}"))
        for table in FENCED:
            rows = [_row(table, tenant, n) for n, tenant in enumerate((OURS, THEIRS))]
            connection.execute(sa.insert(table), rows)
    engine.dispose()

    yield plain, url.render_as_string()
    with server.connect() as connection:
        connection.execute(sa.text("DROP DATABASE fenced WITH (FORCE)"))
        connection.execute(sa.text("DROP ROLE fenced"))
    server.dispose()


@pytest.fixture(scope="module")
def fenced(world: tuple[str, str]) -> Iterator[Database]:
    """Connect through one connection only, so that every test reuses it."""
    database = Database(world[0], connections_max=1)
    yield database
    database.close()


def _row(table: sa.Table, tenant: str, number: int) -> dict[str, Any]:
    """Make a row of the tenant, in which everything differs from the other tenant's."""
    return {column.name: _value(column, tenant, number) for column in table.columns}


def _value(column: sa.Column[Any], tenant: str, number: int) -> object:
    values: dict[type, object] = {
        str: tenant,
        bytes: tenant.encode(),
        int: number + 1,
        float: number + 1.0,
        bool: False,
        datetime: datetime(2026, 1, 1, tzinfo=UTC),
        date: date(2026, 1, 1),
        object: {},  # JSON
    }
    kind = column.type
    plain = kind.impl_instance if isinstance(kind, sa.types.TypeDecorator) else kind
    value = values[plain.python_type]
    return value[: plain.length] if isinstance(plain, sa.String) and plain.length else value


def _count(session: sa.orm.Session, table: sa.Table) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def test_every_table_is_fenced_or_known_to_hold_nothing_of_a_tenant(
    fenced: Database,
) -> None:
    flags = sa.text(
        "SELECT relname, relrowsecurity AND relforcerowsecurity AS fenced FROM pg_class "
        "WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
    )
    with fenced.reading() as session:
        fences = {row.relname: row.fenced for row in session.execute(flags)}
    open_tables = {name for name, is_fenced in fences.items() if not is_fenced}
    assert open_tables == OF_NO_TENANT & fences.keys(), "call enable_row_security in the migration"
    assert {table.name for table in FENCED} == fences.keys() - open_tables


def test_migrations_and_models_make_the_same_fences(fenced: Database, postgres_url: str) -> None:
    made = Database(postgres_url)
    Base.metadata.create_all(made.engine)
    policies = sa.text(
        "SELECT tablename, policyname, permissive, cmd, qual, with_check FROM pg_policies "
        "WHERE schemaname = 'public' ORDER BY tablename, policyname"
    )
    with fenced.reading() as session, made.reading() as other:
        assert session.execute(policies).all() == other.execute(policies).all()
    made.close()


@pytest.mark.parametrize("table", FENCED, ids=lambda table: table.name)
def test_a_forgotten_tenant_finds_nothing_and_a_known_one_only_its_own(
    fenced: Database, table: sa.Table
) -> None:
    with fenced.reading() as session:
        assert _count(session, table) == 0
        enter_tenant(session, "nobody")
        assert _count(session, table) == 0
        enter_tenant(session, OURS)
        rows = session.execute(sa.select(table)).mappings().all()
        assert [dict(row) for row in rows] == [_row(table, OURS, 0)]
    with fenced.reading(ALL_TENANTS) as session:
        assert _count(session, table) == 2


@pytest.mark.parametrize("table", FENCED, ids=lambda table: table.name)
def test_rows_of_another_tenant_are_not_taken_in(fenced: Database, table: sa.Table) -> None:
    foreign = _row(table, "third", 7)
    with pytest.raises(ProgrammingError, match=REFUSED), fenced.transaction(OURS) as session:
        session.execute(sa.insert(table).values(foreign))
    with pytest.raises(ProgrammingError, match=REFUSED), fenced.transaction() as session:
        session.execute(sa.insert(table).values(foreign))


def test_rows_are_neither_moved_to_another_tenant_nor_changed_there(fenced: Database) -> None:
    grants = security.tables.Grant
    with fenced.transaction(OURS) as session:
        assert session.execute(sa.update(grants).values(role="x").returning(grants.id)).all() == [
            (OURS,)
        ]
        assert session.execute(sa.delete(grants).where(grants.id == THEIRS)).rowcount == 0  # type: ignore[attr-defined]
        session.rollback()
    with pytest.raises(ProgrammingError, match=REFUSED), fenced.transaction(OURS) as session:
        session.execute(sa.update(grants).values(tenant_id=THEIRS))


def test_no_transaction_leaves_its_tenant_on_the_connection(fenced: Database) -> None:
    users = security.tables.User.__table__
    assert isinstance(users, sa.Table)
    for begin in (fenced.transaction, fenced.reading):
        for tenants in (OURS, ALL_TENANTS):
            with begin(tenants) as session:
                assert _count(session, users)
            with fenced.reading() as session:
                assert _count(session, users) == 0
    with pytest.raises(ZeroDivisionError), fenced.transaction(ALL_TENANTS) as session:
        show_credential(session, OURS.encode())
        _ = 1 / 0
    with fenced.reading() as session:
        assert _count(session, users) == 0
        assert session.scalars(sa.select(security.tables.AccessToken.id)).all() == []


def test_entering_a_tenant_ends_the_view_of_all(fenced: Database) -> None:
    users = security.tables.User.id
    with fenced.reading(ALL_TENANTS) as session:
        enter_tenant(session, THEIRS)
        assert session.scalars(sa.select(users)).all() == [THEIRS]
        see_all_tenants(session)
        assert len(session.scalars(sa.select(users)).all()) == 2


def test_a_credential_shows_its_own_row_and_nothing_else(fenced: Database) -> None:
    tokens, users = security.tables.AccessToken, security.tables.User
    with fenced.reading() as session:
        show_credential(session, THEIRS.encode())
        assert session.scalars(sa.select(tokens.id)).all() == [THEIRS]
        assert session.scalars(sa.select(users.id)).all() == []
        show_credential(session, b"unknown")
        assert session.scalars(sa.select(tokens.id)).all() == []
    with fenced.transaction() as session:
        show_credential(session, THEIRS.encode())
        changed = session.execute(sa.update(tokens).values(name="x").returning(tokens.id))
        assert changed.all() == []


def test_a_role_that_the_fence_does_not_hold_for_is_refused(
    fenced: Database, world: tuple[str, str]
) -> None:
    fenced.refuse_unfenced_role()
    above = Database(world[1])
    with pytest.raises(UnfencedRole, match="BYPASSRLS"):
        above.refuse_unfenced_role()
    above.close()
