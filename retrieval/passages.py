"""Loading passages from the rows, where access is checked once more."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, bindparam, select
from sqlalchemy.orm import Session

from retrieval.access import AccessScope
from retrieval.chunk_codec import chunk_id, open_body
from retrieval.corpus import Chunk, DocumentVersion, Hit
from retrieval.document_keys import unwrapped_ciphers, wrapped_key_of
from retrieval.tables import READY, ChunkRow, Document
from security.cipher import Cipher
from security.errors import DecryptionFailed
from security.keyring import KeyRing
from security.places import Place
from storage.selects import select_rows

_STATEMENTS_MAX: Final = 64  # writing one takes longer than the database does for its rows


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk that the scope may see, opened; `number` is what indexes call it."""

    number: int
    document_id: str
    document_name: str
    document_version: DocumentVersion
    content_digest: str
    chunk: Chunk

    def hit(self, rank: int) -> Hit:
        """Give the passage its place in a result."""
        return Hit(
            chunk_id=chunk_id(self.document_id, self.chunk.ordinal),
            document_id=self.document_id,
            document_name=self.document_name,
            rank=rank,
            chunk=self.chunk,
            version=self.document_version,
        )


def load_passages(
    session: Session, keyring: KeyRing, scope: AccessScope, numbers: Sequence[int]
) -> dict[int, Passage]:
    """Open the chunks of these numbers that exist, are visible to `scope` and can be read."""
    # The values of filters are not kept: they may be somebody's names.
    query = _by_number(scope) if not scope.filters else _by_number.__wrapped__(scope)
    rows = select_rows(session, query, {"numbers": numbers}).all()
    return {passage.number: passage for passage in _opened_rows(session, keyring, scope, rows)}


def load_neighbours(
    session: Session, keyring: KeyRing, scope: AccessScope, hit: Hit, *, before: int, after: int
) -> list[Chunk]:
    """Open the chunks around a hit, in reading order, without the hit itself."""
    ordinal = hit.chunk.ordinal
    chosen = (
        (ChunkRow.document_id == hit.document_id)
        & ChunkRow.ordinal.between(ordinal - before, ordinal + after)
        & (ChunkRow.ordinal != ordinal)
    )
    rows = session.execute(_query(scope, chosen))
    found = (passage.chunk for passage in _opened_rows(session, keyring, scope, rows))
    return sorted(found, key=lambda chunk: chunk.ordinal)


@lru_cache(_STATEMENTS_MAX)
def _by_number(scope: AccessScope) -> Select[*tuple[Any, ...]]:
    """Write the statement that all searches with this scope share, its numbers left open."""
    return _query(scope, ChunkRow.id.in_(bindparam("numbers", expanding=True)))


def _query(scope: AccessScope, chosen: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    # The name of a document that the scope may see, else NULL. Joined instead, SQLite would begin
    # with all documents that are ready, or all chunks of the tenant: 14 ms among 100,000 chunks.
    name = (
        select(Document.name)
        .where(Document.id == ChunkRow.document_id, Document.status == READY, scope.documents())
        .scalar_subquery()
        .label("name")
    )
    columns = (ChunkRow.ordinal, ChunkRow.content_digest, ChunkRow.body, *_VERSION)
    key = wrapped_key_of(scope.tenant_id, ChunkRow.document_id).label("key")
    return select(ChunkRow.id, ChunkRow.document_id, *columns, name, key).where(chosen)


def _opened_rows(
    session: Session, keyring: KeyRing, scope: AccessScope, found: Iterable[Row[*tuple[Any, ...]]]
) -> Iterator[Passage]:
    rows = [row for row in found if row.name is not None]
    wrapped = {row.document_id: row.key for row in rows if row.key is not None}
    ciphers = unwrapped_ciphers(session, keyring, scope.tenant_id, wrapped)
    for row in rows:
        try:
            yield _opened(ciphers[row.document_id], row)
        except (KeyError, DecryptionFailed):
            continue


# What a row may show once its document's name was found to be visible.
_VERSION = tuple(
    select(column)
    .where(Document.id == ChunkRow.document_id)
    .scalar_subquery()
    .label(f"document_{column.key}")
    for column in (Document.attempt, Document.content_digest)
)


def _opened(cipher: Cipher, row: Row[*tuple[Any, ...]]) -> Passage:
    name = cipher.open(Place("documents", row.document_id, "name"), row.name)
    return Passage(
        number=row.id,
        document_id=row.document_id,
        document_name=name.decode(),
        document_version=DocumentVersion(row.document_attempt, row.document_content_digest),
        content_digest=row.content_digest,
        chunk=open_body(cipher, row.document_id, row.ordinal, row.body),
    )
