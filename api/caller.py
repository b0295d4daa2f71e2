"""Who calls: a browser session or a bearer token, turned into a principal in each transaction."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, HTTPBearer
from fastapi.security.http import HTTPAuthorizationCredentials
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from api.cookies import SESSION, cookie_name
from api.problems import ApiError
from api.refusals import remember_caller
from api.state import State, state_of
from retrieval.access import AccessScope, scope_for
from security import access_tokens
from security.bearers import Verified
from security.errors import InsufficientScope, Unauthenticated
from security.principal import Principal, Verb
from security.quotas.rates import Rate
from security.quotas.subjects import Subject, subjects_of

_OWN_SITES = frozenset({"same-origin", "none"})
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

_bearer = HTTPBearer(
    auto_error=False,
    bearerFormat="sbk_… or JWT (RFC 9068)",
    description="A personal access token (`sbk_…`), or an access token of a service account: from "
    "`POST /oauth2/token`, or from an identity provider that this server trusts.",
)
_cookie = APIKeyCookie(name=SESSION, auto_error=False, description="The browser's session.")


@dataclass(frozen=True, slots=True)
class Visit:
    """One transaction of one caller, with the rights as they stand in it."""

    session: Session
    principal: Principal

    def scope(self, verb: Verb = Verb.READ) -> AccessScope:
        """Return the documents with which the caller may do `verb`.

        Raises:
            InsufficientScope: the access token was made without this scope.

        """
        self.require_scope(verb)
        return scope_for(self.session, self.principal, verb)

    def require_scope(self, verb: Verb) -> None:
        """Refuse an access token that was made without this scope.

        Without saying so, its owner would wonder why nothing is found.

        Raises:
            InsufficientScope: it was.

        """
        scopes = self.principal.scopes
        if scopes is not None and verb not in scopes:
            raise InsufficientScope(verb)


@dataclass(frozen=True, slots=True)
class Caller:
    """The credentials of a request; every transaction checks them anew."""

    state: State
    bearer: str | None
    cookie: str | None
    on_known: Callable[[Principal], None]
    """Told who it is, each time that this is found out."""
    counted: list[Rate] = field(default_factory=list)
    """What is left of the request's rate limits, once it has been counted."""
    verified: Verified | None = None
    """What is known of the bearer so far, without the rows."""

    @contextmanager
    def reading(self) -> Iterator[Visit]:
        """Open a read transaction.

        Raises:
            Unauthenticated: no credentials, or none that are valid now.
            TooManyRequests: their owner makes too many.

        """
        with self.state.database.reading() as session:
            yield Visit(session, self._principal(session))

    @contextmanager
    def writing(self) -> Iterator[Visit]:
        """Open a transaction that commits when the block ends well.

        Raises:
            Unauthenticated: no credentials, or none that are valid now.
            TooManyRequests: their owner makes too many.

        """
        with self.state.database.transaction() as session:
            yield Visit(session, self._principal(session))

    def subjects(self, principal: Principal) -> tuple[Subject, ...]:
        """Return all whose limits this request counts against."""
        return subjects_of(principal, self.bearer)

    def _principal(self, session: Session) -> Principal:
        principal = self._authenticated(session)
        self.on_known(principal)
        if not self.counted:  # once a request, however many transactions it takes
            self.counted.extend(self.state.rates.count(self.subjects(principal)))
        return principal

    def _authenticated(self, session: Session) -> Principal:
        if self.verified is not None:
            return self.state.bearers.authenticate(session, self.verified)
        if self.cookie is not None:
            return self.state.sessions.authenticate(session, self.cookie).principal
        raise Unauthenticated


async def caller(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    _documented: Annotated[str | None, Depends(_cookie)],
) -> Caller:
    """Read the request's credentials; a cookie counts only for requests of our own page."""
    state = state_of(request)
    # The observer of the request turns it into header fields.
    request.state.rates = counted = list[Rate]()
    on_known = partial(remember_caller, request)
    if bearer is not None:
        verified = await _verified(state, bearer.credentials)
        return Caller(state, bearer.credentials, None, on_known, counted, verified)
    cookie = request.cookies.get(cookie_name(state.settings, SESSION))
    if cookie is not None:
        refuse_foreign_page(request)
        await run_in_threadpool(state.oidc.sessions.keep_confirmed, cookie)
    return Caller(state, None, cookie, on_known, counted)


async def _verified(state: State, token: str) -> Verified:
    """Find out who must know a token; in a thread if that may take a provider's time."""
    if access_tokens.is_well_formed(token):
        return token
    return await run_in_threadpool(state.bearers.verified, token)


def refuse_foreign_page(request: Request) -> None:
    """Refuse what another site's page asks for with the browser's cookie.

    A change of state (CSRF) must come from our own page, by the browser's word. Other requests are
    refused only when the browser says that another site makes them, which would let that site
    measure answers that it may not read.

    Raises:
        ApiError: the request comes from elsewhere, or changes something without saying where from.

    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    foreign = site is not None and site not in _OWN_SITES
    if request.method not in SAFE_METHODS:
        foreign = foreign or not (_is_own(origin, request) if origin else site in _OWN_SITES)
    if foreign:
        raise ApiError(403, "foreign_origin", "This request did not come from Sourcebook's page.")


def _is_own(origin: str, request: Request) -> bool:
    """Whether `origin` is the address that browsers reach this server at.

    A proxy in front may rewrite `Host` and end TLS, so the public address counts as it is set.
    """
    settings = state_of(request).settings
    if settings.public_url and origin == _origin_of(settings.public_url):
        return True
    schemes = ("https",) if settings.secure_cookies else ("http", "https")
    return origin in {f"{scheme}://{request.headers.get('host')}" for scheme in schemes}


def _origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


CallerOf = Annotated[Caller, Depends(caller)]
