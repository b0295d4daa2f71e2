"""Check a password and open a session, with what goes wrong on record."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from security.accounts import normal_name, principal_of
from security.audit import AuditLog, Outcome
from security.errors import Forbidden, InvalidCredentials, NameRefused, PasswordSignInOff
from security.passwords import Passwords
from security.principal import Principal
from security.sessions import Sessions, StartedSession
from security.tables import User
from security.throttle import SignInThrottle
from storage.database import Database

ANONYMOUS = "anonymous"


class SignIn:
    """Signs people in and lets them change their own password.

    Unlike other services it opens its own transactions: a failure must stay on record although
    the request fails, and SQLite's one writer must not wait while a password is hashed.
    """

    def __init__(
        self,
        database: Database,
        passwords: Passwords,
        sessions: Sessions,
        throttle: SignInThrottle,
        audit: AuditLog,
        *,
        is_on: bool = True,
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._sessions = sessions
        self._throttle = throttle
        self._audit = audit
        self._is_on = is_on

    def sign_in(self, tenant_id: str, name: str, password: str, address: str) -> StartedSession:
        """Start a session for whoever has this name and password.

        `address` is the caller's network address; failures count against it and the name.

        Raises:
            PasswordSignInOff: people sign in through an identity provider here.
            InvalidCredentials: unknown name or wrong password.
            TooManyAttempts: failed too often lately.
        """
        self._refuse_when_off(tenant_id, "session.start", address)
        self._throttle.attempt(tenant_id, name, address)
        with self._database.reading(tenant_id) as session:
            user = _find(session, tenant_id, name)
        started = self._start(tenant_id, user, password, address)
        if started is None:
            raise InvalidCredentials
        self._throttle.succeeded(tenant_id, name, address)
        return started

    def change_password(
        self, principal: Principal, current: str, new: str, address: str
    ) -> StartedSession:
        """Replace one's own password, end all sessions and start a new one.

        Raises:
            Forbidden: the caller uses an access token, which must not become a session.
            InvalidCredentials: `current` is wrong.
            PasswordRefused: `new` is too short or too long.
            TooManyAttempts: failed too often lately.
            PasswordSignInOff: people sign in through an identity provider here.
        """
        if principal.scopes is not None:
            raise Forbidden
        self._refuse_when_off(principal.tenant_id, "user.change_password", address)
        self._passwords.check(new)
        self._throttle.attempt(principal.tenant_id, principal.name, address)
        with self._database.reading(principal.tenant_id) as session:
            user = _find(session, principal.tenant_id, principal.name)
        replaced = self._replace(principal, user, current, new, address)
        if replaced is None:
            raise InvalidCredentials
        self._throttle.succeeded(principal.tenant_id, principal.name, address)
        return replaced

    def _start(
        self, tenant_id: str, user: User | None, password: str, address: str
    ) -> StartedSession | None:
        # An account without a password takes as long as one that nobody has.
        stored = user.password_hash if user else None
        matches = self._passwords.verify(stored, password)
        renewed = self._rehashed(stored, password) if stored and matches else None
        with self._database.transaction(tenant_id) as session:
            current = _unchanged(session, user) if matches else None
            if current is None:
                self._record(
                    session, tenant_id, user, "session.start", outcome="failure", address=address
                )
                return None
            current.password_hash = renewed or current.password_hash
            self._record(
                session, tenant_id, user, "session.start", outcome="success", address=address
            )
            return self._sessions.start(session, principal_of(session, current.id))

    def _replace(
        self, principal: Principal, user: User | None, current: str, new: str, address: str
    ) -> StartedSession | None:
        matches = self._passwords.verify(user.password_hash if user else None, current)
        replacement = self._passwords.hash(new) if matches else ""
        action, tenant_id = "user.change_password", principal.tenant_id
        with self._database.transaction(tenant_id) as session:
            stored = _unchanged(session, user) if matches else None
            if stored is None:
                self._record(session, tenant_id, user, action, outcome="failure", address=address)
                return None
            stored.password_hash = replacement
            self._sessions.end_all(session, stored.id)
            self._record(session, tenant_id, user, action, outcome="success", address=address)
            return self._sessions.start(session, principal_of(session, stored.id))

    def _refuse_when_off(self, tenant_id: str, action: str, address: str) -> None:
        if self._is_on:
            return
        with self._database.transaction(tenant_id) as session:
            self._record(session, tenant_id, None, action, outcome="denied", address=address)
        raise PasswordSignInOff

    def _rehashed(self, stored: str, password: str) -> str | None:
        if not self._passwords.is_outdated(stored):
            return None
        return self._passwords.rehash(password)

    def _record(
        self,
        session: Session,
        tenant_id: str,
        user: User | None,
        action: str,
        *,
        outcome: Outcome,
        address: str,
    ) -> None:
        # A name that nobody has is not kept: people type passwords into the wrong field.
        actor = user.id if user else ANONYMOUS
        target = user.id if user else None
        details = {"address": address}
        self._audit.record(session, tenant_id, actor, action, target, outcome, details)


def _find(session: Session, tenant_id: str, name: str) -> User | None:
    try:
        stored_name = normal_name(name)
    except NameRefused:
        return None
    return session.scalar(select(User).where(User.tenant_id == tenant_id, User.name == stored_name))


def _unchanged(session: Session, user: User | None) -> User | None:
    # Hashing took a while: the account may have been deleted or given another password.
    current = session.get(User, user.id) if user else None
    if current is None or user is None or current.password_hash != user.password_hash:
        return None
    if current.deactivated_at is not None:
        return None
    return current
