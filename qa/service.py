"""The path from a question to a cited answer."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from model.backends.port import Generator
from qa.answer import Answer, CitationFound, Done, Event, Started, Timings, Token, Turn
from qa.answer_cache import AnswerCache, Key, Recalled, key_of
from qa.composition import Composition, Writer
from qa.conversations import Conversations
from qa.errors import QuestionEmpty, QuestionTooLong
from qa.evidence import Evidence, Gathering
from qa.experiment import Experiment
from qa.feedback import AnswerFeedback, ArmName
from qa.parts import parts_of
from qa.settings import AnswerSettings
from retrieval.access import AccessScope, scope_for
from retrieval.embedding.port import Embedder
from retrieval.filters import NO_FILTERS, Filters
from retrieval.search import Retriever
from retrieval.versions import document_versions
from security.audit import AuditLog
from security.keyring import KeyRing
from security.principal import Principal, Verb
from storage.database import Database

_TURNS_LOOKED_BACK: Final = 5
"""So many turns may lie between a question and the one that says what it is about."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A recorded question and what was found for its parts."""

    principal: Principal
    question: str
    evidence: Sequence[Evidence]
    conversation_id: str
    answer_id: str
    arm: ArmName
    history: Sequence[Turn]
    started: float
    retrieval_ms: int


class AnswerService:
    """Answers questions from the documents that the asker may ask about.

    It runs two transactions of its own, because no transaction may stay open while a model
    writes: one records the question before the first word, one stores the answer before `Done`.
    `observe` is told each answer that was stored, for metrics. With an `experiment`, the people of
    its arm B are searched for by its own retriever.
    """

    def __init__(
        self,
        *,
        database: Database,
        retriever: Retriever,
        generator: Generator,
        embedder: Embedder,
        keyring: KeyRing,
        audit: AuditLog,
        settings: AnswerSettings,
        cache: AnswerCache,
        clock: Callable[[], datetime],
        timer: Callable[[], float],
        experiment: Experiment | None = None,
        observe: Callable[[Answer], None] | None = None,
    ) -> None:
        self._database = database
        self._retriever = retriever
        self._generator = generator
        self._embedder = embedder
        self._audit = audit
        self._settings = settings
        self._timer = timer
        self._experiment = experiment
        self._observe = observe
        self._conversations = Conversations(keyring, audit, clock)
        self._feedback = AnswerFeedback(audit, clock)
        self._cache = cache

    def answer(
        self,
        principal: Principal,
        question: str,
        *,
        collections: frozenset[str] | None = None,
        filters: Filters = NO_FILTERS,
        conversation_id: str | None = None,
        cancelled: threading.Event | None = None,
    ) -> Iterator[Event]:
        """Search, record the question, and return the answer as it is written.

        Everything that can refuse the question happens before this returns, so a caller knows
        before it starts a stream. The answer is stored, and its audit entry written, before
        `Done` comes out; closing the iterator or setting `cancelled` stops the model and stores
        what had come out as interrupted.

        Raises:
            QuestionEmpty, QuestionTooLong: nothing was searched or stored.
            ConversationNotFound: unknown, or another person's.

        """
        started = self._timer()
        text = self._checked(question)
        scope, arm, history = self._opened(principal, conversation_id)
        if collections is not None:
            scope = scope.narrowed(collections)
        scope = scope.filtered(filters)
        evidence = self._evidence(self._retriever_of(arm), scope, text, history)
        retrieval_ms = _milliseconds(self._timer() - started)
        conversation_id, answer_id = self._record(principal, conversation_id, text, evidence)
        asked = _Asked(
            principal=principal,
            question=text,
            evidence=evidence,
            conversation_id=conversation_id,
            answer_id=answer_id,
            arm=arm,
            history=history,
            started=started,
            retrieval_ms=retrieval_ms,
        )
        return self._write(asked, cancelled or threading.Event())

    def _checked(self, question: str) -> str:
        text = question.strip()
        if not text:
            raise QuestionEmpty
        if len(text) > self._settings.question_characters_max:
            raise QuestionTooLong(self._settings.question_characters_max)
        return text

    def _opened(
        self, principal: Principal, conversation_id: str | None
    ) -> tuple[AccessScope, ArmName, Sequence[Turn]]:
        """Return what may be asked about, how, and the last turns as they may be seen now."""
        with self._database.reading(principal.tenant_id) as session:
            scope = scope_for(session, principal, Verb.ASK)
            arm = self._experiment.arm(session, principal) if self._experiment else "A"
            if conversation_id is None:
                return scope, arm, ()
            conversation = self._conversations.get(
                session,
                principal,
                scope,
                conversation_id,
                turns_max=max(_TURNS_LOOKED_BACK, self._settings.history_turns_max),
            )
            return scope, arm, conversation.turns

    def _retriever_of(self, arm: ArmName) -> Retriever:
        return self._experiment.retriever if self._experiment and arm == "B" else self._retriever

    def _evidence(
        self, retriever: Retriever, scope: AccessScope, question: str, history: Sequence[Turn]
    ) -> Sequence[Evidence]:
        settings = self._settings
        gathering = Gathering(retriever, scope, settings.passages_max, settings.mentions_max)
        parts = parts_of(question, settings.question_parts_max)
        return gathering.of(question, parts, [turn.question for turn in history])

    def _record(
        self,
        principal: Principal,
        conversation_id: str | None,
        question: str,
        evidence: Sequence[Evidence],
    ) -> tuple[str, str]:
        """Store the question and its audit entry together: without the entry, no answer."""
        with self._database.transaction(principal.tenant_id) as session:
            if conversation_id is None:
                conversation_id = self._conversations.create(session, principal, question)
            answer_id = self._conversations.append(session, principal, conversation_id, question)
            self._audit.record(
                session,
                principal.tenant_id,
                principal.user_id,
                "question.ask",
                answer_id,
                details={
                    "conversation": conversation_id,
                    "question": question,
                    "documents": document_versions(
                        session,
                        principal.tenant_id,
                        [id_ for part in evidence for id_ in part.document_ids],
                    ),
                    "model": self._generator.name,
                },
            )
        return conversation_id, answer_id

    def _write(self, asked: _Asked, cancelled: threading.Event) -> Iterator[Event]:
        principal, model = asked.principal, self._generator.name
        key = key_of(principal.tenant_id, model, asked.question, asked.evidence)
        if not asked.history and (recalled := self._cache.get(key)) is not None:
            return self._given(asked, recalled, recalled.events())
        writer = Writer(self._generator, self._embedder, self._settings)
        composition = Composition(writer, asked.evidence, asked.history, principal.tenant_id)
        events = composition.write(cancelled)
        return self._given(asked, composition, events, None if asked.history else key)

    def _given(
        self,
        asked: _Asked,
        written: Composition | Recalled,
        events: Iterator[Token | CitationFound],
        key: Key | None = None,
    ) -> Iterator[Event]:
        """Pass the events on, store what came of them and keep it under `key`."""
        first_text_at: float | None = None
        try:
            yield Started(asked.conversation_id, asked.answer_id)
            for event in events:
                first_text_at = first_text_at or self._timer()
                yield event
        finally:  # also when the reader goes away, which closes this iterator
            answer = self._answer(asked, written, first_text_at)
            self._store(asked.principal, answer)
            if self._observe:
                self._observe(answer)
        if key and isinstance(written, Composition) and written.finished:
            self._cache.put(key, Recalled.of(written))
        yield Done(answer)

    def _answer(
        self, asked: _Asked, written: Composition | Recalled, first_text_at: float | None
    ) -> Answer:
        now = self._timer()
        return Answer(
            id=asked.answer_id,
            conversation_id=asked.conversation_id,
            text=written.text,
            refused=written.refused,
            unanswered=written.unanswered,
            citations=tuple(written.citations),
            model=self._generator.name,
            usage=written.usage,
            timings=Timings(
                retrieval_ms=asked.retrieval_ms,
                first_token_ms=_milliseconds((first_text_at or now) - asked.started),
                total_ms=_milliseconds(now - asked.started),
            ),
            interrupted=not written.finished,
            cached=isinstance(written, Recalled),
            experiment=self._experiment.name if self._experiment else "",
            arm=asked.arm,
        )

    def _store(self, principal: Principal, answer: Answer) -> None:
        with self._database.transaction(principal.tenant_id) as session:
            self._conversations.complete(session, principal, answer)
            self._feedback.expect(session, principal, answer)
            self._audit.record(
                session,
                principal.tenant_id,
                principal.user_id,
                "question.answer",
                answer.id,
                "failure" if answer.interrupted else "success",
                {
                    "answer": answer.text,
                    "documents": document_versions(
                        session,
                        principal.tenant_id,
                        [id_ for citation in answer.citations for id_ in citation.document_ids],
                    ),
                    "model": answer.model,
                    "prompt_tokens": answer.usage.prompt_tokens,
                    "completion_tokens": answer.usage.completion_tokens,
                    "refused": answer.refused,
                    "interrupted": answer.interrupted,
                    "cached": answer.cached,
                },
            )


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
