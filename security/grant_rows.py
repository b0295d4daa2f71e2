"""The rows of grants: one role for each holder, a user or a group, at each place."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from security.principal import Role
from security.tables import Grant


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a role."""

    kind: Literal["user", "group"]
    id: str

    @property
    def columns(self) -> Mapping[str, str]:
        """The column of `grants` that names the holder, with its value."""
        return {f"{self.kind}_id": self.id}


def held(
    session: Session, tenant_id: str, holder: Holder, collection_id: str | None
) -> Grant | None:
    """Return the grant of a holder at one place (None: the whole tenant)."""
    place = {"tenant_id": tenant_id, "collection_id": collection_id}
    return session.scalar(select(Grant).filter_by(**place, **holder.columns))


def write(  # noqa: PLR0917 - one column each
    session: Session,
    tenant_id: str,
    holder: Holder,
    collection_id: str | None,
    role: Role,
    clock: Callable[[], datetime],
) -> None:
    """Give the role in place of any that the holder has there."""
    grant = held(session, tenant_id, holder, collection_id)
    if grant is None:
        grant = Grant(
            id=uuid4().hex,
            tenant_id=tenant_id,
            collection_id=collection_id,
            role=role,
            created_at=clock(),
            **holder.columns,
        )
        session.add(grant)
    grant.role = role
    session.flush()
