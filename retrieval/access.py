"""What a caller may see, as every read requires it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import sha256

from sqlalchemy import ColumnElement, and_, false, select
from sqlalchemy.orm import Session

from retrieval.tables import Acl, Document
from security.principal import Principal, Verb


@dataclass(frozen=True, slots=True)
class AccessScope:
    """The documents a caller may see: those of one tenant whose permission list is among `acls`.

    `collections` narrows further to what the request named; None means no narrowing. A scope
    without permission lists finds nothing.
    """

    tenant_id: str
    acls: frozenset[int]
    collections: frozenset[str] | None = None

    def narrowed(self, collections: frozenset[str]) -> "AccessScope":
        """Return a scope that also stays inside the given collections."""
        both = collections if self.collections is None else collections & self.collections
        return replace(self, collections=both)

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all can be visible."""
        return not self.acls or self.collections == frozenset()

    def documents(self) -> ColumnElement[bool]:
        """Compile to the SQL condition on `documents`."""
        if self.is_empty:
            return false()
        rule = and_(Document.tenant_id == self.tenant_id, Document.acl_id.in_(sorted(self.acls)))
        if self.collections is None:
            return rule
        return and_(rule, Document.collection_id.in_(sorted(self.collections)))


def collection_principal(collection_id: str) -> str:
    """Name, in a permission list, everyone who holds a role on the collection."""
    return f"collection:{collection_id}"


def scope_for(session: Session, principal: Principal, verb: Verb = Verb.READ) -> AccessScope:
    """Collect the permission lists that let `principal` do `verb`; denied beats allowed."""
    lists = session.scalars(select(Acl).where(Acl.tenant_id == principal.tenant_id))
    return AccessScope(
        tenant_id=principal.tenant_id,
        acls=frozenset(acl.id for acl in lists if _admits(acl, principal, verb)),
    )


def _admits(acl: Acl, principal: Principal, verb: Verb) -> bool:
    def holds(name: str) -> bool:
        kind, _, key = name.partition(":")
        return kind == "collection" and principal.may(verb, key)

    return any(map(holds, acl.allow)) and not any(map(holds, acl.deny))


def intern_acl(session: Session, tenant_id: str, allow: Iterable[str]) -> int:
    """Return the number of a permission list, storing the list when it is new."""
    names = sorted(set(allow))
    digest = sha256(json.dumps([names, []]).encode()).hexdigest()
    known = select(Acl.id).where(Acl.tenant_id == tenant_id, Acl.digest == digest)
    number = session.scalar(known)
    if number is None:
        acl = Acl(tenant_id=tenant_id, digest=digest, allow=names, deny=[])
        session.add(acl)
        session.flush()
        number = acl.id
    return number
