"""Collections, documents, chunks and the sequence of changes that indexes follow."""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import JSON, Date, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import Mapped, mapped_column

from security.sealed_columns import protected
from storage.database import BIG_ID, ID, Base, UtcDateTime

READY = "ready"
"""The status of a document whose chunks are complete; no other document is found."""


class Acl(Base):
    """One distinct permission list, interned as an integer that every index filters by.

    `allow` and `deny` are sorted lists of names such as "collection:<id>". A list never changes.
    """

    __tablename__ = "acls"
    __table_args__ = (UniqueConstraint("tenant_id", "digest"),)

    id: Mapped[int] = mapped_column(BIG_ID, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    digest: Mapped[str] = mapped_column(String(64))
    allow: Mapped[list[str]] = mapped_column(JSON)
    deny: Mapped[list[str]] = mapped_column(JSON)


class AclName(Base):
    """A name by which a permission list is found; `denies`: it stands in the deny list.

    See `retrieval.holdings` for the names.
    """

    __tablename__ = "acl_names"
    __table_args__ = (Index("ix_acl_names_look_up", "tenant_id", "name", "denies", "acl_id"),)

    acl_id: Mapped[int] = mapped_column(ForeignKey("acls.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(120), primary_key=True)
    denies: Mapped[bool] = mapped_column(primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))


class Collection(Base):
    """A named set of documents that roles are granted on."""

    __tablename__ = "collections"
    __table_args__ = (UniqueConstraint("tenant_id", "name_digest"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    name: Mapped[bytes] = mapped_column(LargeBinary, info=protected("tenant"))
    name_digest: Mapped[str] = mapped_column(String(64))  # keyed, for exact look-up
    default_acl_id: Mapped[int | None] = mapped_column(ForeignKey("acls.id"))
    """The list of new documents; without one, whoever holds a role on the collection sees them."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


def _day_of_upload(context: DefaultExecutionContext) -> date:
    created: datetime = context.get_current_parameters()["created_at"]  # type: ignore[no-untyped-call]
    return created.astimezone(UTC).date()


class Document(Base):
    """An uploaded file and how far its ingestion has come.

    `content_digest` is a keyed hash of the file's bytes. `attempt` counts (re)ingestions: work
    of an older attempt writes nothing any more. `error_detail` holds no text of the document;
    `omissions` say by numbers and codes what of it could not be read.
    `dated_on` is the date that the file itself tells, until then and else the day of its upload.
    """

    __tablename__ = "documents"
    __table_args__ = (
        UniqueConstraint("collection_id", "content_digest"),
        Index("ix_documents_listing", "tenant_id", "collection_id", "created_at", "id"),
        Index("ix_documents_status", "status"),
        Index("ix_documents_acl", "acl_id"),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    collection_id: Mapped[str] = mapped_column(ForeignKey("collections.id"))
    acl_id: Mapped[int] = mapped_column(ForeignKey("acls.id"))
    name: Mapped[bytes] = mapped_column(LargeBinary, info=protected("own"))
    content_digest: Mapped[str] = mapped_column(String(64))
    media_type: Mapped[str] = mapped_column(String(120))
    size_bytes: Mapped[int] = mapped_column(BIG_ID)
    status: Mapped[str] = mapped_column(String(16))
    stage: Mapped[str] = mapped_column(String(16))
    progress: Mapped[int] = mapped_column(default=0)  # percent
    attempt: Mapped[int] = mapped_column(default=1)
    error_code: Mapped[str | None] = mapped_column(String(64))
    error_detail: Mapped[str | None] = mapped_column(String(500))
    omissions: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON(none_as_null=True))
    page_count: Mapped[int | None]
    chunk_count: Mapped[int] = mapped_column(default=0)
    language: Mapped[str | None] = mapped_column(String(8))
    dated_on: Mapped[date] = mapped_column(Date, default=_day_of_upload)
    author: Mapped[bytes | None] = mapped_column(LargeBinary, info=protected("own"))
    author_digest: Mapped[str | None] = mapped_column(String(64))  # keyed, for exact look-up
    created_by: Mapped[str] = mapped_column(ID)
    source_id: Mapped[str | None] = mapped_column(ID)
    """The source that it is kept in step with; None for what somebody uploaded."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class DocumentTag(Base):
    """A word that people put on a document; the digest is keyed and the same for equal words.

    The sealed row name is "<document_id>.<digest>".
    """

    __tablename__ = "document_tags"
    __table_args__ = (Index("ix_document_tags_digest", "tenant_id", "digest"),)

    document_id: Mapped[str] = mapped_column(
        ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True
    )
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    label: Mapped[bytes] = mapped_column(LargeBinary, info=protected("own"))


class ChunkRow(Base):
    """A passage with its vector and its blind tokens, each sealed under the document's key.

    The sealed row name is "<document_id>.<ordinal>", which is also the chunk's public id.
    """

    __tablename__ = "chunks"
    __table_args__ = (
        UniqueConstraint("document_id", "ordinal"),
        Index("ix_chunks_content", "tenant_id", "content_digest"),
        {"sqlite_autoincrement": True},  # an index in memory must never meet a number twice
    )

    id: Mapped[int] = mapped_column(BIG_ID, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    document_id: Mapped[str] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"))
    ordinal: Mapped[int]
    content_digest: Mapped[str] = mapped_column(String(64))  # keyed hash of the embedded text
    embedder: Mapped[str] = mapped_column(String(120))
    # JSON of retrieval.corpus.Chunk; float16, little endian; 8-byte blind tokens, in order
    body: Mapped[bytes] = mapped_column(LargeBinary, info=protected("own"))
    vector: Mapped[bytes] = mapped_column(LargeBinary, info=protected("own"))
    tokens: Mapped[bytes] = mapped_column(LargeBinary, info=protected("own"))


class IndexChange(Base):
    """A document whose chunks, rights or existence changed; indexes apply these in order."""

    __tablename__ = "index_changes"
    __table_args__ = (
        Index("ix_index_changes_tenant", "tenant_id", "sequence"),
        {"sqlite_autoincrement": True},
    )

    sequence: Mapped[int] = mapped_column(BIG_ID, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    document_id: Mapped[str] = mapped_column(ID)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class VectorPosition(Base):
    """How far a vector store that several processes share has followed a tenant's changes.

    Whoever brings it up to date holds the row's lock meanwhile. `store` names the contents: those
    of a store that was lost or replaced have another name, and so begin at no position.
    """

    __tablename__ = "vector_positions"

    store: Mapped[str] = mapped_column(ID, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    sequence: Mapped[int] = mapped_column(BIG_ID, default=0)
