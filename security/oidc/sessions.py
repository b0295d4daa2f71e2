"""Sessions that a provider vouches for: kept confirmed by it, and ended when it no longer does."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from security.keyring import KeyRing
from security.oidc.accounts import ProviderAccounts, actor_of
from security.oidc.claims import admission
from security.oidc.connection import Confirmed, Connection
from security.oidc.errors import (
    NotAdmitted,
    ProviderUnavailable,
    RefreshRefused,
    SignInNotProven,
)
from security.oidc.settings import OidcSettings, ProviderSettings
from security.oidc.tables import ProviderSession
from security.places import Place
from security.sessions import Sessions, StartedSession, hash_of
from storage.database import Database
from storage.row_security import enter_tenant, show_credential

_SID_CHARACTERS_MAX: Final = 255
_CLAIMED: Final = timedelta(seconds=60)
"""How long one request has to ask the provider before another one tries."""


@dataclass(frozen=True, slots=True)
class Due:
    """A session that its provider must confirm; without a refresh token it cannot."""

    id: str
    secret_hash: bytes = field(repr=False)
    tenant_id: str
    provider: str
    issuer: str
    subject: str
    confirmed_at: datetime
    refresh_at: datetime
    refresh_token: str | None = field(repr=False)
    nonce: str = field(repr=False)


class ProviderSessions:
    """What sessions owe to their provider."""

    def __init__(
        self,
        database: Database,
        keyring: KeyRing,
        *,
        accounts: ProviderAccounts,
        sessions: Sessions,
        connections: Mapping[str, Connection],
        limits: OidcSettings,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._accounts = accounts
        self._sessions = sessions
        self._connections = connections
        self._refresh = timedelta(seconds=limits.refresh_seconds)
        self._unconfirmed = timedelta(seconds=limits.unconfirmed_seconds_max)
        self._clock = clock

    def link(
        self,
        session: Session,
        started: StartedSession,
        connection: Connection,
        *,
        claims: Mapping[str, Any],
        nonce: str,
        refresh_token: str | None,
    ) -> None:
        """Store what a new session owes; part of the sign-in."""
        secret_hash, now = hash_of(started.secret), self._clock()
        tenant_id, sid = started.principal.tenant_id, claims.get("sid")
        row_id = uuid4().hex
        row = ProviderSession(
            id=row_id,
            secret_hash=secret_hash,
            tenant_id=tenant_id,
            provider=connection.settings.id,
            issuer=connection.settings.issuer,
            subject=claims["sub"],
            sid=sid if isinstance(sid, str) and len(sid) <= _SID_CHARACTERS_MAX else None,
            sealed=self._sealed(session, tenant_id, row_id, (refresh_token, nonce)),
            confirmed_at=now,
            refresh_at=now + (self._refresh if refresh_token else self._unconfirmed),
        )
        session.add(row)
        session.flush()

    def provider_of(self, secret: str) -> ProviderSettings | None:
        """Return the provider that vouches for the session of this secret, if one does."""
        if not self._connections:
            return None
        with self._database.reading() as session:
            row = _found(session, hash_of(secret))
        connection = self._connections.get(row.provider) if row else None
        return connection.settings if connection else None

    def keep_confirmed(self, secret: str) -> None:
        """Ask the provider about the session of this secret, if that is due.

        Call it before a request's own transaction: it opens some, and waits for the provider.
        Afterwards the session has the rights that the provider gives, or is gone. Of several
        requests at once, one asks and the others go on with what was confirmed last. While the
        provider cannot be reached, they all do, for a limited time.
        """
        due = self._due(secret) if self._connections else None
        if due is None:
            return
        connection = self._connections.get(due.provider)
        if connection is None or connection.settings.issuer != due.issuer:
            self._end(due, "provider_removed")
        elif self._clock() - due.confirmed_at >= self._unconfirmed:
            self._end(due, "unconfirmed")
        elif due.refresh_token is not None and self._claim(due):
            self._ask(connection, due, due.refresh_token)

    def _due(self, secret: str) -> Due | None:
        secret_hash = hash_of(secret)
        with self._database.reading() as session:
            row = _found(session, secret_hash)
            if row is None or row.refresh_at > self._clock():
                return None
            fields = self._keyring.tenant(session, row.tenant_id).fields
            refresh_token, nonce = json.loads(fields.open(_place(row.id), row.sealed))
            return Due(
                row.id,
                secret_hash,
                row.tenant_id,
                row.provider,
                row.issuer,
                row.subject,
                row.confirmed_at,
                row.refresh_at,
                refresh_token,
                nonce,
            )

    def _claim(self, due: Due) -> bool:
        """Become the one who asks: a refresh token that is used twice ends everything."""
        mine = (
            update(ProviderSession)
            .where(
                ProviderSession.id == due.id,
                ProviderSession.refresh_at == due.refresh_at,
            )
            .values(refresh_at=self._clock() + _CLAIMED)
            .returning(ProviderSession.id)
        )
        with self._database.transaction(due.tenant_id) as session:
            return session.scalar(mine) is not None

    def _ask(self, connection: Connection, due: Due, refresh_token: str) -> None:
        try:
            confirmed = connection.refreshed(refresh_token, due.nonce, due.subject)
        except ProviderUnavailable:
            return
        except (RefreshRefused, SignInNotProven) as refused:
            self._end(due, refused.code)
            return
        self._confirm(connection, due, confirmed)

    def _confirm(self, connection: Connection, due: Due, confirmed: Confirmed) -> None:
        settings = connection.settings
        with self._database.transaction(due.tenant_id) as session:
            row = session.get(ProviderSession, due.id)
            if row is None:
                return  # signed out meanwhile
            row.confirmed_at = self._clock()
            row.refresh_at = row.confirmed_at + self._refresh
            kept = (confirmed.refresh_token, due.nonce)
            row.sealed = self._sealed(session, due.tenant_id, row.id, kept)
            if confirmed.claims is None:
                return
            admitted = admission(settings, confirmed.claims)
            self._accounts.admit(session, due.tenant_id, settings, due.subject, admitted)
            if admitted is None:
                self._end_now(session, due, NotAdmitted.code)

    def _end(self, due: Due, reason: str) -> None:
        with self._database.transaction(due.tenant_id) as session:
            self._end_now(session, due, reason)

    def _end_now(self, session: Session, due: Due, reason: str) -> None:
        actor, details = actor_of(due.provider), {"reason": reason}
        self._sessions.end_by(session, [due.secret_hash], actor, details)

    def _sealed(
        self,
        session: Session,
        tenant_id: str,
        row_id: str,
        secrets: tuple[str | None, str],
    ) -> bytes:
        fields = self._keyring.tenant(session, tenant_id).fields
        return fields.seal(_place(row_id), json.dumps(secrets).encode())


def _found(session: Session, secret_hash: bytes) -> ProviderSession | None:
    """Find what a session owes, and work for its tenant from here on."""
    show_credential(session, secret_hash)
    row = session.scalar(select(ProviderSession).filter_by(secret_hash=secret_hash))
    if row is not None:
        enter_tenant(session, row.tenant_id)
    return row


def _place(row_id: str) -> Place:
    return Place("provider_sessions", row_id, "sealed")
