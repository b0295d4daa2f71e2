"""Vectors on a server that several processes share, kept in step with the rows."""

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from retrieval.changes import last_by_tenant, tenant_changes
from retrieval.rows import IndexRows
from retrieval.tables import VectorPosition
from retrieval.vectors.milvus_collection import MilvusCollection
from retrieval.vectors.milvus_vectors import MilvusVectors
from retrieval.vectors.port import VectorStore
from storage.database import Database
from storage.row_security import ALL_TENANTS

_CHANGES_AT_ONCE = 64


class SharedVectors:
    """Follows the rows' changes into a vector store, together with other processes.

    A row for each tenant says how far the store has come. Who applies the next changes holds the
    row, writes to the store and moves the row on in one transaction; if it dies between, the next
    one writes the same again. So a filled store is never filled twice, and an empty one (lost or
    replaced: its name is another) from the first change on.
    """

    def __init__(self, database: Database, rows: IndexRows, collection: MilvusCollection) -> None:
        self._database = database
        self._rows = rows
        self._collection = collection
        self._store = ""
        self._done = 0

    def of(self, tenant_id: str) -> VectorStore:
        """Return one tenant's vectors."""
        return MilvusVectors(self._collection, tenant_id)

    def catch_up(self) -> bool:
        """Apply all changes; return False when another process is at some of them.

        Raises:
            VectorStoreUnavailable: nothing is lost, call it again later.
        """
        store = self._collection.name_of_contents()
        if store != self._store:
            self._store, self._done = store, 0
        with self._database.reading(ALL_TENANTS) as session:
            pending = last_by_tenant(session, self._done)
        complete = [self._followed(tenant_id, until) for tenant_id, until in pending.items()]
        if pending and all(complete):
            self._done = max(pending.values())
        return all(complete)

    def empty(self) -> None:
        """Drop the contents, of all tenants; `catch_up` then fills the store anew.

        Raises:
            VectorStoreUnavailable: the store does not answer.
        """
        self._collection.drop()

    def close(self) -> None:
        """End the connection."""
        self._collection.close()

    def _followed(self, tenant_id: str, until: int) -> bool:
        position: int | None = -1
        while position is not None and position < until:
            position = self._step(tenant_id)
        return position is not None

    def _step(self, tenant_id: str) -> int | None:
        """Apply a tenant's next changes; None when another process is at them."""
        with self._database.transaction(tenant_id) as session:
            position = _held(session, self._store, tenant_id)
            if position is None:
                return None
            document_ids, last = tenant_changes(
                session, tenant_id, position.sequence, changes_max=_CHANGES_AT_ONCE
            )
            for batch in self._rows.chosen(session, tenant_id, document_ids):
                self.of(tenant_id).apply(batch)
            position.sequence = last
            return last


def _held(session: Session, store: str, tenant_id: str) -> VectorPosition | None:
    """Return the position with its lock held, None when another transaction holds it."""
    if session.get(VectorPosition, (store, tenant_id)) is None:
        try:
            with session.begin_nested():
                session.add(VectorPosition(store=store, tenant_id=tenant_id, sequence=0))
        except IntegrityError:  # another process was faster
            return None
    query = select(VectorPosition).where(
        VectorPosition.store == store, VectorPosition.tenant_id == tenant_id
    )
    locked = query.with_for_update(skip_locked=True).execution_options(populate_existing=True)
    return session.scalar(locked)
