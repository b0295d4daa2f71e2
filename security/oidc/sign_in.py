"""Begin and end a sign-in through a provider, with what goes wrong on record."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy.exc import IntegrityError

from security.accounts import principal_of
from security.audit import AuditLog, Outcome
from security.errors import NotFound
from security.oidc.accounts import ProviderAccounts
from security.oidc.attempts import Attempt, Attempts, new_browser_secret
from security.oidc.claims import admission
from security.oidc.connection import Connection, Vouched
from security.oidc.errors import (
    NotAdmitted,
    ProviderDenied,
    ProviderError,
    SignInExpired,
    SignInNotProven,
)
from security.oidc.sessions import ProviderSessions
from security.sessions import Sessions, StartedSession
from security.sign_in import ANONYMOUS
from storage.database import Database

_PAGE_CHARACTERS_MAX: Final = 2000


@dataclass(frozen=True, slots=True)
class Begun:
    """Where the browser goes now; `browser` is the secret of the cookie that it keeps."""

    url: str
    browser: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a browser brought back from a provider, all of it untrusted.

    `browser` and `session` are the secrets of its cookies, `address` its network address.
    """

    state: str | None = field(repr=False)
    code: str | None = field(repr=False)
    error: str | None
    issuer: str | None
    browser: str | None = field(repr=False)
    session: str | None = field(repr=False)
    address: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A sign-in that went well, and the page where the person wanted to go."""

    started: StartedSession
    next_page: str


class ProviderSignIn:
    """Signs people in. Like `security.sign_in.SignIn` it opens its own transactions."""

    def __init__(
        self,
        database: Database,
        attempts: Attempts,
        *,
        accounts: ProviderAccounts,
        sessions: Sessions,
        provider_sessions: ProviderSessions,
        audit: AuditLog,
        connections: Mapping[str, Connection],
    ) -> None:
        self._database = database
        self._attempts = attempts
        self._accounts = accounts
        self._sessions = sessions
        self._provider_sessions = provider_sessions
        self._audit = audit
        self._connections = connections

    def connection(self, provider: str) -> Connection:
        """Return what we know of a provider.

        Raises:
            NotFound: the settings name none of this id.
        """
        found = self._connections.get(provider)
        if found is None:
            raise NotFound
        return found

    def begin(
        self, tenant_id: str, provider: str, next_page: str, browser: str | None, redirect_uri: str
    ) -> Begun:
        """Begin a sign-in that will go on at `next_page`, a path of our own.

        `browser` is what the browser's cookie holds from a sign-in that it began before, in
        another tab perhaps: both may end.

        Raises:
            NotFound: no such provider.
            ProviderUnavailable: it cannot be reached.
        """
        connection = self.connection(provider)
        connection.provider.metadata()  # before the transaction, for it may wait
        secret = browser or new_browser_secret()
        page = next_page if is_own_page(next_page) else "/"
        with self._database.transaction(tenant_id) as session:
            attempt = self._attempts.begin(session, tenant_id, provider, secret, page)
        return Begun(connection.authorization_url(attempt, redirect_uri), secret)

    def end(self, tenant_id: str, provider: str, answer: Answer, redirect_uri: str) -> Ended:
        """Start a session for whoever the provider vouches for.

        Raises:
            NotFound: no such provider.
            SignInExpired, ProviderDenied, SignInNotProven, NotAdmitted: each on record.
            ProviderUnavailable: it cannot be reached.
        """
        connection = self.connection(provider)
        try:
            attempt = self._taken(tenant_id, provider, answer)
            vouched = self._vouched(connection, attempt, answer, redirect_uri)
            started = self._started(tenant_id, connection, attempt, vouched, answer)
        except ProviderError as refused:
            self._record_refusal(tenant_id, provider, refused, answer.address)
            raise
        return Ended(started, attempt.next_page)

    def _taken(self, tenant_id: str, provider: str, answer: Answer) -> Attempt:
        if answer.state is None or answer.browser is None:
            raise SignInExpired
        with self._database.transaction(tenant_id) as session:
            attempt = self._attempts.take(
                session, tenant_id, provider, answer.browser, answer.state
            )
        if attempt is None:
            raise SignInExpired
        return attempt

    def _vouched(
        self, connection: Connection, attempt: Attempt, answer: Answer, redirect_uri: str
    ) -> Vouched:
        # Before anything else of the answer counts: an error may be another provider's, too.
        connection.check_issuer(answer.issuer)
        if answer.error is not None:
            raise ProviderDenied
        if answer.code is None:
            raise SignInNotProven
        return connection.signed_in(answer.code, attempt, redirect_uri)

    def _started(
        self,
        tenant_id: str,
        connection: Connection,
        attempt: Attempt,
        vouched: Vouched,
        answer: Answer,
    ) -> StartedSession:
        try:
            return self._start(tenant_id, connection, attempt, vouched, answer)
        except IntegrityError:
            # Another tab made the same person's account at the same moment: now it is there.
            return self._start(tenant_id, connection, attempt, vouched, answer)

    def _start(
        self,
        tenant_id: str,
        connection: Connection,
        attempt: Attempt,
        vouched: Vouched,
        answer: Answer,
    ) -> StartedSession:
        settings, claims = connection.settings, vouched.claims
        with self._database.transaction(tenant_id) as session:
            admitted = admission(settings, claims)
            user = self._accounts.admit(session, tenant_id, settings, claims["sub"], admitted)
            if admitted is not None and user is not None and user.deactivated_at is None:
                if answer.session is not None:
                    self._sessions.end(session, answer.session)  # whoever used this browser before
                started = self._sessions.start(session, principal_of(session, user.id))
                self._provider_sessions.link(
                    session,
                    started,
                    connection,
                    claims=claims,
                    nonce=attempt.nonce,
                    refresh_token=vouched.refresh_token,
                )
                details = {"address": answer.address, "provider": settings.id}
                self._audit.record(
                    session, tenant_id, user.id, "session.start", user.id, details=details
                )
                return started
        raise NotAdmitted

    def _record_refusal(
        self, tenant_id: str, provider: str, refused: ProviderError, address: str
    ) -> None:
        outcome: Outcome = "denied" if isinstance(refused, NotAdmitted) else "failure"
        details = {"address": address, "provider": provider, "reason": refused.code}
        with self._database.transaction(tenant_id) as session:
            self._audit.record(
                session, tenant_id, ANONYMOUS, "session.start", None, outcome, details
            )


def is_own_page(page: str) -> bool:
    """Tell whether a redirect to `page` stays on this server in every browser's reading of it."""
    return (
        page.startswith("/")
        and not page.startswith("//")
        and len(page) <= _PAGE_CHARACTERS_MAX
        and page.isascii()
        and page.isprintable()
        and "\\" not in page
        and " " not in page
    )
