"""Sign-ins under way: kept here, not in the browser, and good for one answer."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_urlsafe
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from security.keyring import KeyRing
from security.oidc.settings import OidcSettings
from security.oidc.tables import SignInAttempt
from security.places import Place

_SECRET_BYTES: Final = 32
_VERIFIER_BYTES: Final = 48


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sign-in: what the provider's answer is held against.

    `state` is what the provider gives back, `next_page` where the person wanted to go.
    """

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    next_page: str


class Attempts:
    """Begins sign-ins and takes their answers, each in the caller's transaction."""

    def __init__(
        self, keyring: KeyRing, limits: OidcSettings, clock: Callable[[], datetime]
    ) -> None:
        self._keyring = keyring
        self._life = timedelta(seconds=limits.sign_in_seconds_max)
        self._open_max = limits.sign_ins_open_max
        self._clock = clock

    def begin(
        self, session: Session, tenant_id: str, provider: str, browser: str, next_page: str
    ) -> Attempt:
        """Store a new attempt of the browser that holds the secret `browser`."""
        now = self._clock()
        session.execute(delete(SignInAttempt).where(SignInAttempt.expires_at <= now))
        self._make_room(session, tenant_id)
        attempt = Attempt(
            state=token_urlsafe(_SECRET_BYTES),
            nonce=token_urlsafe(_SECRET_BYTES),
            verifier=token_urlsafe(_VERIFIER_BYTES),
            next_page=next_page,
        )
        secrets = [attempt.nonce, attempt.verifier, attempt.next_page]
        row_id = _hash(attempt.state).hex()
        fields = self._keyring.tenant(session, tenant_id).fields
        row = SignInAttempt(
            id=row_id,
            browser_hash=_hash(browser),
            tenant_id=tenant_id,
            provider=provider,
            sealed=fields.seal(_place(row_id), json.dumps(secrets).encode()),
            expires_at=now + self._life,
        )
        session.add(row)
        session.flush()
        return attempt

    def take(
        self, session: Session, tenant_id: str, provider: str, browser: str, state: str
    ) -> Attempt | None:
        """Return the attempt of that state and delete it; a second answer finds none.

        None: it is over, was answered before, or is another provider's or browser's. The row is
        gone in any case, so commit this before the answer is looked at.
        """
        row = session.get(SignInAttempt, _hash(state).hex(), with_for_update=True)
        if row is None:
            return None
        session.delete(row)
        session.flush()
        fits = (row.tenant_id, row.provider, row.browser_hash) == (
            tenant_id,
            provider,
            _hash(browser),
        )
        if not fits or row.expires_at <= self._clock():
            return None
        fields = self._keyring.tenant(session, tenant_id).fields
        nonce, verifier, next_page = json.loads(fields.open(_place(row.id), row.sealed))
        return Attempt(state, nonce, verifier, next_page)

    def _make_room(self, session: Session, tenant_id: str) -> None:
        """Drop the oldest attempts over the limit: anybody may begin one, and few end."""
        newest = (
            select(SignInAttempt.expires_at)
            .where(SignInAttempt.tenant_id == tenant_id)
            .order_by(SignInAttempt.expires_at.desc())
            .offset(self._open_max - 1)
            .limit(1)
        )
        oldest_kept = session.scalar(newest)
        if oldest_kept is not None:
            full = (SignInAttempt.tenant_id == tenant_id, SignInAttempt.expires_at <= oldest_kept)
            session.execute(delete(SignInAttempt).where(*full))


def new_browser_secret() -> str:
    """Return a secret by which a browser that begins a sign-in is known again."""
    return token_urlsafe(_SECRET_BYTES)


def _hash(secret: str) -> bytes:
    return sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _place(row_id: str) -> Place:
    return Place("sign_in_attempts", row_id, "sealed")
