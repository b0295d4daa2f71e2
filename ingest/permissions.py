"""Who may see a document, and who may see what is uploaded into a collection from now on."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ingest.collections import CollectionService
from ingest.permission_lists import Wanted, checked_acl, written
from ingest.service import changeable, visible
from ingest.settings import UploadLimits
from retrieval.access import scope_for
from retrieval.changes import append_change
from retrieval.holdings import collection_name
from retrieval.tables import Acl, Collection
from security.audit import AuditLog
from security.epochs import bump
from security.errors import Forbidden
from security.principal import Principal, Verb
from security.tables import Group, User


@dataclass(frozen=True, slots=True)
class Entry:
    """A name in a list; `name` is what people call it, None for a role or somebody who is gone."""

    principal: str
    name: str | None


@dataclass(frozen=True, slots=True)
class PermissionView:
    """Both lists; `inherits`: whoever holds a role on the collection, and nobody is denied."""

    allow: list[Entry]
    deny: list[Entry]
    inherits: bool


class PermissionService:
    """Shows and changes permission lists, each change with its audit entry.

    Everything needs the right to share the collection, and for a document to see it as well.
    """

    def __init__(
        self,
        audit: AuditLog,
        collections: CollectionService,
        limits: UploadLimits,
        clock: Callable[[], datetime],
    ) -> None:
        self._audit = audit
        self._collections = collections
        self._limits = limits
        self._clock = clock

    def of_document(
        self, session: Session, principal: Principal, document_id: str
    ) -> PermissionView:
        """Return a document's lists.

        Raises:
            NotFound, Forbidden: the caller may not see it, or not share it.
        """
        row = visible(session, scope_for(session, principal), document_id)
        if not principal.may(Verb.SHARE, row.collection_id):
            raise Forbidden
        return _view(session, session.get_one(Acl, row.acl_id), row.collection_id)

    def set_document(
        self, session: Session, principal: Principal, document_id: str, wanted: Wanted
    ) -> PermissionView:
        """Replace a document's lists; it counts from the next request on, nothing is processed.

        Raises:
            NotFound, Forbidden: as for `of_document`.
            PermissionsRefused, LockedOut: `wanted`.
        """
        row = changeable(session, principal, document_id, Verb.SHARE)
        present = session.get_one(Acl, row.acl_id)
        number = checked_acl(session, principal, row.collection_id, wanted, self._limits, present)
        if number != row.acl_id:
            row.acl_id = number
            self._record(session, principal, "document.permissions", row.id, wanted)
            append_change(session, row.tenant_id, row.id, at=self._clock())
        return _view(session, session.get_one(Acl, number), row.collection_id)

    def of_collection(
        self, session: Session, principal: Principal, collection_id: str
    ) -> PermissionView:
        """Return the lists that a new document of the collection gets.

        Raises:
            NotFound, Forbidden: the caller has no right in it, or may not share it.
        """
        row = self._collections.find(session, principal, collection_id, Verb.SHARE)
        return _default_view(session, row)

    def set_collection(
        self, session: Session, principal: Principal, collection_id: str, wanted: Wanted
    ) -> PermissionView:
        """Replace the lists that a new document gets; documents that are there keep theirs.

        Raises:
            NotFound, Forbidden: as for `of_collection`.
            PermissionsRefused, LockedOut: `wanted`.
        """
        row = self._collections.find(session, principal, collection_id, Verb.SHARE)
        present = session.get(Acl, row.default_acl_id) if row.default_acl_id else None
        number = checked_acl(session, principal, row.id, wanted, self._limits, present)
        if number != row.default_acl_id:
            row.default_acl_id = number
            self._record(session, principal, "collection.permissions", row.id, wanted)
        return _default_view(session, row)

    def _record(
        self, session: Session, principal: Principal, action: str, target: str, wanted: Wanted
    ) -> None:
        bump(session, principal.tenant_id)
        details = {"allow": sorted(wanted.allow), "deny": sorted(wanted.deny)}
        self._audit.record(
            session, principal.tenant_id, principal.user_id, action, target, details=details
        )


def _default_view(session: Session, row: Collection) -> PermissionView:
    if row.default_acl_id is not None:
        return _view(session, session.get_one(Acl, row.default_acl_id), row.id)
    return PermissionView([Entry(collection_name(row.id), None)], [], inherits=True)


def _view(session: Session, acl: Acl, collection_id: str) -> PermissionView:
    inherits = not acl.deny and list(acl.allow) == [collection_name(collection_id)]
    names = _names(session, acl.tenant_id, [*acl.allow, *acl.deny])
    allow, deny = (
        [Entry(name, names.get(name)) for name in written(entries)]
        for entries in (acl.allow, acl.deny)
    )
    return PermissionView(allow, deny, inherits)


def _names(session: Session, tenant_id: str, entries: Iterable[str]) -> dict[str, str]:
    keys = {name.split(":")[1] for name in entries}
    people = select(User.id, User.name).where(User.tenant_id == tenant_id, User.id.in_(keys))
    groups = select(Group.id, Group.name).where(Group.tenant_id == tenant_id, Group.id.in_(keys))
    return {
        **{f"user:{key}": name for key, name in session.execute(people)},
        **{f"group:{key}": name for key, name in session.execute(groups)},
    }
