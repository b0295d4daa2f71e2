"""End sessions when the provider says so (OpenID Connect Back-Channel Logout 1.0)."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from security.audit import AuditLog
from security.oidc.accounts import actor_of
from security.oidc.connection import Connection
from security.oidc.errors import LogoutTokenRefused, SignInNotProven
from security.oidc.id_token import check_addressed
from security.oidc.keys import Signed
from security.oidc.settings import OidcSettings
from security.oidc.tables import LogoutToken, ProviderSession
from security.places import length_prefixed
from security.sessions import Sessions
from storage.database import Database

_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
_TYPES: Final = frozenset({"JWT", "LOGOUT+JWT", "APPLICATION/LOGOUT+JWT"})


class ProviderLogout:
    """Obeys logout tokens, each once, in transactions of its own."""

    def __init__(
        self,
        database: Database,
        sessions: Sessions,
        audit: AuditLog,
        limits: OidcSettings,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._audit = audit
        self._age = timedelta(seconds=limits.logout_token_seconds_max)
        self._leeway = timedelta(seconds=limits.leeway_seconds)
        self._clock = clock

    def obey(self, tenant_id: str, connection: Connection, token: str, address: str) -> int:
        """End the sessions that a logout token names; return how many there were.

        Raises:
            LogoutTokenRefused: it is not one, or was obeyed before; on record.
            ProviderUnavailable: the provider's keys cannot be fetched.
        """
        try:
            claims = self._checked(connection, token)
            with self._database.transaction(tenant_id) as session:
                self._refuse_second(session, tenant_id, claims)
                return self._end(session, tenant_id, connection, claims)
        except LogoutTokenRefused as refused:
            self._record_refusal(tenant_id, connection, refused, address)
            raise

    def _checked(self, connection: Connection, token: str) -> Mapping[str, Any]:
        """Check a logout token (section 2.6)."""
        try:
            signed = connection.keys.verified(token)
            check_addressed(signed.claims, connection.expected())
        except SignInNotProven as error:
            raise LogoutTokenRefused from error
        if not _is_logout(signed) or self._is_old(signed.claims):
            raise LogoutTokenRefused
        return signed.claims

    def _is_old(self, claims: Mapping[str, Any]) -> bool:
        issued = datetime.fromtimestamp(claims["iat"], UTC)
        return self._clock() - issued > self._age + self._leeway

    def _refuse_second(self, session: Session, tenant_id: str, claims: Mapping[str, Any]) -> None:
        now = self._clock()
        session.execute(delete(LogoutToken).where(LogoutToken.expires_at <= now))
        key = sha256(length_prefixed(claims["iss"], claims["jti"])).digest()
        if session.get(LogoutToken, (tenant_id, key)) is not None:
            raise LogoutTokenRefused
        # By then it is too old to be taken anyway.
        kept_until = now + self._age + 2 * self._leeway
        session.add(LogoutToken(tenant_id=tenant_id, jti_hash=key, expires_at=kept_until))
        session.flush()

    def _end(
        self, session: Session, tenant_id: str, connection: Connection, claims: Mapping[str, Any]
    ) -> int:
        named = {name: claims[name] for name in ("sid", "sub") if name in claims}
        query = select(ProviderSession.secret_hash).filter_by(
            tenant_id=tenant_id,
            issuer=connection.settings.issuer,
            **{"subject" if name == "sub" else name: value for name, value in named.items()},
        )
        found = list(session.scalars(query))
        reason = {"reason": "provider_logout"}
        self._sessions.end_by(session, found, actor_of(connection.settings.id), reason)
        return len(found)

    def _record_refusal(
        self, tenant_id: str, connection: Connection, refused: LogoutTokenRefused, address: str
    ) -> None:
        details = {"address": address, "reason": refused.code}
        actor = actor_of(connection.settings.id)
        with self._database.transaction(tenant_id) as session:
            self._audit.record(session, tenant_id, actor, "session.end", None, "failure", details)


def _is_logout(signed: Signed) -> bool:
    claims = signed.claims
    events = claims.get("events")
    named = [claims[name] for name in ("sid", "sub") if name in claims]
    return (
        str(signed.header.get("typ", "JWT")).upper() in _TYPES
        and isinstance(events, dict)
        and isinstance(events.get(_EVENT), dict)
        and "nonce" not in claims
        and isinstance(claims.get("jti"), str)
        and bool(named)
        and all(isinstance(value, str) for value in named)
    )
