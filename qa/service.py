"""The path from a question to a cited answer."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from model.allowed_text import CitedNumbers
from model.backends.port import GenerationRequest, Generator
from qa.answer import Answer, CitationFound, Done, Event, Started, Timings, Token, Turn
from qa.answer_cache import AnswerCache, Key, Recalled, key_of
from qa.conversations import Conversations
from qa.draft import Draft
from qa.errors import QuestionEmpty, QuestionTooLong
from qa.experiment import Experiment
from qa.feedback import AnswerFeedback, ArmName
from qa.followup import search_query
from qa.grounding import Grounding
from qa.language import language_of
from qa.prompt import Prompt, build_prompt
from qa.relevance import Relevance
from qa.settings import AnswerSettings
from qa.words import names_asked
from retrieval.access import AccessScope, scope_for
from retrieval.corpus import Hit
from retrieval.embedding.port import Embedder
from retrieval.filters import NO_FILTERS, Filters
from retrieval.search import Retriever
from retrieval.versions import document_versions
from security.audit import AuditLog
from security.keyring import KeyRing
from security.principal import Principal, Verb
from storage.database import Database


@dataclass(frozen=True, slots=True)
class _Asked:
    """A recorded question, what was searched for it and what was found."""

    principal: Principal
    question: str
    query: str
    conversation_id: str
    answer_id: str
    arm: ArmName
    history: Sequence[Turn]
    hits: Sequence[Hit]
    mentions: Sequence[Hit]
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
        query = search_query(text, [turn.question for turn in history])
        retriever = self._retriever_of(arm)
        hits = retriever.search(scope, query, self._settings.passages_max)
        mentions = self._mentions(retriever, scope, query)
        retrieval_ms = _milliseconds(self._timer() - started)
        conversation_id, answer_id = self._record(principal, conversation_id, text, hits)
        asked = _Asked(
            principal=principal,
            question=text,
            query=query,
            conversation_id=conversation_id,
            answer_id=answer_id,
            arm=arm,
            history=history,
            hits=hits,
            mentions=mentions,
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
                turns_max=max(1, self._settings.history_turns_max),
            )
            return scope, arm, conversation.turns

    def _retriever_of(self, arm: ArmName) -> Retriever:
        return self._experiment.retriever if self._experiment and arm == "B" else self._retriever

    def _mentions(self, retriever: Retriever, scope: AccessScope, query: str) -> Sequence[Hit]:
        """Find where the names of a question stand, which need not be where the answer does."""
        names = names_asked(query)
        if not names:
            return ()
        return retriever.search(scope, " ".join(names), self._settings.mentions_max)

    def _record(
        self,
        principal: Principal,
        conversation_id: str | None,
        question: str,
        hits: Sequence[Hit],
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
                        [one.document_id for hit in hits for one in (hit, *hit.copies)],
                    ),
                    "model": self._generator.name,
                },
            )
        return conversation_id, answer_id

    def _write(self, asked: _Asked, cancelled: threading.Event) -> Iterator[Event]:
        principal, model = asked.principal, self._generator.name
        key = key_of(principal.tenant_id, model, asked.question, asked.hits, asked.mentions)
        if not asked.history and (recalled := self._cache.get(key)) is not None:
            return self._given(asked, recalled, recalled.events())
        thresholds = self._settings.grounding
        relevance = Relevance(asked.query, asked.hits, self._embedder, asked.mentions)
        grounding = Grounding(asked.query, relevance.passages, relevance.vectors, thresholds)
        draft = Draft(relevance, grounding, thresholds, language_of(asked.question))
        events = self._events(asked, relevance, draft, cancelled)
        return self._given(asked, draft, events, None if asked.history else key)

    def _given(
        self,
        asked: _Asked,
        written: Draft | Recalled,
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
        if key and written.finished:
            self._cache.put(key, Recalled(written.text, tuple(written.citations), written.refused))
        yield Done(answer)

    def _events(
        self, asked: _Asked, relevance: Relevance, draft: Draft, cancelled: threading.Event
    ) -> Iterator[Token | CitationFound]:
        if relevance.is_hopeless or relevance.best_score < self._settings.grounding.relevance_min:
            return draft.refuse()
        prompt = build_prompt(
            asked.question,
            relevance.excerpts(self._settings.shown_sentences_max),
            asked.history,
            self._generator.count_tokens,
            self._settings,
        )
        request = self._request(prompt, asked.principal.tenant_id)
        return draft.write(self._generator, request, prompt.excerpts, cancelled)

    def _request(self, prompt: Prompt, tenant_id: str) -> GenerationRequest:
        numbers = CitedNumbers(frozenset(range(1, len(prompt.excerpts) + 1)))
        return GenerationRequest(
            prompt.messages,
            self._settings.new_tokens_max,
            tenant=tenant_id,
            allowed=numbers if self._generator.enforces_allowed else None,
            drafts=[excerpt.text for excerpt in prompt.excerpts],
        )

    def _answer(
        self, asked: _Asked, written: Draft | Recalled, first_text_at: float | None
    ) -> Answer:
        now = self._timer()
        return Answer(
            id=asked.answer_id,
            conversation_id=asked.conversation_id,
            text=written.text,
            refused=written.refused,
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
