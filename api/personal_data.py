"""Everything that is stored about one person, for a request of access (GDPR, article 15)."""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from sqlalchemy import LargeBinary, Table, select
from sqlalchemy.orm import Session

from api.erasure import has_person_key, of_person, person_tables
from qa.answer import Turn
from qa.conversations import Conversations
from retrieval.access import scope_for
from retrieval.tables import Document
from security.accounts import principal_of
from security.audit import AuditLog, AuditRecord
from security.errors import Forbidden, NotFound, Unauthenticated
from security.keyring import KeyRing
from security.principal import Principal, Verb
from security.scim.users import attributes_of

FORMAT: Final = "sourcebook-person-1"
_SECRET: Final = frozenset({"password_hash", "tenant_id"})
_ENTRIES_A_READ: Final = 1_000


class PersonalData:
    """Collects what the rows, the conversations and the audit log hold of a person."""

    def __init__(self, keyring: KeyRing, audit: AuditLog, conversations: Conversations) -> None:
        self._keyring = keyring
        self._audit = audit
        self._conversations = conversations

    def export(self, session: Session, principal: Principal, user_id: str) -> dict[str, Any]:
        """Return everything about a person as JSON values, and put that on record.

        An answer that cites what the person may no longer read is withheld from them here too.
        Hashes of secrets are left out: they say nothing of anybody.

        Raises:
            Forbidden: the caller may not both administer and audit the tenant.
            NotFound: nothing is known of such a person.
        """
        if not (principal.may(Verb.ADMINISTER) and principal.may(Verb.AUDIT)):
            raise Forbidden
        tenant_id = principal.tenant_id
        rows = {table.name: _rows(session, table, tenant_id, user_id) for table in person_tables()}
        is_known = has_person_key(self._keyring, session, tenant_id, user_id)
        if not rows["users"] and not is_known:
            raise NotFound
        exported = {
            "format": FORMAT,
            "person": user_id,
            "rows": {name: found for name, found in rows.items() if found},
            "directory": attributes_of(session, self._keyring, tenant_id, user_id),
            "uploads": _uploads(session, tenant_id, user_id),
            "conversations": list(self._talks(session, tenant_id, user_id)),
            "audit_entries": list(self._entries(session, principal, user_id)),
        }
        self._audit.record(session, tenant_id, principal.user_id, "user.export", user_id)
        return exported

    def _talks(self, session: Session, tenant_id: str, user_id: str) -> Iterator[dict[str, Any]]:
        person = _as_of_now(session, tenant_id, user_id)
        scope = scope_for(session, person, Verb.ASK)
        for summary in self._conversations.list(session, person):
            talk = self._conversations.get(session, person, scope, summary.id)
            yield {
                "id": talk.id,
                "title": talk.title,
                "created_at": talk.created_at.isoformat(),
                "turns": [_turn(turn) for turn in talk.turns],
            }

    def _entries(
        self, session: Session, principal: Principal, user_id: str
    ) -> Iterator[dict[str, Any]]:
        before = None
        while True:
            read = self._audit.entries(session, principal, before=before, limit=_ENTRIES_A_READ)
            yield from (_entry(found) for found in read if user_id in {found.actor, found.target})
            if not read:
                return
            before = read[-1].sequence


def _as_of_now(session: Session, tenant_id: str, user_id: str) -> Principal:
    """Return the person with their present rights; whose account cannot be used has none."""
    try:
        return principal_of(session, user_id)
    except Unauthenticated:
        return Principal(tenant_id, user_id, "", {})


def _rows(session: Session, table: Table, tenant_id: str, user_id: str) -> list[dict[str, Any]]:
    shown = [
        column
        for column in table.columns
        if column.name not in _SECRET and not isinstance(column.type, LargeBinary)
    ]
    query = select(*shown).where(of_person(table, tenant_id, user_id))
    return [
        {column.name: _plain(value) for column, value in zip(shown, row, strict=True)}
        for row in session.execute(query)
    ]


def _uploads(session: Session, tenant_id: str, user_id: str) -> list[dict[str, Any]]:
    """List the documents that the person uploaded, which are the organisation's, by their ids."""
    query = select(Document.id, Document.media_type, Document.created_at).where(
        Document.tenant_id == tenant_id, Document.created_by == user_id
    )
    return [
        {"document": key, "media_type": kind, "created_at": at.isoformat()}
        for key, kind, at in session.execute(query.order_by(Document.created_at, Document.id))
    ]


def _turn(turn: Turn) -> dict[str, Any]:
    return {
        "asked_at": turn.created_at.isoformat(),
        "question": turn.question,
        "status": turn.status,
        "answer": turn.answer.text,
        "citations": [
            {
                "number": citation.number,
                "document": citation.document_id,
                "name": citation.document_name,
                "quote": citation.quote,
            }
            for citation in turn.answer.citations
        ],
    }


def _entry(found: AuditRecord) -> dict[str, Any]:
    return {
        "at": found.at.isoformat(),
        "actor": found.actor,
        "action": found.action,
        "target": found.target,
        "outcome": found.outcome,
        "details": found.details,
    }


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value
