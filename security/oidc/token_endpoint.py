"""Trade a code or a refresh token for tokens, as the client that the provider knows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import httpx

from security.oidc.credentials import proof_of
from security.oidc.errors import ProviderUnavailable, RefreshRefused, SignInNotProven
from security.oidc.provider import Provider

_REFUSALS: Final = frozenset({400, 401, 403})


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the provider handed out; it never leaves the server."""

    access_token: str | None = field(repr=False)
    id_token: str | None = field(repr=False)
    refresh_token: str | None = field(repr=False)


class TokenEndpoint:
    """The provider's token endpoint."""

    def __init__(self, provider: Provider, clock: Callable[[], datetime]) -> None:
        self._provider = provider
        self._clock = clock

    def redeem(self, code: str, verifier: str, redirect_uri: str) -> Tokens:
        """Trade an authorization code, with its PKCE verifier (RFC 7636, section 4.5).

        Raises:
            SignInNotProven: the provider refuses the code.
            ProviderUnavailable: it does not answer as it should.
        """
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "code_verifier": verifier,
            "redirect_uri": redirect_uri,
        }
        status, answer = self._ask(form)
        if status in _REFUSALS:
            raise SignInNotProven
        return _tokens(status, answer)

    def refresh(self, refresh_token: str) -> Tokens:
        """Trade a refresh token; the answer holds its successor if the provider rotates them.

        Raises:
            RefreshRefused: the provider no longer takes it.
            ProviderUnavailable: it does not answer as it should.
        """
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        status, answer = self._ask(form)
        if status in _REFUSALS:
            raise RefreshRefused
        return _tokens(status, answer)

    def _ask(self, form: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        metadata = self._provider.metadata()
        proof = proof_of(self._provider.settings, metadata, self._clock())
        return self._provider.post(metadata.token_endpoint, {**form, **proof.form}, proof.headers)


def _tokens(status: int, answer: Mapping[str, Any]) -> Tokens:
    if status != httpx.codes.OK:
        raise ProviderUnavailable
    names = ("access_token", "id_token", "refresh_token")
    found = [answer.get(name) for name in names]
    if not all(one is None or isinstance(one, str) for one in found):
        raise ProviderUnavailable
    return Tokens(*found)
