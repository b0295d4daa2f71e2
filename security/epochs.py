"""A number for each tenant that grows with every change of anybody's rights.

What was computed from rights may be kept for as long as the number stays the same. It is a row,
changed in the transaction that changes the right, so every process sees it with the right itself.
"""

from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from security.tables import Tenant

_NOTED: Final = "permission epochs"


def bump(session: Session, tenant_id: str) -> None:
    """Count a change of rights; part of the change.

    Side effects: on PostgreSQL, further changes of the tenant's rights wait for the commit.
    """
    later = update(Tenant).where(Tenant.id == tenant_id)
    session.execute(later.values(permission_epoch=Tenant.permission_epoch + 1))
    session.info.pop(_NOTED, None)


def permission_epoch(session: Session, tenant_id: str) -> int:
    """Return the tenant's number as this transaction saw it first, or has changed it."""
    noted: dict[str, int] = session.info.get(_NOTED, {})
    if tenant_id in noted:
        return noted[tenant_id]
    return session.scalar(select(Tenant.permission_epoch).where(Tenant.id == tenant_id)) or 0


def note_epoch(session: Session, tenant_id: str, epoch: int) -> None:
    """Keep, for the rest of the transaction, a number that was read beside other rows.

    Another transaction may count on meanwhile. What is then computed from later rows is kept under
    the earlier number, where only those look who began before the change.
    """
    session.info.setdefault(_NOTED, {})[tenant_id] = epoch
