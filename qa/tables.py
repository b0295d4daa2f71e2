"""Conversations and their turns; every text in them is sealed."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from security.sealed_columns import protected
from storage.database import ID, Base, UtcDateTime


class ConversationRow(Base):
    """A person's conversation, sealed under its own key "conversation:<id>"."""

    __tablename__ = "conversations"
    __table_args__ = (Index("ix_conversations_owner", "tenant_id", "user_id", "created_at"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    title: Mapped[bytes] = mapped_column(LargeBinary, info=protected("own"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class TurnRow(Base):
    """A question and, once it is whole or broken off, its answer."""

    __tablename__ = "turns"
    __table_args__ = (UniqueConstraint("conversation_id", "ordinal"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    ordinal: Mapped[int]
    question: Mapped[bytes] = mapped_column(LargeBinary, info=protected("own"))
    # JSON of qa.answer.Answer
    answer: Mapped[bytes | None] = mapped_column(LargeBinary, info=protected("own"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
