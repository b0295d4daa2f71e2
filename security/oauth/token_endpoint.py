"""`POST /oauth2/token`: the client credentials grant (RFC 6749, section 4.4), and nothing else."""

from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from authlib.oauth2.rfc6749 import AuthorizationServer, InvalidScopeError, OAuth2Request
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from sqlalchemy.orm import Session

from security.accounts import principal_of
from security.audit import AuditLog, Outcome
from security.errors import Unauthenticated
from security.oauth.client_authentication import KEY_METHOD, METHODS, Client, KeyAssertion
from security.oauth.issued_tokens import IssuedTokens, living_account, scopes_of
from security.oauth.tables import ServiceAccount
from security.settings import ServiceAccountSettings
from storage.database import Database

GRANT: Final = "client_credentials"
PATH: Final = "/oauth2/token"
_NOT_CACHED: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_DESCRIPTIONS: Final = {
    "invalid_client": "The client could not be authenticated. Check its id and credential.",
    "invalid_request": "The request needs each parameter once, and one way to authenticate.",
    "invalid_scope": "A scope is unknown, or more than the service account may do.",
    "unauthorized_client": "This client may not use this grant.",
    "unsupported_grant_type": f"Use the grant type {GRANT}.",
}
"""One text for each code (RFC 6749, section 5.2): why exactly is nobody's business."""


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A request as it came: the form's pairs, and the `Authorization` header if there is one."""

    form: Sequence[tuple[str, str]]
    authorization: str | None
    address: str


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """What to send back."""

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str]


class TokenEndpoint:
    """Authenticates service accounts and issues their access tokens.

    It opens its own transactions: a failure must stay on record although the request fails.
    """

    def __init__(
        self,
        database: Database,
        tokens: IssuedTokens,
        settings: ServiceAccountSettings,
        audit: AuditLog,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._tokens = tokens
        self._settings = settings
        self._audit = audit
        self._clock = clock

    def respond(self, request: TokenRequest) -> TokenAnswer:
        """Answer with a token or with an error of RFC 6749, section 5.2."""
        if _is_ambiguous(request):
            return _refusal("invalid_request")
        with self._database.transaction(self._tokens.issuer.tenant_id) as session:
            server = _Server(session, self._tokens, self._settings, self._clock)
            answer: TokenAnswer = server.create_token_response(request)
            if server.account is not None:
                outcome: Outcome = "success" if answer.status == 200 else "failure"  # noqa: PLR2004 - HTTP
                self._record(session, server.account, request, outcome)
        return answer

    def _record(
        self, session: Session, account: ServiceAccount, request: TokenRequest, outcome: Outcome
    ) -> None:
        details = {"address": request.address}
        tenant_id, actor = account.tenant_id, account.id
        self._audit.record(
            session, tenant_id, actor, "service_account.token", actor, outcome, details
        )


class _Grant(ClientCredentialsGrant):  # type: ignore[misc]  # Authlib has no types
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS


class _Request(OAuth2Request):  # type: ignore[misc]  # Authlib has no types
    """A request as Authlib reads it."""

    def __init__(self, request: TokenRequest) -> None:
        readable = _is_readable(request.authorization)
        headers = {"Authorization": request.authorization} if readable else {}
        # Authlib asks for https; whether TLS ends here or in front of here is the operator's.
        super().__init__("POST", f"https://sourcebook{PATH}", headers=headers)
        self.payload = BasicOAuth2Payload(dict(request.form))

    @property
    def form(self) -> Mapping[str, str]:
        form: Mapping[str, str] = self.payload.data
        return form


class _Server(AuthorizationServer):  # type: ignore[misc]  # Authlib has no types
    """Authlib's server for one request; `account` is the one that was named, if there is one."""

    def __init__(
        self,
        session: Session,
        tokens: IssuedTokens,
        settings: ServiceAccountSettings,
        clock: Callable[[], datetime],
    ) -> None:
        super().__init__()
        self.account: ServiceAccount | None = None
        self._session = session
        self._tokens = tokens
        self._clock = clock
        url = tokens.issuer.url
        assertion = KeyAssertion(session, (url, url + PATH), settings, clock)
        self.register_client_auth_method(KEY_METHOD, assertion)
        self.register_grant(_Grant)
        self.register_token_generator("default", self._generate)

    def query_client(self, client_id: str) -> Client:
        tenant_id, now = self._tokens.issuer.tenant_id, self._clock()
        account = living_account(self._session, tenant_id, client_id, now)
        try:
            principal = principal_of(self._session, account.id) if account else None
        except Unauthenticated:
            account = principal = None
        self.account = account
        return Client(account, principal)

    def create_oauth2_request(self, request: TokenRequest) -> OAuth2Request:
        return _Request(request)

    def handle_response(
        self, status: int, body: Mapping[str, Any], _headers: object
    ) -> TokenAnswer:
        return TokenAnswer(status, body, _NOT_CACHED)

    def handle_error_response(self, request: object, error: Any) -> TokenAnswer:  # noqa: ARG002 - Authlib's signature
        return _refusal(error.error)

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens."""

    def save_token(self, token: object, request: object) -> None:
        """Nothing to save: the token says all, and the account is looked up when it is used."""

    def _generate(self, *, client: Client, scope: str | None, **_: object) -> dict[str, Any]:
        allowed = client.get_allowed_scope(scope)
        if allowed is None or client.account is None:
            raise InvalidScopeError
        token = self._tokens.issue(self._session, client.account, scopes_of(allowed))
        return {
            "token_type": "Bearer",
            "access_token": token,
            "expires_in": self._tokens.seconds,
            "scope": allowed,
        }


def _is_readable(authorization: str | None) -> bool:
    """Whether a header holds UTF-8 in base64; Authlib would fail on one that does not."""
    try:
        b64decode((authorization or "").partition(" ")[2]).decode()
    except ValueError:
        return False
    return authorization is not None


def _is_ambiguous(request: TokenRequest) -> bool:
    """Whether a parameter is repeated, or there is more than one way to authenticate."""
    names = [name for name, _ in request.form]
    ways = [
        request.authorization is not None,
        "client_secret" in names,
        "client_assertion" in names,
    ]
    return len(names) != len(set(names)) or sum(ways) > 1


def _refusal(code: str) -> TokenAnswer:
    known = code if code in _DESCRIPTIONS else "invalid_request"
    body = {"error": known, "error_description": _DESCRIPTIONS[known]}
    if known != "invalid_client":
        return TokenAnswer(400, body, _NOT_CACHED)
    return TokenAnswer(401, body, _NOT_CACHED | {"WWW-Authenticate": 'Basic realm="sourcebook"'})
