"""The product over a data set's corpus, in this process and a folder that is thrown away."""

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from api.evaluation.corpus import CorpusWriter, Progress
from api.first_start import prepare
from api.generator import open_generator
from api.key_holders import key_provider
from api.settings import Settings
from api.wiring import Clock, open_database, tenant_id_of, utc_now
from evaluation.datasets import Dataset
from evaluation.runner import Found, Given
from ingest.collections import CollectionService
from qa.answer import Citation, Done
from qa.answer_cache import AnswerCache
from qa.service import AnswerService
from retrieval.access import scope_for
from retrieval.corpus import Hit
from retrieval.embedding.factory import create_embedder
from retrieval.index import CorpusIndex
from retrieval.rerank.factory import create_reranker
from retrieval.search import Retriever
from security.accounts import principal_of
from security.audit import AuditLog
from security.grants import Grants
from security.keyring import KeyRing
from security.principal import Principal
from security.tables import User
from storage.database import Database
from storage.settings import StorageSettings


@dataclass(frozen=True, slots=True)
class ClosedCorpus:
    """Searches and answers as one user who sees everything."""

    database: Database
    retriever: Retriever
    answers: AnswerService | None
    principal: Principal

    def search(self, question: str, limit: int) -> Sequence[Found]:
        """Return what is found, best first."""
        with self.database.reading(self.principal.tenant_id) as session:
            scope = scope_for(session, self.principal)
        hits = self.retriever.search(scope, question, limit)
        return [_found(one) for hit in hits for one in (hit, *hit.copies)]

    def answer(self, question: str) -> Given:
        """Return the whole answer.

        Raises:
            LookupError: it was opened without answers.
        """
        if self.answers is None:
            message = "This evaluation was opened for searching only."
            raise LookupError(message)
        *_, done = self.answers.answer(self.principal, question)
        if not isinstance(done, Done):
            raise TypeError(done)
        answer = done.answer
        cited = [_found(citation) for citation in answer.citations]
        return Given(answer.text, answer.refused, cited, answer.timings.first_token_ms)


@contextmanager
def closed_corpus(
    settings: Settings,
    dataset: Dataset,
    progress: Progress,
    *,
    answers: bool,
    clock: Clock = utc_now,
) -> Iterator[ClosedCorpus]:
    """Store the corpus and open it; of the settings, models, retrieval and answers count.

    Side effects: a temporary folder, gone at the end; loads the embedder and, for answers, the
    language model.
    """
    with tempfile.TemporaryDirectory() as folder:
        own = settings.model_copy(
            update={
                "data": Path(folder),
                "storage": StorageSettings(),
                "key": None,
                "previous_key": None,
                "key_file": None,
            }
        )
        prepare(own, lambda: None, clock)
        database = open_database(own)
        try:
            yield from _opened(own, database, dataset, progress, clock, answers=answers)
        finally:
            database.close()


def _opened(
    settings: Settings,
    database: Database,
    dataset: Dataset,
    progress: Progress,
    clock: Clock,
    *,
    answers: bool,
) -> Iterator[ClosedCorpus]:
    embedder = create_embedder(settings.embedding)
    keyring = KeyRing(key_provider(settings), clock)
    audit = AuditLog(keyring, clock)
    collections = CollectionService(keyring, Grants(audit, clock), audit, clock)
    with database.transaction() as session:
        tenant_id = tenant_id_of(session) or ""
        user_id = session.scalars(select(User.id).where(User.tenant_id == tenant_id)).one()
        principal = principal_of(session, user_id)
        collection = collections.create(session, principal, "Evaluation")
    CorpusWriter(database, keyring, embedder, tenant_id, collection.id, user_id, clock).write(
        dataset, progress
    )
    index = CorpusIndex(
        database,
        keyring,
        embedder=embedder,
        settings=settings.retrieval,
    )
    index.start()
    retriever = Retriever(
        database,
        index,
        embedder,
        keyring,
        settings.retrieval,
        reranker=create_reranker(settings.rerank, embedder),
    )
    generator = open_generator(settings) if answers else None
    service = (
        None
        if generator is None
        else AnswerService(
            database=database,
            retriever=retriever,
            generator=generator,
            embedder=embedder,
            keyring=keyring,
            audit=audit,
            settings=settings.answers,
            cache=AnswerCache(0),
            clock=clock,
            timer=time.perf_counter,
        )
    )
    try:
        yield ClosedCorpus(database, retriever, service, principal)
    finally:
        if generator:
            generator.close()
        index.close()


def _found(source: Hit | Citation) -> Found:
    return Found(source.document_name)
