"""The one place that chooses where vectors are searched."""

from typing import TYPE_CHECKING

from retrieval.embedding.port import Embedder
from retrieval.errors import VectorClientMissing
from retrieval.rows import IndexRows
from retrieval.vectors.settings import VectorSettings
from security.keyring import KeyRing
from storage.database import Database

if TYPE_CHECKING:  # its client is an extra
    from retrieval.shared_vectors import SharedVectors


def open_shared_vectors(
    settings: VectorSettings, database: Database, keyring: KeyRing, embedder: Embedder
) -> "SharedVectors | None":
    """Prepare the server that is configured, None when vectors stay in memory; does not connect.

    Raises:
        VectorClientMissing: the server's client is not installed.
    """
    if settings.store == "memory":
        return None
    try:
        from retrieval.shared_vectors import SharedVectors  # noqa: PLC0415 - an extra
        from retrieval.vectors.milvus_collection import MilvusCollection  # noqa: PLC0415 - as above
    except ModuleNotFoundError:
        raise VectorClientMissing from None
    collection = MilvusCollection(settings.milvus, embedder.name, embedder.dimensions)
    rows = IndexRows(keyring, embedder.name, embedder.dimensions)
    return SharedVectors(database, rows, collection)
