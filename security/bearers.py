"""Who a bearer token stands for: its form says who must know it, nobody else is asked."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from security import access_tokens
from security.access_tokens import AccessTokens
from security.errors import Unauthenticated
from security.oauth import service_accounts
from security.oauth.issued_tokens import IssuedTokens
from security.oauth.proven import ProvenToken
from security.oauth.provider_tokens import ProviderTokens
from security.oauth.signed_tokens import TOKEN_BYTES_MAX, is_signed_form, unverified
from security.principal import Principal
from security.scim import tokens as scim_tokens

_SECRETS: Final = (service_accounts.PREFIX, scim_tokens.PREFIX)
"""Secrets of ours that open nothing here; they are not sent to a provider to be checked."""

Verified = str | ProvenToken
"""A token of ours, which the rows decide on; or what a provider said of one of its own."""


class Bearers:
    """Personal access tokens (`sbk_…`), JWTs that we issued, and tokens of the providers."""

    def __init__(
        self,
        personal: AccessTokens,
        issued: IssuedTokens,
        provided: ProviderTokens,
        clock: Callable[[], datetime],
    ) -> None:
        self._personal = personal
        self._issued = issued
        self._provided = provided
        self._clock = clock

    def verified(self, token: str) -> Verified:
        """Find out who must know a token, and ask them if that is not us.

        May call a provider: not within a transaction.

        Raises:
            Unauthenticated: nobody does.
            ProviderUnavailable: the provider cannot be asked.
        """
        if token.startswith(access_tokens.PREFIX):
            return token
        if token.startswith(_SECRETS) or len(token) > TOKEN_BYTES_MAX:
            raise Unauthenticated
        if not is_signed_form(token):
            return self._provided.opaque(token)
        issuer = unverified(token, 1).get("iss")
        return token if issuer == self._issued.issuer.url else self._provided.signed(token, issuer)

    def authenticate(self, session: Session, verified: Verified) -> Principal:
        """Return who a token stands for now, limited to its scopes.

        Raises:
            Unauthenticated: malformed, unknown, revoked or expired: all look the same.
        """
        if isinstance(verified, ProvenToken):
            return verified.principal(session, self._issued.issuer.tenant_id, self._clock())
        if verified.startswith(access_tokens.PREFIX):
            return self._personal.authenticate(session, verified)
        return self._issued.authenticate(session, verified)
