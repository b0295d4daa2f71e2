"""Ask one provider who somebody is, and whether it still says so."""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx

from security.oidc.attempts import Attempt
from security.oidc.claims import is_told
from security.oidc.errors import ProviderUnavailable, SignInNotProven
from security.oidc.id_token import Expected, checked_id_token, checked_refreshed
from security.oidc.keys import ProviderKeys
from security.oidc.pkce import s256
from security.oidc.provider import Provider
from security.oidc.settings import OidcSettings, ProviderSettings
from security.oidc.token_endpoint import TokenEndpoint, Tokens


@dataclass(frozen=True, slots=True)
class Vouched:
    """Who signed in, with all that the provider says of them."""

    claims: Mapping[str, Any]
    refresh_token: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What the provider says of somebody now; no claims when it only says "still valid"."""

    claims: Mapping[str, Any] | None
    refresh_token: str = field(repr=False)


class Connection:
    """One provider with its keys and its token endpoint. Safe to share between threads."""

    def __init__(
        self,
        settings: ProviderSettings,
        limits: OidcSettings,
        http: httpx.Client,
        clock: Callable[[], datetime],
    ) -> None:
        self.settings = settings
        self.provider = Provider(settings, limits, http, clock)
        self.keys = ProviderKeys(self.provider, limits, clock)
        self._endpoint = TokenEndpoint(self.provider, clock)
        self._leeway = limits.leeway_seconds
        self._clock = clock

    def authorization_url(self, attempt: Attempt, redirect_uri: str) -> str:
        """Return where to send the browser (RFC 6749, section 4.1.1; PKCE with S256 only).

        Raises:
            ProviderUnavailable: its addresses are not known.
        """
        query = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(self.settings.scopes),
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": s256(attempt.verifier),
            "code_challenge_method": "S256",
        }
        return _with_query(self.provider.metadata().authorization_endpoint, query)

    def sign_out_url(self, back_to: str) -> str | None:
        """Return the provider's own sign-out (RP-Initiated Logout 1.0), None if it has none.

        Without an `id_token_hint`, for no token is shown to a browser: the provider may ask first.
        """
        address = self.provider.metadata().end_session_endpoint
        if address is None:
            return None
        query = {"client_id": self.settings.client_id, "post_logout_redirect_uri": back_to}
        return _with_query(address, query)

    def check_issuer(self, issuer: str | None) -> None:
        """Check the `iss` of an authorization response (RFC 9207, section 2.4).

        Raises:
            SignInNotProven: it is another's, or missing although the provider announces it.
        """
        if issuer is None and not self.provider.metadata().is_iss_in_response:
            return
        if issuer is None or not _same(issuer, self.settings.issuer):
            raise SignInNotProven

    def signed_in(self, code: str, attempt: Attempt, redirect_uri: str) -> Vouched:
        """Redeem the code that a browser brought back; return who it is for.

        Raises:
            SignInNotProven: the code or the ID token is refused.
            ProviderUnavailable: the provider does not answer as it should.
        """
        tokens = self._endpoint.redeem(code, attempt.verifier, redirect_uri)
        if tokens.id_token is None:
            raise SignInNotProven
        claims = checked_id_token(
            tokens.id_token,
            self.keys,
            self.expected(),
            nonce=attempt.nonce,
            access_token=tokens.access_token,
        )
        return Vouched(self._completed(claims, tokens), tokens.refresh_token)

    def refreshed(self, refresh_token: str, nonce: str, subject: str) -> Confirmed:
        """Ask whether the provider still vouches for somebody, and what it says of them now.

        Raises:
            RefreshRefused, SignInNotProven: it does not.
            ProviderUnavailable: the provider does not answer as it should.
        """
        tokens = self._endpoint.refresh(refresh_token)
        kept = tokens.refresh_token or refresh_token
        if tokens.id_token is not None:
            claims = checked_refreshed(
                tokens.id_token, self.keys, self.expected(), nonce=nonce, subject=subject
            )
            return Confirmed(self._completed(claims, tokens), kept)
        if self.provider.metadata().userinfo_endpoint and tokens.access_token:
            return Confirmed(self._completed({"sub": subject}, tokens), kept)
        return Confirmed(None, kept)

    def expected(self) -> Expected:
        """Return what the provider's tokens must say now."""
        return Expected(self.settings.issuer, self.settings.client_id, self._clock(), self._leeway)

    def _completed(self, claims: Mapping[str, Any], tokens: Tokens) -> Mapping[str, Any]:
        """Add what only the userinfo endpoint tells; what is signed comes first."""
        address = self.provider.metadata().userinfo_endpoint
        if is_told(self.settings, claims) or address is None or tokens.access_token is None:
            return claims
        told = self.provider.get(address, bearer=tokens.access_token)
        # Core, section 5.3.2: an access token of somebody else must not lend us their claims.
        if not isinstance(told.get("sub"), str) or not _same(told["sub"], claims["sub"]):
            raise SignInNotProven
        return {**told, **claims}


def _with_query(address: str, query: Mapping[str, str]) -> str:
    if "#" in address:
        raise ProviderUnavailable
    return f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(query)}"


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
