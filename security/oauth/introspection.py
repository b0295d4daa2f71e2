"""Ask a provider what an opaque token stands for (RFC 7662), and remember it for a short while."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from http import HTTPStatus
from threading import Lock
from typing import Any, Final

from security.oauth.proven import ProvenToken, scopes_from
from security.oidc.connection import Connection
from security.oidc.credentials import proof_of
from security.oidc.errors import ProviderUnavailable
from security.oidc.settings import OidcSettings

_ANSWERS_MAX: Final = 10_000


class Introspection:
    """What one provider says of tokens; safe to share between threads.

    An answer, yes or no, is kept for `introspection_seconds_max`, but never beyond the token's own
    end, under the hash of the token. So a token that the provider revokes may work here for that
    long; the account behind it is looked up at each request all the same.
    """

    def __init__(
        self, connection: Connection, limits: OidcSettings, clock: Callable[[], datetime]
    ) -> None:
        self._connection = connection
        self._settings = connection.settings
        self._keep = timedelta(seconds=limits.introspection_seconds_max)
        self._clock = clock
        self._lock = Lock()
        self._answers: OrderedDict[bytes, tuple[datetime, ProvenToken | None]] = OrderedDict()

    def proven(self, token: str) -> ProvenToken | None:
        """Return what a token stands for, None for nothing.

        Raises:
            ProviderUnavailable: the provider does not answer as it should.
        """
        key, now = sha256(token.encode("utf-8", "surrogatepass")).digest(), self._clock()
        with self._lock:
            known = self._answers.get(key)
        if known is not None and now < known[0]:
            return known[1]
        answer = self._read(self._ask(token), now)
        until = now + self._keep if answer is None else min(now + self._keep, answer.expires_at)
        with self._lock:
            self._answers[key] = (until, answer)
            self._answers.move_to_end(key)
            while len(self._answers) > _ANSWERS_MAX:
                self._answers.popitem(last=False)
        return answer

    def _ask(self, token: str) -> Mapping[str, Any]:
        provider = self._connection.provider
        metadata = provider.metadata()
        if metadata.introspection_endpoint is None:
            raise ProviderUnavailable
        proof = proof_of(self._settings, metadata, self._clock())
        form = {"token": token, "token_type_hint": "access_token", **proof.form}
        status, answer = provider.post(metadata.introspection_endpoint, form, proof.headers)
        if status == HTTPStatus.BAD_REQUEST:
            return {}  # some refuse what cannot be a token of theirs instead of calling it inactive
        if status != HTTPStatus.OK:
            raise ProviderUnavailable
        return answer

    def _read(self, answer: Mapping[str, Any], now: datetime) -> ProvenToken | None:
        """Believe an answer only for our API: a provider answers for every other one as well."""
        audience = answer.get("aud")
        named = audience if isinstance(audience, list) else [audience]
        if answer.get("active") is not True or self._settings.api_audience not in named:
            return None
        if answer.get("iss", self._settings.issuer) != self._settings.issuer:
            return None
        if not _is_bearer(answer.get("token_type")):
            return None
        subject = answer.get("sub", answer.get("client_id"))
        expires_at = _time(answer.get("exp"), now + self._keep)
        begins_at = _time(answer.get("nbf"), now)
        if not isinstance(subject, str) or expires_at is None or begins_at is None:
            return None
        if not begins_at <= now < expires_at:
            return None
        scopes = scopes_from(answer, self._settings.api_scope_prefix)
        return ProvenToken(self._settings.issuer, subject, scopes, expires_at)


def _is_bearer(kind: object) -> bool:
    """Whether this is an access token for whoever holds it.

    Some providers call refresh and ID tokens active too, whatever the hint; and a token that is
    bound to a key (`DPoP`, RFC 9449) is worth nothing without the proof.
    """
    return kind is None or (isinstance(kind, str) and kind.lower() == "bearer")


def _time(claim: object, otherwise: datetime) -> datetime | None:
    """Return a time, `otherwise` when none is said, None when what is said is no time."""
    if claim is None:
        return otherwise
    if isinstance(claim, bool) or not isinstance(claim, int | float):
        return None
    try:
        return datetime.fromtimestamp(claim, UTC)
    except (ValueError, OverflowError, OSError):
        return None
