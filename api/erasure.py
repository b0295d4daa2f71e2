"""Erase a document, a person or a whole tenant, with a signed receipt in the same transaction."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import ColumnElement, Table, delete, func, select, update
from sqlalchemy.orm import Session

from ingest import erasure
from qa.conversations import Conversations
from retrieval.changes import append_change
from retrieval.tables import Document
from security.accounts import Accounts
from security.audit import AuditLog
from security.audit.log import person_owner
from security.erasure.destroyed import destroyed_keys
from security.erasure.ledger import ErasureLedger
from security.erasure.receipt import Erased, Kind, Receipt
from security.errors import NotFound
from security.keyring import KeyRing
from security.quotas.subjects import user_subject
from security.quotas.tables import DailyUse
from security.tables import Tenant, User
from storage.blobs import DiskBlobStore
from storage.database import Base

KEPT: Final = frozenset({"erasure_receipts", "index_changes", "tenants"})
"""What stays of an erased tenant, besides the audit log: ids, times and proofs, no content."""
_AUDIT: Final = "audit_"
_TENANT_KEY: Final = "tenant key:"


@dataclass(frozen=True, slots=True)
class _Begun:
    """An erasure that is on record, and what will sign its receipt."""

    tenant_id: str
    by: str
    kind: Kind
    target: str
    signer: Ed25519PrivateKey


class Eraser:
    """Erases in the caller's transaction; whoever calls has checked that they may.

    Each method destroys the keys first of all that it does, so what is left over anywhere is
    unreadable once the transaction is committed.
    """

    def __init__(
        self,
        *,
        keyring: KeyRing,
        audit: AuditLog,
        ledger: ErasureLedger,
        blobs: DiskBlobStore,
        conversations: Conversations,
        accounts: Accounts,
        clock: Callable[[], datetime],
    ) -> None:
        self._keyring = keyring
        self._audit = audit
        self._ledger = ledger
        self._blobs = blobs
        self._conversations = conversations
        self._accounts = accounts
        self._clock = clock

    def document(self, session: Session, tenant_id: str, document_id: str, by: str) -> Receipt:
        """Erase a document: its key, row, chunks, vectors and words, and its files.

        Raises:
            NotFound: there is no such document.
        """
        row = session.scalar(
            select(Document)
            .where(Document.tenant_id == tenant_id, Document.id == document_id)
            .with_for_update()
        )
        if row is None:
            raise NotFound
        self._audit.record(session, tenant_id, by, "document.erase", document_id)
        return erasure.erase_with_receipt(
            session, self._keyring, self._blobs, self._ledger, row, by, self._clock()
        )

    def person(self, session: Session, tenant_id: str, user_id: str, by: str) -> Receipt:
        """Erase a person: keys, account, grants, sessions, tokens and conversations.

        Documents that they uploaded stay, for they are the organisation's. What the audit log
        holds of them becomes unreadable, while the log itself still verifies.

        Raises:
            NotFound: nothing is known of such a person.
            LastOwner: nobody would be left to administer the tenant.
        """
        rows = _rows_of_person(session, tenant_id, user_id)
        if not rows and not has_person_key(self._keyring, session, tenant_id, user_id):
            raise NotFound
        begun = self._begun(session, tenant_id, by, "person", user_id)
        self._conversations.delete_all_of(session, tenant_id, user_id)
        if rows.get("users"):
            self._accounts.erase(session, tenant_id, user_id)
        self._forget_use(session, tenant_id, user_id)
        self._keyring.destroy_all_of(session, tenant_id, user_id)
        receipt = self._receipt(session, begun, rows)
        # Running servers forget too; the list of changes stays, so it does not name the person.
        append_change(session, tenant_id, receipt.id, at=self._clock())
        return receipt

    def tenant(self, session: Session, tenant_id: str, by: str) -> Receipt:
        """Erase everything of a tenant but its log, of which nothing personal stays readable.

        Raises:
            NotFound: there is no such tenant.
        """
        if session.get(Tenant, tenant_id) is None:
            raise NotFound
        begun = self._begun(session, tenant_id, by, "tenant", tenant_id)
        rows = {
            table.name: count
            for table in tenant_tables()
            if (count := _count(session, table.columns["tenant_id"] == tenant_id))
        }
        for row in session.scalars(select(Document).where(Document.tenant_id == tenant_id)).all():
            erasure.erase(session, self._keyring, self._blobs, row, self._clock())
        self._keyring.destroy_tenant(session, tenant_id)
        for table in tenant_tables():
            session.execute(delete(table).where(table.columns["tenant_id"] == tenant_id))
        session.execute(
            update(Tenant).where(Tenant.id == tenant_id).values(name=f"erased {tenant_id}")
        )
        return self._receipt(session, begun, rows)

    def _forget_use(self, session: Session, tenant_id: str, user_id: str) -> None:
        mine = DailyUse.subject == str(user_subject(tenant_id, user_id))
        session.execute(delete(DailyUse).where(DailyUse.tenant_id == tenant_id, mine))

    def _begun(self, session: Session, tenant_id: str, by: str, kind: Kind, target: str) -> _Begun:
        """Record what is about to happen, while there are still keys to do it with."""
        self._audit.record(session, tenant_id, by, f"{_ACTIONS[kind]}.erase", target)
        return _Begun(tenant_id, by, kind, target, self._ledger.signer(session, tenant_id))

    def _receipt(self, session: Session, begun: _Begun, rows: dict[str, int]) -> Receipt:
        keys = destroyed_keys(session)
        if begun.kind == "tenant":  # they wrapped all others, which `rows` counts
            keys = [key for key in keys if key.owner.startswith(_TENANT_KEY)]
        erased = Erased(begun.kind, begun.target, tuple(keys), rows)
        return self._ledger.write(session, begun.signer, begun.tenant_id, begun.by, erased)


_ACTIONS: Final[dict[Kind, str]] = {"document": "document", "person": "user", "tenant": "tenant"}


def create_eraser(
    keyring: KeyRing,
    audit: AuditLog,
    accounts: Accounts,
    blobs: DiskBlobStore,
    clock: Callable[[], datetime],
) -> Eraser:
    """Wire an eraser."""
    return Eraser(
        keyring=keyring,
        audit=audit,
        ledger=ErasureLedger(keyring, clock),
        blobs=blobs,
        conversations=Conversations(keyring, audit, clock),
        accounts=accounts,
        clock=clock,
    )


def has_person_key(keyring: KeyRing, session: Session, tenant_id: str, user_id: str) -> bool:
    """Tell whether a person has a key of their own, as they do when their account is gone.

    Not any key with such an id will do: others that end in a name sign tokens and checkpoints.
    """
    return person_owner(user_id) in keyring.owned_by(session, tenant_id, user_id)


def tenant_tables() -> list[Table]:
    """Return the tables whose rows go with their tenant, those that refer to others first."""
    return [
        table
        for table in reversed(Base.metadata.sorted_tables)
        if "tenant_id" in table.columns
        and table.name not in KEPT
        and not table.name.startswith(_AUDIT)
    ]


def person_tables() -> list[Table]:
    """Return the tables whose rows belong to a person, the account itself included."""
    special = {User.__tablename__, DailyUse.__tablename__}
    return [
        table for table in tenant_tables() if "user_id" in table.columns or table.name in special
    ]


def of_person(table: Table, tenant_id: str, user_id: str) -> ColumnElement[bool]:
    """Tell which rows of one of the `person_tables` are a person's."""
    mine = table.columns["tenant_id"] == tenant_id
    if table.name == DailyUse.__tablename__:
        return mine & (table.columns["subject"] == str(user_subject(tenant_id, user_id)))
    key = "id" if table.name == User.__tablename__ else "user_id"
    return mine & (table.columns[key] == user_id)


def _rows_of_person(session: Session, tenant_id: str, user_id: str) -> dict[str, int]:
    return {
        table.name: count
        for table in person_tables()
        if (count := _count(session, of_person(table, tenant_id, user_id)))
    }


def _count(session: Session, condition: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).where(condition)) or 0
