"""Conversations and their turns, whose every text is sealed, and which answers helped."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from qa.settings import EXPERIMENT_NAME_CHARACTERS_MAX
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


class AnswerFeedbackRow(Base):
    """Whether an answer helped its asker, and what is counted with that; never any content."""

    __tablename__ = "answer_feedback"
    __table_args__ = (Index("ix_answer_feedback_arm", "tenant_id", "experiment", "arm"),)

    answer_id: Mapped[str] = mapped_column(
        ForeignKey("turns.id", ondelete="CASCADE"), primary_key=True
    )
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    # The experiment's name, "" without one.
    experiment: Mapped[str] = mapped_column(String(EXPERIMENT_NAME_CHARACTERS_MAX))
    arm: Mapped[str] = mapped_column(String(1))
    refused: Mapped[bool]
    helpful: Mapped[bool | None]
    at: Mapped[datetime] = mapped_column(UtcDateTime)
