"""Who calls: a browser session or a bearer token, turned into a principal in each transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, HTTPBearer
from fastapi.security.http import HTTPAuthorizationCredentials
from sqlalchemy.orm import Session

from api.cookies import SESSION, cookie_name
from api.problems import ApiError
from api.state import State, state_of
from retrieval.access import AccessScope, scope_for
from security.errors import InsufficientScope, Unauthenticated
from security.principal import Principal, Verb

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

    @contextmanager
    def reading(self) -> Iterator[Visit]:
        """Open a read transaction.

        Raises:
            Unauthenticated: no credentials, or none that are valid now.

        """
        with self.state.database.reading() as session:
            yield Visit(session, self._principal(session))

    @contextmanager
    def writing(self) -> Iterator[Visit]:
        """Open a transaction that commits when the block ends well.

        Raises:
            Unauthenticated: no credentials, or none that are valid now.

        """
        with self.state.database.transaction() as session:
            yield Visit(session, self._principal(session))

    def _principal(self, session: Session) -> Principal:
        if self.bearer is not None:
            return self.state.bearers.authenticate(session, self.bearer)
        if self.cookie is not None:
            return self.state.sessions.authenticate(session, self.cookie).principal
        raise Unauthenticated


def caller(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    _documented: Annotated[str | None, Depends(_cookie)],
) -> Caller:
    """Read the request's credentials; a cookie counts only for requests of our own page."""
    state = state_of(request)
    if bearer is not None:
        return Caller(state, bearer.credentials, None)
    cookie = request.cookies.get(cookie_name(state.settings, SESSION))
    if cookie is not None:
        refuse_foreign_page(request)
        state.oidc.sessions.keep_confirmed(cookie)
    return Caller(state, None, cookie)


def refuse_foreign_page(request: Request) -> None:
    """Refuse a state change that another site's page makes with the browser's cookie (CSRF).

    Raises:
        ApiError: the browser says that the request comes from elsewhere, or does not say.

    """
    if request.method in SAFE_METHODS:
        return
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if origin is not None:
        same = urlsplit(origin).netloc == request.headers.get("host")
    else:
        same = site in {"same-origin", "none"}
    if not same or site in {"cross-site", "same-site"}:
        raise ApiError(403, "foreign_origin", "This request did not come from Sourcebook's page.")


CallerOf = Annotated[Caller, Depends(caller)]
