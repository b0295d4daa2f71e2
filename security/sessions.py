"""Browser sessions: a random secret in a cookie, its SHA-256 in a row."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_urlsafe

from sqlalchemy import Row, bindparam, delete, select
from sqlalchemy.orm import Session

from security.accounts import principal_of
from security.audit import AuditLog
from security.errors import Unauthenticated
from security.principal import Principal
from security.settings import SessionSettings
from security.tables import BrowserSession
from storage.row_security import enter_tenant, show_credential

_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class StartedSession:
    """A new session; `secret` goes into the cookie and is kept nowhere else."""

    principal: Principal
    expires_at: datetime
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session that is still valid; renew it in a write transaction when that is due."""

    principal: Principal
    expires_at: datetime
    renewal_due: bool


class Sessions:
    """Starts, checks, renews and ends sessions."""

    def __init__(
        self, settings: SessionSettings, audit: AuditLog, clock: Callable[[], datetime]
    ) -> None:
        self._idle = timedelta(seconds=settings.idle_seconds_max)
        self._absolute = timedelta(seconds=settings.absolute_seconds_max)
        self._audit = audit
        self._clock = clock

    def start(self, session: Session, principal: Principal) -> StartedSession:
        """Store a new session, and drop the same user's expired ones."""
        secret, now = token_urlsafe(_SECRET_BYTES), self._clock()
        expired = (BrowserSession.user_id == principal.user_id, BrowserSession.expires_at <= now)
        session.execute(delete(BrowserSession).where(*expired))
        row = BrowserSession(
            secret_hash=hash_of(secret),
            tenant_id=principal.tenant_id,
            user_id=principal.user_id,
            created_at=now,
            expires_at=self._end(now, now),
        )
        session.add(row)
        session.flush()
        return StartedSession(principal, row.expires_at, secret)

    def authenticate(self, session: Session, secret: str) -> OpenSession:
        """Return whose session it is; writes nothing.

        Raises:
            Unauthenticated: unknown, ended or expired.
        """
        row, now = _read(session, secret), self._clock()
        if row is None or row.expires_at <= now:
            raise Unauthenticated
        # A write per request would queue readers behind the database's one writer.
        due = self._end(row.created_at, now) - row.expires_at > self._idle / 10
        return OpenSession(principal_of(session, row.user_id), row.expires_at, due)

    def renew(self, session: Session, secret: str) -> datetime:
        """Put the idle end off, within the absolute end, and return it.

        Raises:
            Unauthenticated: unknown, ended or expired.
        """
        row = self._valid(session, secret)
        row.expires_at = self._end(row.created_at, self._clock())
        return row.expires_at

    def end(self, session: Session, secret: str) -> None:
        """Sign out; nothing happens when the session has ended already."""
        row = _found(session, secret)
        if row is not None:
            session.delete(row)
            self._audit.record(session, row.tenant_id, row.user_id, "session.end", row.user_id)

    def end_by(
        self,
        session: Session,
        secret_hashes: Iterable[bytes],
        actor: str,
        details: Mapping[str, object],
    ) -> None:
        """End sessions by another's word than their own person's; `actor` is who said so."""
        for secret_hash in secret_hashes:
            row = session.get(BrowserSession, secret_hash)
            if row is not None:
                session.delete(row)
                self._audit.record(
                    session,
                    row.tenant_id,
                    actor,
                    "session.end",
                    row.user_id,
                    details=details,
                    about=row.user_id,
                )
        session.flush()

    def end_all(self, session: Session, user_id: str) -> None:
        """Sign a user out everywhere; part of the change that makes it necessary."""
        session.execute(delete(BrowserSession).where(BrowserSession.user_id == user_id))

    def _end(self, created_at: datetime, now: datetime) -> datetime:
        return min(now + self._idle, created_at + self._absolute)

    def _valid(self, session: Session, secret: str) -> BrowserSession:
        row = _found(session, secret)
        if row is None or row.expires_at <= self._clock():
            raise Unauthenticated
        return row


def _found(session: Session, secret: str) -> BrowserSession | None:
    """Find a secret's row, and work for its tenant from here on."""
    secret_hash = hash_of(secret)
    show_credential(session, secret_hash)
    row = session.get(BrowserSession, secret_hash)
    if row is not None:
        enter_tenant(session, row.tenant_id)
    return row


def _read(session: Session, secret: str) -> Row[str, str, datetime, datetime] | None:
    """Read a secret's row, without an object to change, and work for its tenant from here on."""
    secret_hash = hash_of(secret)
    show_credential(session, secret_hash)
    row = session.execute(_KNOWN, {"secret_hash": secret_hash}).one_or_none()
    if row is not None:
        enter_tenant(session, row.tenant_id)
    return row


_KNOWN = select(
    BrowserSession.tenant_id,
    BrowserSession.user_id,
    BrowserSession.created_at,
    BrowserSession.expires_at,
).where(BrowserSession.secret_hash == bindparam("secret_hash"))


def hash_of(secret: str) -> bytes:
    """Return by what a session's row is found."""
    return sha256(secret.encode("utf-8", "surrogatepass")).digest()
