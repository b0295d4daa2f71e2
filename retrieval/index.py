"""The indexes of all tenants, derived from the rows and following their changes."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from threading import Event, Lock, Thread
from types import MappingProxyType
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from retrieval.access import AccessScope
from retrieval.changes import changes_since, documents_by_tenant, last_sequence
from retrieval.embedding.port import Embedder
from retrieval.errors import IndexNotReady, VectorStoreUnavailable
from retrieval.kernels.loading import kernels_used
from retrieval.rows import IndexRows
from retrieval.scripts import Script
from retrieval.settings import RetrievalSettings
from retrieval.stages import Observer
from retrieval.tables import READY, Document
from retrieval.tenant_index import Candidates, TenantIndex
from retrieval.vectors.centres import centre_of
from retrieval.vectors.faiss_vectors import FaissVectors
from retrieval.vectors.port import Queries, VectorStore
from retrieval.verification import Verification, verify_tenant
from retrieval.visibility import VisibilityClasses
from security.errors import SecurityError
from security.keyring import KeyRing
from storage.database import Database
from storage.row_security import ALL_TENANTS

if TYPE_CHECKING:  # its client is an extra
    from retrieval.shared_vectors import SharedVectors

_log = structlog.get_logger()


def _ignore(_tenant_id: str) -> None:
    """Tell nobody."""


class CorpusIndex:
    """What can be found, in memory; the rows are the truth and this only follows them.

    `start` builds it and follows changes in a thread until `close`. Searching is safe from any
    number of threads. Without `start`, call `rebuild` once and `catch_up` before each search.
    With `shared` vectors only the words are in memory; `rebuild` and the thread bring them up to
    date. `on_removal` is told the tenant of documents that are gone, so that other caches forget.
    """

    def __init__(
        self,
        database: Database,
        keyring: KeyRing,
        *,
        embedder: Embedder,
        settings: RetrievalSettings,
        shared: "SharedVectors | None" = None,
        on_removal: Callable[[str], None] = _ignore,
    ) -> None:
        self._database = database
        self._on_removal = on_removal
        self._rows = IndexRows(keyring, embedder.name, embedder.dimensions)
        self._embedder = embedder
        self._settings = settings
        self._shared = shared
        self._tenants: dict[str, TenantIndex] | None = None
        self._position = 0
        self._updating = Lock()
        self._stopping = Event()
        self._follower: Thread | None = None

    @property
    def is_ready(self) -> bool:
        """Whether searches can be answered."""
        return self._tenants is not None

    @property
    def position(self) -> int:
        """Number of the last change that is applied."""
        return self._position

    def __len__(self) -> int:
        """Count the chunks of all tenants."""
        return sum(map(len, list((self._tenants or {}).values())))

    def start(self) -> None:
        """Build the indexes, then follow changes in a background thread."""
        self.rebuild()
        self._follower = Thread(target=self._follow, name="index-follower", daemon=True)
        self._follower.start()

    def close(self) -> None:
        """Stop following."""
        self._stopping.set()
        if self._follower is not None:
            self._follower.join()
        if self._shared is not None:
            self._shared.close()

    def rebuild(self) -> None:
        """Build everything anew from the rows; the old indexes answer until it is done."""
        # They may have to be compiled: here, and not while a first document waits to be found.
        kernels_used(self._settings)
        with self._updating:
            with self._database.reading(ALL_TENANTS) as session:
                # The position comes first: a change that slips in while rows are read is then
                # applied once more, never missed.
                position, tenant_ids = last_sequence(session), self._rows.tenants(session)
            self._tenants = {tenant_id: self._built(tenant_id) for tenant_id in tenant_ids}
            self._position = position
        self.catch_up()
        self._fill_shared()

    def catch_up(self, wait_seconds: float = -1, *, latest: int | None = None) -> bool:
        """Apply the changes since the last one known; return whether nothing was left to do.

        `wait_seconds` bounds the wait for another thread that is applying changes; negative
        waits until it is done. `latest` is the number of the last change that matters to the
        caller, if it has just read that: then nothing is read when it is applied already.

        Raises:
            IndexNotReady: the first build has not ended.
        """
        if self._tenants is None:
            raise IndexNotReady
        if latest is None:
            with self._database.reading(ALL_TENANTS) as session:
                latest = last_sequence(session)
        if latest <= self._position:
            return True
        if not self._updating.acquire(timeout=wait_seconds):
            return False
        try:
            self._apply_changes()
        finally:
            self._updating.release()
        return True

    def search(
        self,
        scope: AccessScope,
        queries: Queries,
        tokens: Sequence[bytes],
        limit: int,
        observe: Observer,
    ) -> Candidates:
        """Ask the scope's tenant's indexes for up to `limit` visible chunks each.

        Raises:
            IndexNotReady: the first build has not ended.
        """
        if self._tenants is None:
            raise IndexNotReady
        tenant = self._tenants.get(scope.tenant_id)
        if tenant is None or scope.is_empty:
            return Candidates({}, ())
        fitting = self._fitting(scope)
        return tenant.search(scope, queries, tokens, limit, observe, within=fitting)

    def verify(self) -> Verification:
        """Compare the indexes with the rows; updates wait meanwhile, searches do not.

        Raises:
            IndexNotReady: the first build has not ended.
        """
        if self._tenants is None:
            raise IndexNotReady
        with self._updating:
            self._apply_changes()
            if self._shared is not None:
                self._shared.catch_up()
            with self._database.reading(ALL_TENANTS) as session:
                tenant_ids = sorted({*self._rows.tenants(session), *self._tenants})
            found = list(map(self._verified, tenant_ids))
            with self._database.reading(ALL_TENANTS) as session:
                newer = {change.document_id for change in changes_since(session, self._position)}
        return Verification.joined(found).without(newer)

    def _fitting(self, scope: AccessScope) -> frozenset[str] | None:
        """Read which documents fit the filters: properties change without the indexes' knowing."""
        if not scope.filters:
            return None
        query = select(Document.id).where(Document.status == READY, scope.documents())
        with self._database.reading(scope.tenant_id) as session:
            return frozenset(session.scalars(query))

    def _built(self, tenant_id: str) -> TenantIndex:
        with self._database.reading(tenant_id) as session:
            index = self._empty(tenant_id, self._rows.counts(session, tenant_id))
            index.load(self._rows.batches(session, tenant_id))
        return index

    def _empty(
        self, tenant_id: str, chunks: Mapping[Script, int] = MappingProxyType({})
    ) -> TenantIndex:
        """Return an index without contents; `chunks` is about how many will come."""
        classes = VisibilityClasses()
        vectors = self._shared.of(tenant_id) if self._shared else self._in_memory(classes, chunks)
        return TenantIndex(vectors, classes, self._settings)

    def _in_memory(self, classes: VisibilityClasses, chunks: Mapping[Script, int]) -> VectorStore:
        centre = partial(centre_of, self._embedder)
        vectors = FaissVectors(classes, self._embedder.dimensions, self._settings, centre)
        vectors.reserve(chunks)
        return vectors

    def _verified(self, tenant_id: str) -> Verification:
        with self._database.reading(tenant_id) as session:
            return verify_tenant(session, self._rows, tenant_id, self._tenant(tenant_id))

    def _apply_changes(self) -> None:
        """Apply what is new, a batch at a time; the caller holds `_updating`."""
        with self._database.reading(ALL_TENANTS) as session:
            changes = changes_since(session, self._position)
        for tenant_id, document_ids in documents_by_tenant(changes).items():
            tenant = self._tenant(tenant_id)
            with self._database.reading(tenant_id) as session:
                for batch in self._rows.chosen(session, tenant_id, document_ids):
                    tenant.apply(batch)
                    if len(batch.documents) < len(batch.touched):
                        self._on_removal(tenant_id)
        if changes:
            self._position = changes[-1].sequence

    def _fill_shared(self) -> None:
        if self._shared is None:
            return
        try:
            self._shared.catch_up()
        except VectorStoreUnavailable:
            # Searches say so; the follower tries again.
            _log.warning("vector_store_unavailable")

    def _tenant(self, tenant_id: str) -> TenantIndex:
        if self._tenants is None:
            raise IndexNotReady
        if tenant_id not in self._tenants:
            self._tenants[tenant_id] = self._empty(tenant_id)
        return self._tenants[tenant_id]

    def _follow(self) -> None:
        while not self._stopping.wait(self._settings.follow_interval_seconds):
            try:
                self.catch_up()
                self._fill_shared()
            except (SQLAlchemyError, SecurityError) as error:
                # A database that is away for a moment must not end the following for good.
                _log.warning("index_follower_failed", error=type(error).__name__)
