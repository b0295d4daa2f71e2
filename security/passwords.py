"""Hash and check passwords with Argon2id."""

import unicodedata
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from security.errors import PasswordRefused
from security.settings import PasswordSettings


class Passwords:
    """Hashes a bounded number of passwords at once; further callers wait their turn.

    Call it outside a write transaction where possible: one hash takes tens of milliseconds.
    """

    def __init__(self, settings: PasswordSettings) -> None:
        self._settings = settings
        self._hasher = PasswordHasher(
            time_cost=settings.passes, memory_cost=settings.memory_kib, parallelism=settings.lanes
        )
        self._turns = BoundedSemaphore(settings.hashes_at_once_max)
        self._of_nobody = self._hasher.hash("nobody has this password")

    def check(self, password: str) -> None:
        """Check that a new password may be used.

        Raises:
            PasswordRefused: too short or too long.
        """
        least, most = self._settings.characters_min, self._settings.characters_max
        if not least <= len(password) <= most:
            detail = f"A password needs {least} to {most} characters."
            raise PasswordRefused(detail)

    def hash(self, password: str) -> str:
        """Return what to store for a new password.

        Raises:
            PasswordRefused: too short or too long.
        """
        self.check(password)
        return self.rehash(password)

    def rehash(self, password: str) -> str:
        """Hash a password that was accepted before, perhaps under other limits."""
        with self._turns:
            return self._hasher.hash(_normal(password))

    def verify(self, stored: str | None, password: str) -> bool:
        """Whether `password` has the hash `stored`; None, for no such user, takes as long."""
        fits = len(password) <= self._settings.characters_max
        checked = _normal(password) if fits else ""
        with self._turns:
            try:
                matches = self._hasher.verify(stored or self._of_nobody, checked)
            except (VerificationError, InvalidHashError):
                return False
        return matches and fits and stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Whether a hash was made with other costs than those now set."""
        return self._hasher.check_needs_rehash(stored)


def _normal(password: str) -> bytes:
    # Keyboards and input methods write the same character in several ways (NIST SP 800-63B).
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
