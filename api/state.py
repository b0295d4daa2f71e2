"""What one API process holds while it runs."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, cast

from fastapi import Depends, Request

from api.audit import AuditTrail
from api.erasure import Eraser
from api.observability.metrics import Metrics
from api.personal_data import PersonalData
from api.settings import Settings
from api.shared_core import SharedCore
from evaluation.store import Evaluations
from ingest.attempts import Attempts
from ingest.collections import CollectionService
from ingest.connectors.service import SourceService
from ingest.permissions import PermissionService
from ingest.service import DocumentService
from ingest.tagging import Tagging
from model.backends.port import Generator
from qa.conversations import Conversations
from qa.feedback import AnswerFeedback
from qa.service import AnswerService
from retrieval.embedding.port import Embedder
from retrieval.index import CorpusIndex
from retrieval.search import Retriever
from security.access_tokens import AccessTokens
from security.accounts import Accounts
from security.audit import AuditLog
from security.bearers import Bearers
from security.directory import Directory
from security.erasure.ledger import ErasureLedger
from security.grants import Grants
from security.groups import Groups
from security.keyring import KeyRing
from security.oauth.service_accounts import ServiceAccounts
from security.oauth.signing_keys import SigningKeys
from security.oauth.token_endpoint import TokenEndpoint
from security.oidc.wiring import Oidc
from security.provided_groups import ProvidedGroups
from security.quotas.budgets import DailyBudgets
from security.quotas.rates import RequestRates
from security.scim.groups import ScimGroups
from security.scim.tokens import ScimTokens
from security.scim.users import ScimUsers
from security.sessions import Sessions
from security.sign_in import SignIn
from storage.database import Database


@dataclass(frozen=True, slots=True)
class State:
    """Every service, wired once by `api.wiring`."""

    settings: Settings
    tenant_id: str
    clock: Callable[[], datetime]
    metrics: Metrics
    database: Database
    keyring: KeyRing
    audit: AuditLog
    audit_trail: AuditTrail
    accounts: Accounts
    grants: Grants
    groups: Groups
    provided_groups: ProvidedGroups
    sign_in: SignIn
    sessions: Sessions
    oidc: Oidc
    tokens: AccessTokens
    service_accounts: ServiceAccounts
    signing_keys: SigningKeys
    token_endpoint: TokenEndpoint
    bearers: Bearers
    scim_tokens: ScimTokens
    scim_users: ScimUsers
    scim_groups: ScimGroups
    collections: CollectionService
    documents: DocumentService
    attempts: Attempts
    tagging: Tagging
    permissions: PermissionService
    sources: SourceService
    directory: Directory
    embedder: Embedder
    index: CorpusIndex
    retriever: Retriever
    search_core: SharedCore
    generator: Generator
    answers: AnswerService
    forget: Callable[[str], None]
    """Keeps nothing in memory of what was deleted in the tenant; call it after the commit."""
    rates: RequestRates
    budgets: DailyBudgets
    conversations: Conversations
    feedback: AnswerFeedback
    evaluations: Evaluations
    ledger: ErasureLedger
    eraser: Eraser
    personal_data: PersonalData


def state_of(request: Request) -> State:
    """Return the state that the application's lifespan made."""
    return cast("State", request.app.state.sourcebook)


StateOf = Annotated[State, Depends(state_of)]
