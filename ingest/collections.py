"""Collections: create, list, find by id or exact name."""

from collections.abc import Callable
from datetime import datetime
from uuid import uuid4

from sqlalchemy import func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ingest.errors import CollectionExists
from ingest.names import clean_collection_name
from ingest.views import CollectionView
from retrieval.access import collection_principal, forget_acls, intern_acl, scope_for
from retrieval.tables import Collection, Document
from security.audit import AuditLog
from security.errors import Forbidden, NotFound
from security.grants import Grants
from security.keyring import KeyRing
from security.places import Place
from security.principal import Principal, Role, Verb

_NAME_DIGEST = "collection name"


class CollectionService:
    """What people do with collections, inside the caller's transaction."""

    def __init__(
        self, keyring: KeyRing, grants: Grants, audit: AuditLog, clock: Callable[[], datetime]
    ) -> None:
        self._keyring = keyring
        self._grants = grants
        self._audit = audit
        self._clock = clock

    def create(self, session: Session, principal: Principal, name: str) -> CollectionView:
        """Create a collection, of which the creator becomes the owner.

        Raises:
            Forbidden: the caller may not edit in the whole tenant.
            InvalidName: see there.
            CollectionExists: a collection of this tenant has the name.
        """
        if not principal.may(Verb.EDIT):
            raise Forbidden
        row = self._row(session, principal.tenant_id, clean_collection_name(name))
        try:
            with session.begin_nested():
                session.add(row)
        except IntegrityError:
            raise CollectionExists from None
        # Interned now, so that the first two uploads do not both try to.
        intern_acl(session, principal.tenant_id, [collection_principal(row.id)])
        if Role.OWNER not in principal.roles():
            self._grants.claim(session, principal, row.id)
        self._audit.record(
            session, principal.tenant_id, principal.user_id, "collection.create", row.id
        )
        return CollectionView(row.id, self._name(session, row), Role.OWNER, 0, row.created_at)

    def visible(self, session: Session, principal: Principal) -> list[CollectionView]:
        """Return the collections that the caller may read, sorted by name."""
        rows = session.scalars(
            select(Collection).where(Collection.tenant_id == principal.tenant_id)
        )
        counts = _counts(session, principal)
        views = [
            CollectionView(
                id=row.id,
                name=self._name(session, row),
                role=role,
                document_count=counts.get(row.id, 0),
                created_at=row.created_at,
            )
            for row in rows
            if principal.may(Verb.READ, row.id) and (role := principal.role(row.id))
        ]
        return sorted(views, key=lambda view: (view.name.casefold(), view.id))

    def find(
        self, session: Session, principal: Principal, key: str, verb: Verb = Verb.READ
    ) -> Collection:
        """Return the collection with this id or, failing that, exactly this name.

        Raises:
            NotFound: there is none, or the caller has no right at all in it.
            Forbidden: the caller may do other things there, not `verb`.
        """
        row = self._lookup(session, principal.tenant_id, key)
        if row is None or not principal.verbs(row.id):
            raise NotFound
        if not principal.may(verb, row.id):
            raise Forbidden
        return row

    def delete(self, session: Session, principal: Principal, row: Collection) -> None:
        """Delete an empty collection with the grants and the permission lists that name it."""
        self._grants.forget(session, row.tenant_id, row.id)
        session.delete(row)
        session.flush()
        forget_acls(session, row.tenant_id, row.id)
        self._audit.record(
            session, principal.tenant_id, principal.user_id, "collection.delete", row.id
        )

    def _lookup(self, session: Session, tenant_id: str, key: str) -> Collection | None:
        digest = self._keyring.tenant(session, tenant_id).digest(_NAME_DIGEST, key.encode())
        matching = or_(Collection.id == key, Collection.name_digest == digest)
        rows = session.scalars(
            select(Collection).where(Collection.tenant_id == tenant_id, matching)
        )
        return min(rows, key=lambda row: row.id != key, default=None)

    def _row(self, session: Session, tenant_id: str, name: str) -> Collection:
        keys, key = self._keyring.tenant(session, tenant_id), uuid4().hex
        return Collection(
            id=key,
            tenant_id=tenant_id,
            name=keys.fields.seal(_name_place(key), name.encode()),
            name_digest=keys.digest(_NAME_DIGEST, name.encode()),
            created_at=self._clock(),
        )

    def _name(self, session: Session, row: Collection) -> str:
        keys = self._keyring.tenant(session, row.tenant_id)
        return keys.fields.open(_name_place(row.id), row.name).decode()


def _name_place(collection_id: str) -> Place:
    return Place("collections", collection_id, "name")


def _counts(session: Session, principal: Principal) -> dict[str, int]:
    visible = scope_for(session, principal).documents()
    query = select(Document.collection_id, func.count()).where(visible)
    rows = session.execute(query.group_by(Document.collection_id))
    return dict(rows.all())
