"""The web application on a real database, without models: people and uploads, no searches."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.audit import audit_trail_of
from api.first_start import prepare
from api.key_holders import key_provider
from api.observability.metrics import Metrics
from api.settings import Settings
from api.wiring import open_blobs, open_database, tenant_id_of, utc_now
from ingest.collections import CollectionService
from ingest.service import DocumentService
from qa.conversations import Conversations
from security.access_tokens import AccessTokens
from security.audit import AuditLog
from security.bearers import Bearers
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
from security.quotas.rates import RequestRates
from security.scim.groups import ScimGroups
from security.scim.tokens import ScimTokens
from security.scim.users import ScimUsers
from security.sessions import Sessions
from security.sign_in import SignIn
from security.throttle import SignInThrottle

PASSWORD = "a long password for tests"
CHEAP_HASHING = {"passwords": {"memory_kib": 8, "passes": 1, "lanes": 1}}


@pytest.fixture
def open_browser(tmp_path: Path) -> Iterator[Callable[..., TestClient]]:
    """Return what opens a browser at a server whose `public_url` and rates are given."""
    with ExitStack() as stack:

        def start(public_url: str, **rates: int) -> TestClient:
            settings = Settings(
                data=tmp_path / "data",
                public_url=public_url,
                admin_password=PASSWORD,  # type: ignore[arg-type] - pydantic makes it a secret
                security=CHEAP_HASHING | {"rates": rates},  # type: ignore[arg-type] - and this a section
            )
            prepare(settings, lambda: None)
            app = create_app(settings, lambda metrics: _state(settings, metrics))
            headers = {"Origin": public_url}
            return stack.enter_context(TestClient(app, base_url=public_url, headers=headers))

        yield start


@pytest.fixture
def sign_in() -> Callable[[TestClient], Any]:
    """Return what signs a browser in as the first administrator."""
    form = {"name": "admin", "password": PASSWORD}
    return lambda client: client.post("/v1/session", json=form)


def _state(settings: Settings, metrics: Metrics) -> Any:
    database = open_database(settings)
    with database.reading() as session:
        tenant_id = tenant_id_of(session)
    keyring = KeyRing(key_provider(settings), utc_now)
    audit = AuditLog(keyring, utc_now)
    grants = Grants(audit, utc_now)
    changes = GroupChanges(audit, utc_now)
    collections = CollectionService(keyring, grants, audit, utc_now)
    tokens = AccessTokens(settings.security.access_tokens, audit, utc_now)
    programs = settings.security.service_accounts
    signing_keys = SigningKeys(programs, keyring, audit, utc_now)
    issued = IssuedTokens(Issuer(str(tenant_id), settings.issuer), programs, signing_keys, utc_now)
    sessions = Sessions(settings.security.sessions, audit, utc_now)
    throttle = SignInThrottle(settings.security.sessions, utc_now)
    passwords = Passwords(settings.security.passwords)
    oidc = build_oidc(
        settings.security, database, keyring, sessions=sessions, audit=audit, clock=utc_now
    )
    return SimpleNamespace(
        settings=settings,
        tenant_id=tenant_id,
        metrics=metrics,
        database=database,
        sessions=sessions,
        oidc=oidc,
        sign_in=SignIn(database, passwords, sessions, throttle, audit),
        tokens=tokens,
        service_accounts=ServiceAccounts(programs, grants, audit, utc_now),
        signing_keys=signing_keys,
        token_endpoint=TokenEndpoint(database, issued, programs, audit, utc_now),
        bearers=Bearers(tokens, issued, oidc.tokens, utc_now),
        scim_tokens=ScimTokens(settings.security.scim, audit, utc_now),
        scim_users=ScimUsers(keyring, audit, utc_now),
        scim_groups=ScimGroups(changes, audit),
        groups=Groups(changes),
        rates=RequestRates(settings.security.rates, utc_now),
        collections=collections,
        documents=DocumentService(
            blobs=open_blobs(settings),
            keyring=keyring,
            audit=audit,
            collections=collections,
            clock=utc_now,
            limits=settings.upload,
            archive=settings.parsing.archive,
        ),
        index=SimpleNamespace(close=lambda: None),
        audit_trail=audit_trail_of(settings, database, keyring, audit, utc_now),
        generator=SimpleNamespace(close=lambda: None),
        forget=lambda _tenant: None,
        grants=grants,
        conversations=Conversations(keyring, audit, utc_now),
    )
