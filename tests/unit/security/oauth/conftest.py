"""Service accounts and the token endpoint of one tenant, and a second tenant beside it."""

from base64 import b64encode
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from security.audit import AuditLog
from security.grants import Grants
from security.keyring import KeyRing
from security.oauth.issued_tokens import IssuedTokens, Issuer
from security.oauth.service_accounts import (
    IssuedServiceAccount,
    NewServiceAccount,
    ServiceAccounts,
)
from security.oauth.signing_keys import SigningKeys
from security.oauth.token_endpoint import TokenAnswer, TokenEndpoint, TokenRequest
from security.principal import Principal, Role
from security.settings import ServiceAccountSettings
from security.tables import Tenant
from storage.database import Database

TENANT, URL = "default", "https://books.example"
OPERATOR = Principal(TENANT, "operator", "operator", {None: Role.OWNER})
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SETTINGS = ServiceAccountSettings()
Create = Callable[..., IssuedServiceAccount]
Ask = Callable[..., TokenAnswer]


@pytest.fixture
def signing_keys(keyring: KeyRing, audit: AuditLog, clock: Any) -> SigningKeys:
    return SigningKeys(SETTINGS, keyring, audit, clock)


@pytest.fixture
def issued_tokens(signing_keys: SigningKeys, clock: Any) -> IssuedTokens:
    return IssuedTokens(Issuer(TENANT, URL), SETTINGS, signing_keys, clock)


@pytest.fixture
def service_accounts(grants: Grants, audit: AuditLog, clock: Any) -> ServiceAccounts:
    return ServiceAccounts(SETTINGS, grants, audit, clock)


@pytest.fixture
def endpoint(
    database: Database, issued_tokens: IssuedTokens, audit: AuditLog, clock: Any
) -> TokenEndpoint:
    return TokenEndpoint(database, issued_tokens, SETTINGS, audit, clock)


@pytest.fixture
def create(database: Database, service_accounts: ServiceAccounts) -> Create:
    """Return what makes service accounts."""

    def new(role: Role | None = Role.READER, days: int = 30, **more: Any) -> IssuedServiceAccount:
        wanted = NewServiceAccount(f"job {uuid4().hex}", role, days, **more)
        with database.transaction() as session:
            return service_accounts.create(session, OPERATOR, wanted)

    return new


@pytest.fixture
def ask(endpoint: TokenEndpoint) -> Ask:
    """Return what sends a token request, by default with `client_secret_basic`."""

    def send(
        account: IssuedServiceAccount | None = None, authorization: str | None = None, **form: str
    ) -> TokenAnswer:
        if account:
            pair = f"{account.info.id}:{account.secret}"
            authorization = f"Basic {b64encode(pair.encode()).decode()}"
        fields = {"grant_type": "client_credentials", **form}
        return endpoint.respond(TokenRequest([*fields.items()], authorization, "192.0.2.1"))

    return send


@pytest.fixture
def other_tenant(database: Database, keyring: KeyRing, clock: Any) -> Principal:
    """Return the operator of another tenant."""
    with database.transaction() as session:
        session.add(Tenant(id="other", name="Other", created_at=clock()))
        keyring.create_tenant(session, "other")
    return Principal("other", "operator", "operator", {None: Role.OWNER})


@pytest.fixture(scope="session")
def pair() -> ECKey:
    """Return a program's key pair."""
    return ECKey.generate_key("P-256", auto_kid=False)


@pytest.fixture
def assertion(pair: ECKey, clock: Any) -> Callable[..., dict[str, str]]:
    """Return what makes the form of `private_key_jwt`; named claims replace the right ones."""

    def make(account_id: str, key: Any = pair, alg: str = "ES256", **claims: Any) -> dict[str, str]:
        now = int(clock().timestamp())
        said = {
            "iss": account_id,
            "sub": account_id,
            "aud": URL,
            "iat": now,
            "exp": now + 60,
            "jti": uuid4().hex,
            **claims,
        }
        kept = {name: value for name, value in said.items() if value is not None}
        signed = jwt.encode({"alg": alg}, kept, key, algorithms=[alg])
        return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": signed}

    return make
