"""Sources, and what was taken in from each."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from security.sealed_columns import protected
from storage.database import BIG_ID, ID, Base, UtcDateTime


class Source(Base):
    """Something that a collection is kept in step with.

    `config`, `secret` and `cursor` are sealed; the secret is what it signs in with elsewhere. It
    acts for the person who saved it last (`acts_for`), with their rights as they are at each step.
    `run` counts runs: each has one durable job. `failures` counts those that failed in a row, for
    the reason in `error_code`.
    """

    __tablename__ = "sources"
    __table_args__ = (
        Index("ix_sources_collection", "tenant_id", "collection_id"),
        Index("ix_sources_due", "is_paused", "due_at"),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    collection_id: Mapped[str] = mapped_column(ForeignKey("collections.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(16))
    config: Mapped[bytes] = mapped_column(LargeBinary, info=protected("tenant"))
    secret: Mapped[bytes | None] = mapped_column(LargeBinary, info=protected("tenant"))
    cursor: Mapped[bytes | None] = mapped_column(LargeBinary, info=protected("tenant"))
    interval_seconds: Mapped[int]
    is_paused: Mapped[bool] = mapped_column(default=False)
    acts_for: Mapped[str] = mapped_column(ID)
    run: Mapped[int] = mapped_column(default=1)
    failures: Mapped[int] = mapped_column(default=0)
    error_code: Mapped[str | None] = mapped_column(String(64))
    error_detail: Mapped[str | None] = mapped_column(String(500))
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    synced_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SourceItem(Base):
    """A file of a source and the document that was made of it.

    `entry` is sealed JSON of key, version and name; `key_digest` is a keyed hash of the key. A
    changed file is first the document `incoming_id`, which takes the place of `document_id` when it
    is ready. Without any document, the file was refused (`error_code`) or its document deleted.
    `acl_id` is the permission list that the source calls for, where its permissions are followed.
    """

    __tablename__ = "source_items"
    __table_args__ = (
        UniqueConstraint("source_id", "key_digest"),
        Index("ix_source_items_document", "document_id"),
        Index("ix_source_items_incoming", "incoming_id"),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    source_id: Mapped[str] = mapped_column(ForeignKey("sources.id", ondelete="CASCADE"))
    key_digest: Mapped[str] = mapped_column(String(64))
    entry: Mapped[bytes] = mapped_column(LargeBinary, info=protected("tenant"))
    document_id: Mapped[str | None] = mapped_column(ForeignKey("documents.id", ondelete="SET NULL"))
    incoming_id: Mapped[str | None] = mapped_column(ForeignKey("documents.id", ondelete="SET NULL"))
    acl_id: Mapped[int | None] = mapped_column(BIG_ID)
    error_code: Mapped[str | None] = mapped_column(String(64))
    error_detail: Mapped[str | None] = mapped_column(String(500))
