"""What a caller may see, as every read requires it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import sha256

from sqlalchemy import (
    ColumnElement,
    and_,
    bindparam,
    delete,
    exists,
    false,
    insert,
    or_,
    select,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from retrieval.filters import Filters
from retrieval.holdings import (
    collection_name,
    found_by,
    group_name,
    is_admitted_as,
    is_called,
    role_name,
)
from retrieval.scope_cache import Key, cache_of
from retrieval.tables import Acl, AclName, Collection, Document
from security.epochs import bump, permission_epoch
from security.principal import Principal, Role, Verb


@dataclass(frozen=True, slots=True)
class AccessScope:
    """The documents a caller may see: those of one tenant whose permission list is among `acls`.

    `collections` narrows further to what the request named; None means no narrowing. So does each
    of `filters`. A scope without permission lists finds nothing.
    """

    tenant_id: str
    acls: frozenset[int]
    collections: frozenset[str] | None = None
    filters: tuple[Filters, ...] = ()

    def narrowed(self, collections: frozenset[str]) -> "AccessScope":
        """Return a scope that also stays inside the given collections."""
        both = collections if self.collections is None else collections & self.collections
        return replace(self, collections=both)

    def filtered(self, filters: Filters) -> "AccessScope":
        """Return a scope that also keeps to documents with these properties."""
        return replace(self, filters=(*self.filters, filters)) if filters else self

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all can be visible."""
        return not self.acls or self.collections == frozenset()

    def documents(self) -> ColumnElement[bool]:
        """Compile to the SQL condition on `documents`."""
        if self.is_empty:
            return false()
        rule = and_(Document.tenant_id == self.tenant_id, Document.acl_id.in_(_numbers(self.acls)))
        if self.collections is not None:
            rule = and_(rule, Document.collection_id.in_(sorted(self.collections)))
        return and_(rule, *(one.documents() for one in self.filters))


def collection_principal(collection_id: str) -> str:
    """Name, in a permission list, everyone who holds a role on the collection."""
    return collection_name(collection_id)


def scope_for(session: Session, principal: Principal, verb: Verb = Verb.READ) -> AccessScope:
    """Collect the permission lists that let `principal` do `verb`; denied beats allowed.

    The owners of the tenant pass every list: they can give themselves any right, so a list that
    kept them out would only pretend to.
    """
    key = Key(
        tenant_id=principal.tenant_id,
        epoch=permission_epoch(session, principal.tenant_id),
        allowed=is_admitted_as(principal, verb),
        denied=is_called(principal),
        passes_all=Role.OWNER in principal.roles() and principal.may(verb),
    )
    numbers = cache_of(session).get(key, lambda: _admitting(session, key))
    return AccessScope(principal.tenant_id, numbers)


def admits(
    principal: Principal, allow: Iterable[str], deny: Iterable[str], verb: Verb = Verb.READ
) -> bool:
    """Whether one permission list lets `principal` do `verb`: the rule that `scope_for` follows."""
    if Role.OWNER in principal.roles() and principal.may(verb):
        return True
    allowed, denied = is_admitted_as(principal, verb), is_called(principal)
    named = any(found_by(name) & allowed for name in allow)
    return named and not any(found_by(name) & denied for name in deny)


def denies_group(session: Session, tenant_id: str, group_id: str) -> bool:
    """Whether the list of a document, or of a collection's new documents, denies the group."""
    query = select(AclName.acl_id).where(
        AclName.tenant_id == tenant_id,
        AclName.name == group_name(group_id),
        AclName.denies.is_(True),
        or_(
            exists().where(Document.acl_id == AclName.acl_id),
            exists().where(Collection.default_acl_id == AclName.acl_id),
        ),
    )
    return session.scalar(query.limit(1)) is not None


def forget_acls(session: Session, tenant_id: str, collection_id: str) -> None:
    """Delete the lists that name a collection; part of its deletion, when no document is left."""
    names = [collection_name(collection_id), *(role_name(role, collection_id) for role in Role)]
    naming = select(AclName.acl_id).where(AclName.tenant_id == tenant_id, AclName.name.in_(names))
    session.execute(delete(Acl).where(Acl.id.in_(naming)))
    bump(session, tenant_id)


def intern_acl(
    session: Session, tenant_id: str, allow: Iterable[str], deny: Iterable[str] = ()
) -> int:
    """Return the number of a permission list, storing the list when it is new."""
    lists = sorted(set(allow)), sorted(set(deny))
    digest = sha256(json.dumps(lists).encode()).hexdigest()
    known = select(Acl.id).where(Acl.tenant_id == tenant_id, Acl.digest == digest)
    number = session.scalar(known)
    if number is not None:
        return number
    try:
        with session.begin_nested():
            return _stored(session, tenant_id, digest, *lists)
    except IntegrityError:  # another transaction was faster
        return session.scalars(known).one()


def _stored(
    session: Session, tenant_id: str, digest: str, allow: list[str], deny: list[str]
) -> int:
    acl = Acl(tenant_id=tenant_id, digest=digest, allow=allow, deny=deny)
    session.add(acl)
    session.flush()
    rows = [
        {"acl_id": acl.id, "tenant_id": tenant_id, "name": name, "denies": denies}
        for denies, entries in ((False, allow), (True, deny))
        for name in sorted(frozenset[str]().union(*map(found_by, entries)))
    ]
    if rows:
        session.execute(insert(AclName), rows)
    bump(session, tenant_id)
    return acl.id


def _admitting(session: Session, key: Key) -> frozenset[int]:
    if key.passes_all:
        return frozenset(session.scalars(select(Acl.id).where(Acl.tenant_id == key.tenant_id)))

    def naming(names: frozenset[str], *, denies: bool) -> frozenset[int]:
        query = select(AclName.acl_id).where(
            AclName.tenant_id == key.tenant_id,
            AclName.name.in_(sorted(names)),
            AclName.denies.is_(denies),
        )
        return frozenset(session.scalars(query.distinct()))

    return naming(key.allowed, denies=False) - naming(key.denied, denies=True)


def _numbers(acls: frozenset[int]) -> ColumnElement[list[int]]:
    # Written into the statement: databases take some ten thousand parameters, and there may be
    # more permission lists. Integers cannot be anything but integers.
    return bindparam("acls", sorted(acls), expanding=True, literal_execute=True)
