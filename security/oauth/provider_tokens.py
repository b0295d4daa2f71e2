"""Access tokens that the company's identity providers issue for our API."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from security.errors import Unauthenticated
from security.oauth.introspection import Introspection
from security.oauth.proven import ProvenToken, scopes_from
from security.oauth.signed_tokens import ACCESS_TOKEN_TYPES, SignedToken
from security.oidc.connection import Connection
from security.oidc.errors import SignInNotProven
from security.oidc.settings import OidcSettings


class ProviderTokens:
    """Checks tokens of the providers whose settings name an audience for our API.

    It calls them when it needs their keys or their word: never while a transaction is open.
    """

    def __init__(
        self,
        connections: Iterable[Connection],
        limits: OidcSettings,
        clock: Callable[[], datetime],
    ) -> None:
        trusted = [one for one in connections if one.settings.api_audience is not None]
        self._by_issuer = {one.settings.issuer: one for one in trusted}
        asked = [one for one in trusted if one.settings.api_introspection]
        # The settings allow one at most: an opaque token does not say whose it is.
        self._introspection = Introspection(asked[0], limits, clock) if asked else None
        self._leeway_seconds = limits.leeway_seconds
        self._clock = clock

    def signed(self, token: str, issuer: object) -> ProvenToken:
        """Check a JWT access token (RFC 9068, section 4) that names `issuer`.

        Raises:
            Unauthenticated: no such provider, or not a token of it for us.
            ProviderUnavailable: its keys cannot be fetched.
        """
        connection = self._by_issuer.get(issuer) if isinstance(issuer, str) else None
        if connection is None or connection.settings.api_audience is None:
            raise Unauthenticated
        try:
            verified = connection.keys.verified(token)
        except SignInNotProven as error:
            raise Unauthenticated from error
        kind = verified.header.get("typ")
        if not isinstance(kind, str) or kind.lower() not in ACCESS_TOKEN_TYPES:
            raise Unauthenticated
        settings, read = connection.settings, SignedToken(verified.header, verified.claims)
        audience = str(settings.api_audience)
        read.check(self._clock(), self._leeway_seconds, iss=settings.issuer, aud=audience)
        expires_at = datetime.fromtimestamp(read.claims["exp"] + self._leeway_seconds, UTC)
        scopes = scopes_from(read.claims, settings.api_scope_prefix)
        return ProvenToken(settings.issuer, read.text("sub"), scopes, expires_at)

    def opaque(self, token: str) -> ProvenToken:
        """Ask the provider that introspects what a token stands for.

        Raises:
            Unauthenticated: nothing, or no provider introspects.
            ProviderUnavailable: it does not answer as it should.
        """
        proven = self._introspection.proven(token) if self._introspection else None
        if proven is None:
            raise Unauthenticated
        return proven
