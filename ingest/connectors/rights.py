"""Permission lists of documents whose source says who may read them.

Each item keeps the list that its source calls for. Where several items are one document, only whom
all of them let in sees it. Changing a list moves a row: nothing is embedded again.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from ingest.connectors.holding import ACTOR
from ingest.connectors.port import Readers
from ingest.connectors.tables import Source, SourceItem
from retrieval.access import intern_acl
from retrieval.changes import append_change
from retrieval.holdings import collection_name, group_name
from retrieval.tables import Acl, Collection, Document
from security.audit import AuditLog
from security.epochs import bump
from security.tables import Group


class FollowedRights:
    """Keeps documents' lists in step with their source, inside a transaction."""

    def __init__(self, audit: AuditLog, clock: Callable[[], datetime]) -> None:
        self._audit = audit
        self._clock = clock

    def list_for(
        self, session: Session, source: Source, groups: Mapping[str, str], readers: Readers
    ) -> int:
        """Return the number of the list that lets `readers` in and nobody else.

        `groups` gives ours, by name or id, for the source's. One without ours lets nobody in.
        """
        if readers.everyone:
            return _default(session, source.tenant_id, source.collection_id)
        wanted = {groups[name] for name in readers.groups if name in groups}
        found = group_ids(session, source.tenant_id, wanted).values()
        return intern_acl(session, source.tenant_id, map(group_name, found))

    def follow(self, session: Session, item: SourceItem, acl_id: int) -> None:
        """Give an item its list, and its documents what follows from it."""
        item.acl_id = acl_id
        session.flush()
        for key in {item.document_id, item.incoming_id} - {None}:
            document = session.scalar(select(Document).where(Document.id == key).with_for_update())
            if document is not None and document.source_id is not None:
                self._apply(session, document)

    def _apply(self, session: Session, document: Document) -> None:
        number = self._common(session, document)
        if number == document.acl_id:
            return
        document.acl_id = number
        bump(session, document.tenant_id)
        acl = session.get_one(Acl, number)
        self._audit.record(
            session,
            document.tenant_id,
            ACTOR,
            "document.permissions",
            document.id,
            details={"allow": acl.allow, "deny": acl.deny},
        )
        append_change(session, document.tenant_id, document.id, at=self._clock())

    def _common(self, session: Session, document: Document) -> int:
        """Return the list of whom every item of the document lets in."""
        query = select(SourceItem.acl_id).where(
            SourceItem.tenant_id == document.tenant_id,
            SourceItem.acl_id.is_not(None),
            or_(SourceItem.document_id == document.id, SourceItem.incoming_id == document.id),
        )
        numbers = {number for number in session.scalars(query) if number is not None}
        everyone = _default(session, document.tenant_id, document.collection_id)
        narrower = sorted(numbers - {everyone})
        if len(narrower) <= 1:
            return narrower[0] if narrower else everyone
        lists = [frozenset(session.get_one(Acl, number).allow) for number in narrower]
        return intern_acl(session, document.tenant_id, frozenset.intersection(*lists))


def group_ids(session: Session, tenant_id: str, wanted: set[str]) -> dict[str, str]:
    """Return ids of groups by the name or id that was given; an ambiguous name is left out."""
    query = select(Group.id, Group.name).where(
        Group.tenant_id == tenant_id, or_(Group.id.in_(wanted), Group.name.in_(wanted))
    )
    found: dict[str, set[str]] = {}
    for key, name in session.execute(query):
        for given in wanted & {key, name}:
            found.setdefault(given, set()).add(key)
    return {given: keys.pop() for given, keys in found.items() if len(keys) == 1}


def _default(session: Session, tenant_id: str, collection_id: str) -> int:
    collection = session.get_one(Collection, collection_id)
    if collection.default_acl_id is not None:
        return collection.default_acl_id
    return intern_acl(session, tenant_id, [collection_name(collection_id)])
