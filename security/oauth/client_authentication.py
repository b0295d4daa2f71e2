"""How a program shows at the token endpoint that it is the service account it claims to be."""

from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest
from typing import Any, Final

from authlib.oauth2.rfc6749 import ClientMixin, InvalidClientError
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from joserfc.jwk import JWKRegistry, Key
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from security.errors import Unauthenticated
from security.oauth.signed_tokens import SignedToken, opened, unverified
from security.oauth.tables import ClientAssertion, ServiceAccount
from security.principal import Principal, Verb
from security.secret_tokens import secret_hash
from security.settings import ServiceAccountSettings

SECRET_METHODS: Final = ("client_secret_basic", "client_secret_post")
KEY_METHOD: Final = "private_key_jwt"
METHODS: Final = (*SECRET_METHODS, KEY_METHOD)
_NO_SECRET: Final = bytes(32)


class Client(ClientMixin):  # type: ignore[misc]  # Authlib has no types
    """A service account as Authlib asks for it; None: there is none, which must look the same."""

    def __init__(self, account: ServiceAccount | None, principal: Principal | None) -> None:
        self.account = account
        self._principal = principal

    def get_client_id(self) -> str:
        """Return the account's id."""
        return self.account.id if self.account else ""

    def check_client_secret(self, client_secret: str) -> bool:
        """Compare in constant time."""
        stored = self.account.secret_hash if self.account else None
        matches = compare_digest(secret_hash(client_secret), stored or _NO_SECRET)
        return matches and stored is not None

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Whether the account's credential is of the method's kind."""
        if self.account is None or endpoint != "token":
            return False
        if method == KEY_METHOD:
            return self.account.public_jwk is not None
        return method in SECRET_METHODS and self.account.secret_hash is not None

    def check_grant_type(self, grant_type: str) -> bool:
        """Whether it is the one grant there is."""
        return grant_type == "client_credentials"

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """Return what was asked for if the account may do all of it, None if it may not.

        Who asks for nothing gets everything that the account may do anywhere.
        """
        held = {str(verb) for verb in held_anywhere(self._principal)} if self._principal else set()
        asked = set(scope.split()) if scope else held
        return " ".join(sorted(asked)) if asked <= held else None


def held_anywhere(principal: Principal) -> frozenset[Verb]:
    """Return what a principal may do in the whole tenant or in any one collection."""
    return frozenset[Verb]().union(
        *(principal.verbs(place) for place in {*principal.grants, *principal.inherited})
    )


class KeyAssertion(JWTBearerClientAssertion):  # type: ignore[misc]  # Authlib has no types
    """`private_key_jwt` (RFC 7523, section 3): a short-lived JWT that is accepted once."""

    CLIENT_AUTH_METHOD = KEY_METHOD

    def __init__(
        self,
        session: Session,
        audiences: tuple[str, ...],
        settings: ServiceAccountSettings,
        clock: Callable[[], datetime],
    ) -> None:
        super().__init__(leeway=settings.clock_skew_seconds_max)
        self._session = session
        self._audiences = audiences
        self._settings = settings
        self._now = clock()

    def extract_assertion(self, assertion: str) -> tuple[Any, Any]:
        """Read whom the assertion names, before anything of it is checked."""
        try:
            return unverified(assertion, 0), unverified(assertion, 1)
        except Unauthenticated as error:
            raise InvalidClientError from error

    def resolve_client_public_key(self, client: Client) -> Key:
        """Return the account's key."""
        jwk = client.account.public_jwk if client.account else None
        if jwk is None:
            raise InvalidClientError
        return JWKRegistry.import_key(dict(jwk))

    def process_assertion_claims(self, assertion: str, resolve_key: Key) -> None:
        """Check signature and claims, and remember the assertion; Authlib's own check is wider."""
        try:
            read = opened(assertion, lambda _kid: resolve_key, None)
            self._check(read)
        except Unauthenticated as error:
            raise InvalidClientError from error

    def _check(self, read: SignedToken) -> None:
        # Client libraries disagree on whether the audience is the endpoint or the issuer.
        audience = read.claims.get("aud")
        named = audience if isinstance(audience, list) else [audience]
        if len(named) != 1 or named[0] not in self._audiences:
            raise Unauthenticated
        account_id = read.text("sub")
        read.check(self._now, self.leeway, iss=account_id, sub=account_id)
        ends_at = float(read.claims["exp"])
        if ends_at > self._now.timestamp() + self._settings.assertion_seconds_max + self.leeway:
            raise Unauthenticated
        self._use_once(account_id, read.text("jti"), ends_at)

    def _use_once(self, account_id: str, jti: str, ends_at: float) -> None:
        account = self._session.get_one(ServiceAccount, account_id)
        expired = ClientAssertion.expires_at <= self._now
        self._session.execute(
            delete(ClientAssertion).where(ClientAssertion.service_account_id == account_id, expired)
        )
        used = ClientAssertion(
            service_account_id=account_id,
            jti_hash=sha256(jti.encode("utf-8", "surrogatepass")).digest(),
            tenant_id=account.tenant_id,
            expires_at=datetime.fromtimestamp(ends_at + self.leeway + 1, self._now.tzinfo),
        )
        try:
            with self._session.begin_nested():
                self._session.add(used)
        except IntegrityError as error:
            raise Unauthenticated from error
