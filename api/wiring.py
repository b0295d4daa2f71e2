"""Build every service once, from the settings."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.audit import audit_trail_of
from api.erasure import create_eraser
from api.key_holders import key_provider
from api.observability.engine import EngineCollector
from api.observability.ingestion import IngestionCollector
from api.observability.metrics import Metrics
from api.personal_data import PersonalData
from api.settings import Settings
from api.shared_core import SharedCore, pays_off
from api.state import State
from evaluation.store import Evaluations
from ingest.attempts import Attempts
from ingest.collections import CollectionService
from ingest.connectors.holding import Holding
from ingest.connectors.service import SourceService
from ingest.permissions import PermissionService
from ingest.service import DocumentService
from ingest.tagging import Tagging
from model.backends.local import LocalGenerator
from model.backends.port import Generator
from qa.answer_cache import AnswerCache
from qa.conversations import Conversations
from qa.experiment import Experiment
from qa.feedback import AnswerFeedback
from qa.service import AnswerService
from retrieval.access import denies_group
from retrieval.embedding.factory import create_embedder
from retrieval.embedding.port import Embedder
from retrieval.index import CorpusIndex
from retrieval.rerank.factory import create_reranker
from retrieval.search import Retriever
from retrieval.settings import RetrievalSettings
from retrieval.vectors.factory import open_shared_vectors
from security.access_tokens import AccessTokens
from security.accounts import Accounts
from security.audit import AuditLog
from security.bearers import Bearers
from security.directory import Directory
from security.erasure.ledger import ErasureLedger
from security.grants import Grants
from security.group_changes import GroupChanges
from security.groups import Groups
from security.keyring import KeyRing
from security.oauth.issued_tokens import IssuedTokens, Issuer
from security.oauth.service_accounts import ServiceAccounts
from security.oauth.signing_keys import SigningKeys
from security.oauth.token_endpoint import TokenEndpoint
from security.oidc.wiring import build_oidc
from security.passwords import Passwords
from security.provided_groups import ProvidedGroups
from security.quotas.budgets import DailyBudgets
from security.quotas.rates import RequestRates
from security.scim.groups import ScimGroups
from security.scim.tokens import ScimTokens
from security.scim.users import ScimUsers
from security.sessions import Sessions
from security.sign_in import SignIn
from security.tables import Tenant
from security.throttle import SignInThrottle
from storage.blobs import DiskBlobStore
from storage.database import Database
from storage.row_security import enter_tenant, see_all_tenants

TENANT = "default"
"""The embedded default serves one organisation."""

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Tell the time; the one place where the product reads the clock."""
    return datetime.now(UTC)


def open_database(settings: Settings) -> Database:
    """Connect to the configured database.

    Raises:
        UnfencedRole: row-level security would not hold.

    """
    database = Database(
        settings.database_url,
        busy_seconds_max=settings.storage.database_busy_seconds_max,
        connections_max=settings.storage.database_connections_max,
    )
    if not settings.storage.allow_unfenced_role:
        database.refuse_unfenced_role()
    return database


def open_blobs(settings: Settings) -> DiskBlobStore:
    """Open the folder of encrypted files."""
    return DiskBlobStore(settings.data / "blobs")


def tenant_id_of(session: Session) -> str | None:
    """Enter the one tenant and return its id, None before the first start."""
    see_all_tenants(session)
    tenant_id = session.scalar(select(Tenant.id).where(Tenant.name == TENANT))
    if tenant_id is not None:
        enter_tenant(session, tenant_id)
    return tenant_id


def build_state(
    settings: Settings, generator: Generator, metrics: Metrics, clock: Clock = utc_now
) -> State:
    """Wire an API process; loads the embedding model and builds the indexes.

    Side effects: opens the database and starts the thread in which the index follows changes;
    `close_state` ends both.

    Raises:
        LookupError: the data folder was never set up.

    """
    database = open_database(settings)
    with database.reading() as session:
        tenant_id = tenant_id_of(session)
    if tenant_id is None:
        message = "This data folder is not set up yet: start with `sourcebook serve`."
        raise LookupError(message)
    metrics.registry.register(IngestionCollector(database, clock))
    if isinstance(generator, LocalGenerator):
        metrics.registry.register(
            EngineCollector(generator.statistics, generator.expert_statistics)
        )
    embedder = create_embedder(settings.embedding)
    reranker = create_reranker(settings.rerank, embedder)
    keyring = KeyRing(key_provider(settings), clock)
    audit = AuditLog(keyring, clock)
    grants = Grants(audit, clock)
    group_changes = GroupChanges(audit, clock, denies_group)
    passwords = Passwords(settings.security.passwords)
    sessions = Sessions(settings.security.sessions, audit, clock)
    throttle = SignInThrottle(settings.security.sessions, clock)
    collections = CollectionService(keyring, grants, audit, clock)
    answer_cache = AnswerCache(settings.answers.cached_answers_max)

    def forget(tenant_id: str) -> None:
        """Keep nothing in memory of what was deleted."""
        generator.forget(tenant_id)
        answer_cache.forget(tenant_id)

    index = _index(settings, database, keyring, embedder, forget)

    def retriever_with(searching: RetrievalSettings) -> Retriever:
        return Retriever(
            database,
            index,
            embedder,
            keyring,
            searching,
            reranker=reranker,
            observe=lambda stage, seconds: metrics.retrieval.labels(stage).observe(seconds),
        )

    retriever = retriever_with(settings.retrieval)
    tried = settings.answers.experiment
    conversations = Conversations(keyring, audit, clock)
    tokens = AccessTokens(settings.security.access_tokens, audit, clock)
    programs = settings.security.service_accounts
    signing_keys = SigningKeys(programs, keyring, audit, clock)
    issued = IssuedTokens(Issuer(tenant_id, settings.issuer), programs, signing_keys, clock)
    accounts = Accounts(passwords, audit, clock)
    oidc = build_oidc(
        settings.security, database, keyring, sessions=sessions, audit=audit, clock=clock
    )
    return State(
        settings=settings,
        tenant_id=tenant_id,
        clock=clock,
        metrics=metrics,
        database=database,
        keyring=keyring,
        audit=audit,
        accounts=accounts,
        audit_trail=audit_trail_of(settings, database, keyring, audit, clock),
        grants=grants,
        groups=Groups(group_changes),
        provided_groups=ProvidedGroups(group_changes),
        sign_in=SignIn(
            database,
            passwords,
            sessions,
            throttle,
            audit,
            is_on=settings.security.sessions.password_sign_in,
        ),
        sessions=sessions,
        tokens=tokens,
        service_accounts=ServiceAccounts(programs, grants, audit, clock),
        signing_keys=signing_keys,
        token_endpoint=TokenEndpoint(database, issued, programs, audit, clock),
        bearers=Bearers(tokens, issued, oidc.tokens, clock),
        oidc=oidc,
        scim_tokens=ScimTokens(settings.security.scim, audit, clock),
        scim_users=ScimUsers(keyring, audit, clock),
        scim_groups=ScimGroups(group_changes, audit),
        collections=collections,
        documents=DocumentService(
            blobs=open_blobs(settings),
            keyring=keyring,
            audit=audit,
            collections=collections,
            clock=clock,
            limits=settings.upload,
            archive=settings.parsing.archive,
        ),
        attempts=Attempts(audit, collections, clock, settings.upload),
        tagging=Tagging(keyring, audit, settings.upload),
        permissions=PermissionService(audit, collections, settings.upload, clock),
        sources=SourceService(
            keyring=keyring,
            audit=audit,
            collections=collections,
            holding=Holding(keyring=keyring, blobs=open_blobs(settings), audit=audit, clock=clock),
            settings=settings.sources,
            clock=clock,
        ),
        directory=Directory(settings.security.directory),
        embedder=embedder,
        index=index,
        retriever=retriever,
        search_core=SharedCore(
            is_on=pays_off()
            if settings.searches_share_core is None
            else settings.searches_share_core
        ),
        generator=generator,
        answers=AnswerService(
            database=database,
            retriever=retriever,
            generator=generator,
            embedder=embedder,
            keyring=keyring,
            audit=audit,
            settings=settings.answers,
            cache=answer_cache,
            clock=clock,
            timer=time.perf_counter,
            experiment=Experiment(
                tried, retriever_with(tried.variant_of(settings.retrieval)), keyring
            )
            if tried.name
            else None,
            observe=metrics.observe_answer,
        ),
        forget=forget,
        rates=RequestRates(settings.security.rates, clock),
        budgets=DailyBudgets(settings.security.daily_budget, clock),
        conversations=conversations,
        feedback=AnswerFeedback(audit, clock),
        evaluations=Evaluations(keyring, audit, settings.evaluation, clock),
        ledger=ErasureLedger(keyring, clock),
        eraser=create_eraser(keyring, audit, accounts, open_blobs(settings), clock),
        personal_data=PersonalData(keyring, audit, conversations),
    )


def close_state(state: State) -> None:
    """End running answers, stop following changes and close the database."""
    state.generator.close()
    state.index.close()
    state.oidc.close()
    state.audit_trail.close()
    state.database.close()


def _index(
    settings: Settings,
    database: Database,
    keyring: KeyRing,
    embedder: Embedder,
    on_removal: Callable[[str], None],
) -> CorpusIndex:
    index = CorpusIndex(
        database,
        keyring,
        embedder=embedder,
        settings=settings.retrieval,
        shared=open_shared_vectors(settings.vectors, database, keyring, embedder),
        on_removal=on_removal,
    )
    index.start()
    return index
