"""A number for each tenant that grows with every change of anybody's rights.

What was computed from rights may be kept for as long as the number stays the same. It is a row,
changed in the transaction that changes the right, so every process sees it with the right itself.
"""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from security.tables import Tenant


def bump(session: Session, tenant_id: str) -> None:
    """Count a change of rights; part of the change.

    Side effects: on PostgreSQL, further changes of the tenant's rights wait for the commit.
    """
    later = update(Tenant).where(Tenant.id == tenant_id)
    session.execute(later.values(permission_epoch=Tenant.permission_epoch + 1))


def permission_epoch(session: Session, tenant_id: str) -> int:
    """Return the tenant's number as this transaction sees it."""
    return session.scalar(select(Tenant.permission_epoch).where(Tenant.id == tenant_id)) or 0
