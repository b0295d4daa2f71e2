"""Access tokens that we sign (RFC 9068), and who they stand for at each request."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from joserfc import jwt
from joserfc.jwk import Key
from sqlalchemy.orm import Session

from security.accounts import principal_of
from security.errors import Unauthenticated
from security.oauth.signed_tokens import ACCESS_TOKEN_TYPES, opened
from security.oauth.signing_keys import ALGORITHM, SigningKeys
from security.oauth.tables import ServiceAccount
from security.principal import Principal, Verb
from security.settings import ServiceAccountSettings
from storage.row_security import enter_tenant


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who signs: a tenant, under the address that clients know; it is also the audience."""

    tenant_id: str
    url: str


class IssuedTokens:
    """Signs tokens of service accounts, and looks the account up each time one is used."""

    def __init__(
        self,
        issuer: Issuer,
        settings: ServiceAccountSettings,
        keys: SigningKeys,
        clock: Callable[[], datetime],
    ) -> None:
        self.issuer = issuer
        self.seconds = settings.token_seconds
        self._skew_seconds = settings.clock_skew_seconds_max
        self._keys = keys
        self._clock = clock

    def issue(self, session: Session, account: ServiceAccount, scopes: Iterable[Verb]) -> str:
        """Return a new token of an account that was authenticated."""
        kid, key = self._keys.signer(session, account.tenant_id)
        now = int(self._clock().timestamp())
        header = {"alg": ALGORITHM, "typ": "at+jwt", "kid": kid}
        claims = {
            "iss": self.issuer.url,
            "aud": self.issuer.url,
            "sub": account.id,
            "client_id": account.id,
            "scope": " ".join(sorted(scopes)),
            "iat": now,
            "exp": now + self.seconds,
            "jti": uuid4().hex,
            "generation": account.generation,
        }
        return jwt.encode(header, claims, key, algorithms=[ALGORITHM])

    def authenticate(self, session: Session, token: str) -> Principal:
        """Return who the token stands for now, limited to its scopes.

        Raises:
            Unauthenticated: not ours, altered, expired, or of an account that ended or has other
                credentials since: all look the same.
        """

        def key_of(kid: str | None) -> Key:
            return self._keys.verifier(session, self.issuer.tenant_id, kid or "")

        enter_tenant(session, self.issuer.tenant_id)
        read = opened(token, key_of, ACCESS_TOKEN_TYPES)
        url, now = self.issuer.url, self._clock()
        read.check(now, self._skew_seconds, iss=url, aud=url)
        account = living_account(session, self.issuer.tenant_id, read.text("sub"), now)
        if account is None or read.claims.get("generation") != account.generation:
            raise Unauthenticated
        return principal_of(session, account.id, scopes_of(read.claims.get("scope")))


def living_account(
    session: Session, tenant_id: str, account_id: str, now: datetime
) -> ServiceAccount | None:
    """Return a service account of the tenant that has not ended."""
    account = session.get(ServiceAccount, account_id)
    if account is None or account.tenant_id != tenant_id or account.expires_at <= now:
        return None
    return account


def scopes_of(claim: object) -> frozenset[Verb]:
    """Return the verbs among the names of a `scope` claim; other names mean nothing here."""
    names = claim.split() if isinstance(claim, str) else claim
    if not isinstance(names, list):
        return frozenset()
    return frozenset(Verb(name) for name in names if name in frozenset(Verb))
