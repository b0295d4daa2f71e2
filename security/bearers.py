"""Who a bearer token stands for: its form says who must know it, nobody else is asked."""

from typing import Final

from sqlalchemy.orm import Session

from security import access_tokens
from security.access_tokens import AccessTokens
from security.errors import Unauthenticated
from security.oauth.issued_tokens import IssuedTokens
from security.oauth.signed_tokens import is_signed_form, unverified
from security.principal import Principal

OWN_PREFIX: Final = "sb"
"""Every secret of ours begins so; none is ever sent to somebody else to be checked."""


class Bearers:
    """Personal access tokens (`sbk_…`) and JWT access tokens that we issued."""

    def __init__(self, personal: AccessTokens, issued: IssuedTokens) -> None:
        self._personal = personal
        self._issued = issued

    def authenticate(self, session: Session, token: str) -> Principal:
        """Return who the token stands for now, limited to its scopes.

        Raises:
            Unauthenticated: malformed, unknown, revoked or expired: all look the same.
        """
        if token.startswith(access_tokens.PREFIX):
            return self._personal.authenticate(session, token)
        if is_signed_form(token) and unverified(token, 1).get("iss") == self._issued.issuer.url:
            return self._issued.authenticate(session, token)
        raise Unauthenticated
