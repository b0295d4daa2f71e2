"""PostgreSQL's row-level security: a second fence behind the conditions in every query.

Each transaction says for which tenant it works; the database then shows no other tenant's rows and
takes none in, whatever a query forgot. Where no tenant was said, there is nothing. The settings
live in the transaction (`set_config(…, true)`), so a pooled connection carries none of them on.

The fence guards against forgotten conditions. It does not stop whoever can run any SQL as the
application's role, for they could say another tenant. SQLite has no such fence.
"""

from collections.abc import Iterator
from enum import Enum
from typing import Final

from sqlalchemy import Connection, Table, func, select, text, true
from sqlalchemy.orm import Session

from storage.errors import UnfencedRole

TENANT_COLUMN: Final = "tenant_id"
_TENANT: Final = "sourcebook.tenant_id"
_ALL: Final = "sourcebook.all_tenants"
_CREDENTIAL: Final = "sourcebook.credential"


class Tenants(Enum):
    """What a transaction may see besides one tenant."""

    ALL = "all"


ALL_TENANTS: Final = Tenants.ALL
"""For work on the whole installation: migrations, indexes, queues, sweeps, metrics, first start."""

Sees = str | Tenants | None
"""A tenant's id, all of them, or (None) nothing until `enter_tenant`."""


def enter_tenant(session: Session, tenant_id: str) -> None:
    """Work for this tenant, and see no other, until the transaction ends."""
    _set(session, {_TENANT: tenant_id, _ALL: ""})


def see_all_tenants(session: Session | Connection) -> None:
    """Lift the fence until the transaction ends or enters a tenant."""
    _set(session, {_ALL: "on"})


def show_credential(session: Session, secret_hash: bytes) -> None:
    """Let the transaction find the row of a credential whose tenant is not known yet.

    Only a row with exactly this hash becomes visible, so that who does not have the secret finds
    nothing; whoever finds it enters its tenant next.
    """
    _set(session, {_CREDENTIAL: secret_hash.hex()})


def sees(session: Session, tenants: Sees) -> None:
    """Begin a transaction's fence."""
    if isinstance(tenants, str):
        enter_tenant(session, tenants)
    elif tenants is ALL_TENANTS:
        see_all_tenants(session)


def refuse_unfenced_role(connection: Connection) -> None:
    """Make sure that the fence holds for the role of this connection.

    Raises:
        UnfencedRole: PostgreSQL's row-level security does not apply to it.
    """
    if connection.dialect.name != "postgresql":
        return
    roles = text("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
    if connection.scalar(roles):
        raise UnfencedRole


def fence(
    table: str, *, tenant: str = TENANT_COLUMN, credential: str | None = None
) -> Iterator[str]:
    """Yield the statements that put a table behind the fence; see `api.migrations.fences`."""
    yield f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"
    yield f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY"  # for its owner too
    everything = f"current_setting('{_ALL}', true) = 'on'"
    rule = f"{tenant} = current_setting('{_TENANT}', true) OR {everything}"
    yield f"CREATE POLICY tenant ON {table} USING ({rule}) WITH CHECK ({rule})"
    if credential is not None:
        shown = f"decode(current_setting('{_CREDENTIAL}', true), 'hex')"
        yield f"CREATE POLICY credential ON {table} FOR SELECT USING ({credential} = {shown})"


def fence_of(table: Table) -> list[str]:
    """Return the statements for a table of the models, none when it belongs to no tenant.

    `Table.info["fence"]` holds the arguments of `fence` where they are not the usual ones.
    """
    arguments = table.info.get("fence")
    if arguments is None and TENANT_COLUMN not in table.c:
        return []
    return list(fence(table.name, **(arguments or {})))


def _set(session: Session | Connection, values: dict[str, str]) -> None:
    bind = session.get_bind() if isinstance(session, Session) else session
    if bind.dialect.name != "postgresql":
        return
    settings = [func.set_config(name, value, true()) for name, value in values.items()]
    session.execute(select(*settings))
