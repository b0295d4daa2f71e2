"""Conversations: stored sealed, shown to their owner only, and only while the sources allow it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import uuid4

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from qa.answer import Answer, Citation, Conversation, ConversationSummary, Timings, Turn, Usage
from qa.errors import ConversationNotFound
from qa.feedback import opinions
from qa.tables import ConversationRow, TurnRow
from retrieval.access import AccessScope
from retrieval.changes import append_change
from retrieval.tables import Document
from security.audit import AuditLog
from security.cipher import Cipher
from security.keyring import KeyRing
from security.places import Place
from security.principal import Principal

TITLE_CHARACTERS_MAX: Final = 80


class Conversations:
    """The conversations of one principal at a time; never commits."""

    def __init__(
        self,
        keyring: KeyRing,
        audit: AuditLog,
        clock: Callable[[], datetime],
    ) -> None:
        self._keyring = keyring
        self._audit = audit
        self._clock = clock

    def create(self, session: Session, principal: Principal, title: str) -> str:
        """Start a conversation with a key of its own and return its id."""
        conversation_id = uuid4().hex
        cipher = self._keyring.create(session, principal.tenant_id, key_owner(conversation_id))
        short = " ".join(title.split())[:TITLE_CHARACTERS_MAX]
        session.add(
            ConversationRow(
                id=conversation_id,
                tenant_id=principal.tenant_id,
                user_id=principal.user_id,
                title=cipher.seal(_title_place(conversation_id), short.encode()),
                created_at=self._clock(),
            )
        )
        session.flush()
        return conversation_id

    def append(
        self, session: Session, principal: Principal, conversation_id: str, question: str
    ) -> str:
        """Store a question as the next turn and return the turn's id, which is the answer's.

        Raises:
            ConversationNotFound: unknown, or another person's.

        """
        row = self._own(session, principal, conversation_id, lock=True)
        cipher = self._cipher(session, row)
        last = select(func.max(TurnRow.ordinal)).where(TurnRow.conversation_id == row.id)
        turn_id = uuid4().hex
        session.add(
            TurnRow(
                id=turn_id,
                tenant_id=row.tenant_id,
                conversation_id=row.id,
                ordinal=(session.scalar(last) or 0) + 1,
                question=cipher.seal(_question_place(turn_id), question.encode()),
                answer=None,
                created_at=self._clock(),
            )
        )
        session.flush()
        return turn_id

    def complete(self, session: Session, principal: Principal, answer: Answer) -> None:
        """Store the answer of a turn.

        Raises:
            ConversationNotFound: it was deleted while the answer was being written.

        """
        row = self._own(session, principal, answer.conversation_id, lock=True)
        turn = session.get_one(TurnRow, answer.id)
        cipher = self._cipher(session, row)
        turn.answer = cipher.seal(_answer_place(answer.id), answer.to_json())
        session.flush()

    def list(self, session: Session, principal: Principal) -> Sequence[ConversationSummary]:
        """List the principal's own conversations, newest first."""
        rows = session.scalars(
            select(ConversationRow)
            .where(
                ConversationRow.tenant_id == principal.tenant_id,
                ConversationRow.user_id == principal.user_id,
            )
            .order_by(ConversationRow.created_at.desc(), ConversationRow.id)
        ).all()
        owners = [key_owner(row.id) for row in rows]
        ciphers = self._keyring.ciphers(session, principal.tenant_id, owners)
        return [
            _summary(row, ciphers[key_owner(row.id)])
            for row in rows
            if key_owner(row.id) in ciphers
        ]

    def get(
        self,
        session: Session,
        principal: Principal,
        scope: AccessScope,
        conversation_id: str,
        *,
        turns_max: int | None = None,
    ) -> Conversation:
        """Open a conversation as `scope` lets it be seen now; `turns_max` keeps the last ones.

        Raises:
            ConversationNotFound: unknown, or another person's.

        """
        row = self._own(session, principal, conversation_id)
        cipher = self._cipher(session, row)
        newest = (
            select(TurnRow)
            .where(TurnRow.conversation_id == row.id)
            .order_by(TurnRow.ordinal.desc())
            .limit(turns_max)
        )
        turns = [_open(turn, cipher) for turn in reversed(session.scalars(newest).all())]
        visible = _visible(session, scope, (turn.answer for turn in turns))
        said = opinions(session, principal, [turn.answer.id for turn in turns])
        summary = _summary(row, cipher)
        return Conversation(
            id=row.id,
            title=summary.title,
            created_at=row.created_at,
            turns=tuple(
                replace(_withhold(turn, visible), helpful=said.get(turn.answer.id))
                for turn in turns
            ),
        )

    def delete(self, session: Session, principal: Principal, conversation_id: str) -> None:
        """Delete a conversation and destroy its key: copies of its rows stay unreadable.

        Side effects: see `retrieval.changes.append_change`, so call this last in the transaction.

        Raises:
            ConversationNotFound: unknown, or another person's.

        """
        row = self._own(session, principal, conversation_id, lock=True)
        self._keyring.destroy(session, row.tenant_id, key_owner(row.id))
        session.delete(row)
        session.flush()
        self._audit.record(
            session,
            principal.tenant_id,
            principal.user_id,
            "conversation.delete",
            conversation_id,
        )
        append_change(session, principal.tenant_id, conversation_id, at=self._clock())

    def delete_all_of(self, session: Session, tenant_id: str, user_id: str) -> None:
        """Delete a person's conversations with their keys; part of deleting the person."""
        query = select(ConversationRow).where(
            ConversationRow.tenant_id == tenant_id, ConversationRow.user_id == user_id
        )
        for row in session.scalars(query):
            self._keyring.destroy(session, tenant_id, key_owner(row.id))
            session.delete(row)
        session.flush()

    def _own(
        self, session: Session, principal: Principal, conversation_id: str, *, lock: bool = False
    ) -> ConversationRow:
        query = select(ConversationRow).where(
            ConversationRow.id == conversation_id,
            ConversationRow.tenant_id == principal.tenant_id,
            ConversationRow.user_id == principal.user_id,
        )
        row = session.scalar(query.with_for_update() if lock else query)
        if row is None:
            raise ConversationNotFound
        return row

    def _cipher(self, session: Session, row: ConversationRow) -> Cipher:
        return self._keyring.cipher(session, row.tenant_id, key_owner(row.id))


def key_owner(conversation_id: str) -> str:
    """Name the owner of a conversation's key."""
    return f"conversation:{conversation_id}"


def _title_place(conversation_id: str) -> Place:
    return Place("conversations", conversation_id, "title")


def _question_place(turn_id: str) -> Place:
    return Place("turns", turn_id, "question")


def _answer_place(turn_id: str) -> Place:
    return Place("turns", turn_id, "answer")


def _summary(row: ConversationRow, cipher: Cipher) -> ConversationSummary:
    title = cipher.open(_title_place(row.id), row.title).decode()
    return ConversationSummary(id=row.id, title=title, created_at=row.created_at)


def _open(row: TurnRow, cipher: Cipher) -> Turn:
    answer = _empty(row)
    if row.answer is not None:
        answer = Answer.from_json(cipher.open(_answer_place(row.id), row.answer))
    return Turn(
        question=cipher.open(_question_place(row.id), row.question).decode(),
        answer=answer,
        status="interrupted" if answer.interrupted else "answered",
        created_at=row.created_at,
    )


def _empty(row: TurnRow) -> Answer:
    """Stand in for an answer that was never stored, as when the server was killed."""
    return Answer(
        id=row.id,
        conversation_id=row.conversation_id,
        text="",
        refused=False,
        citations=(),
        model="",
        usage=Usage(),
        timings=Timings(),
        interrupted=True,
    )


def _visible(session: Session, scope: AccessScope, answers: Iterable[Answer]) -> frozenset[str]:
    """Return which of the cited documents still exist and may be seen."""
    cited = {id_ for one in answers for citation in one.citations for id_ in citation.document_ids}
    if not cited:
        return frozenset()
    found = select(Document.id).where(scope.documents(), Document.id.in_(sorted(cited)))
    return frozenset(session.scalars(found))


def _withhold(turn: Turn, visible: frozenset[str]) -> Turn:
    """Leave out an answer that rests on anything the reader may not see now."""
    if all(citation.document_id in visible for citation in turn.answer.citations):
        citations = tuple(_seen_now(citation, visible) for citation in turn.answer.citations)
        return replace(turn, answer=replace(turn.answer, citations=citations))
    answer = replace(turn.answer, text="", citations=())
    return replace(turn, answer=answer, status="withheld")


def _seen_now(citation: Citation, visible: frozenset[str]) -> Citation:
    """Leave out the other places that are gone or hidden by now."""
    also = tuple(place for place in citation.also if place.document_id in visible)
    return replace(citation, also=also)
