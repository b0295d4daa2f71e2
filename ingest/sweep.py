"""Find bytes that no document owns any more, left behind by a crash between bytes and rows."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import select

from ingest.states import Status, content_blob, text_blob, view_blob
from retrieval.tables import Document
from storage.blobs import DiskBlobStore
from storage.database import Database
from storage.row_security import ALL_TENANTS

_BATCH_NAMES = 500
_PARTIAL_AGE = timedelta(days=1)


class OrphanSweep:
    """Removes a blob when two sweeps in a row found no document for it.

    An upload writes the blob before its row, so a blob without a document may just be young.
    """

    def __init__(
        self, database: Database, blobs: DiskBlobStore, clock: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._clock = clock
        self._suspects: frozenset[str] = frozenset()

    def run(self) -> int:
        """Sweep once; return how many blobs were removed."""
        orphans = frozenset(self._orphans())
        removable = orphans & self._suspects
        for name in removable:
            self._blobs.delete(name)
        self._suspects = orphans - removable
        self._blobs.remove_partials(self._clock() - _PARTIAL_AGE)
        return len(removable)

    def _orphans(self) -> Iterator[str]:
        for names in _batches(self._blobs.names()):
            owned = self._owned({name.partition(".")[0] for name in names})
            yield from (name for name in names if name not in owned)

    def _owned(self, document_ids: Iterable[str]) -> set[str]:
        """Name the blobs of documents; what an attempt made serves the next until that ended."""
        query = select(Document.id, Document.attempt, Document.status).where(
            Document.id.in_(document_ids)
        )
        with self._database.reading(ALL_TENANTS) as session:
            rows = session.execute(query).all()
        owned = {
            name
            for key, attempt, _ in rows
            for name in (content_blob(key), text_blob(key, attempt), view_blob(key, attempt))
        }
        earlier = {
            text_blob(key, attempt - 1) for key, attempt, status in rows if status != Status.READY
        }
        return owned | earlier


def _batches(names: Iterable[str]) -> Iterator[Sequence[str]]:
    remaining = iter(names)
    while batch := list(islice(remaining, _BATCH_NAMES)):
        yield batch
