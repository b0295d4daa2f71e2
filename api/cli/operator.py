"""One transaction of the operator on the server's own command line."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from api.key_holders import key_provider
from api.settings import Settings
from api.wiring import open_database, tenant_id_of, utc_now
from ingest.collections import CollectionService
from security.audit import AuditLog
from security.grants import Grants
from security.keyring import KeyRing
from security.principal import Principal, Role
from security.rotation import OPERATOR
from security.tables import Group, User


@dataclass(frozen=True, slots=True)
class OperatorDesk:
    """What a command works with; the audit log calls its `operator` by that name."""

    session: Session
    operator: Principal
    settings: Settings
    keyring: KeyRing
    audit: AuditLog

    def collections(self) -> CollectionService:
        """Return what finds collections by name or id."""
        return CollectionService(self.keyring, Grants(self.audit, utc_now), self.audit, utc_now)

    def group(self, key: str) -> str:
        """Return the id of the group with this id or name.

        Raises:
            LookupError: there is none, or several sources name one so.
        """
        return self._only(Group, key, "group")

    def user(self, key: str) -> str:
        """Return the id of the person or service account with this id or name.

        Raises:
            LookupError: there is none.
        """
        return self._only(User, key, "user")

    def _only(self, table: type[Group | User], key: str, kind: str) -> str:
        matching = or_(table.id == key, table.name == key)
        query = select(table.id).where(table.tenant_id == self.operator.tenant_id, matching)
        found = self.session.scalars(query).all()
        if len(found) != 1:
            several = "Several groups have this name: give the id." if found else ""
            raise LookupError(several or f"There is no {kind} of this name or id.")
        return found[0]


@contextmanager
def opened() -> Iterator[OperatorDesk]:
    """Open a transaction that commits when the block ends well.

    Raises:
        LookupError: the data folder was never set up.
    """
    settings = Settings()
    keyring = KeyRing(key_provider(settings), utc_now)
    database = open_database(settings)
    try:
        with database.transaction() as session:
            tenant_id = tenant_id_of(session)
            if tenant_id is None:
                message = "This data folder is not set up yet: start with `sourcebook serve`."
                raise LookupError(message)
            operator = Principal(tenant_id, OPERATOR, OPERATOR, {None: Role.OWNER})
            yield OperatorDesk(session, operator, settings, keyring, AuditLog(keyring, utc_now))
    finally:
        database.close()
