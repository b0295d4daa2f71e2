"""Slow down guessing: count failed sign-ins per name and per address."""

import unicodedata
from collections import OrderedDict, deque
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from ipaddress import IPv6Address, IPv6Network, ip_address
from math import ceil
from threading import Lock
from typing import Final

from security.errors import TooManyAttempts
from security.settings import SessionSettings

_SUBJECTS_MAX: Final = 10_000


class SignInThrottle:
    """Failures of the last minutes, in this process's memory.

    An attempt counts as failed until `succeeded` takes it back, so a burst of parallel guesses
    is limited too. A refused attempt does not count: the pause ends on time.
    """

    def __init__(self, settings: SessionSettings, clock: Callable[[], datetime]) -> None:
        self._settings = settings
        self._clock = clock
        self._failures: OrderedDict[bytes, deque[float]] = OrderedDict()
        self._lock = Lock()

    def attempt(self, tenant_id: str, name: str, address: str) -> None:
        """Count one attempt.

        Raises:
            TooManyAttempts: this name or this address has failed too often; says when to retry.
        """
        now = self._clock().timestamp()
        per_name = self._settings.failures_per_name_max
        per_address = self._settings.failures_per_address_max
        with self._lock:
            subjects = [
                (self._recent(_by_name(tenant_id, name), now), per_name),
                (self._recent(_by_address(address), now), per_address),
            ]
            waits = [past[-most] for past, most in subjects if len(past) >= most]
            if waits:
                raise TooManyAttempts(
                    ceil(max(waits) + self._settings.failure_window_seconds - now)
                )
            for past, _ in subjects:
                past.append(now)

    def succeeded(self, tenant_id: str, name: str, address: str) -> None:
        """Forget the name's failures, and this attempt among the address's."""
        with self._lock:
            self._failures.pop(_by_name(tenant_id, name), None)
            if past := self._failures.get(_by_address(address)):
                past.pop()

    def _recent(self, key: bytes, now: float) -> deque[float]:
        past = self._failures.setdefault(key, deque())
        self._failures.move_to_end(key)
        while past and past[0] <= now - self._settings.failure_window_seconds:
            past.popleft()
        while len(self._failures) > _SUBJECTS_MAX:
            self._failures.popitem(last=False)
        return past


def _by_name(tenant_id: str, name: str) -> bytes:
    # Hashed: whatever a caller sends as a name takes 32 bytes, and none is kept readable. Widths
    # and compositions of the same name count together, as `accounts.normal_name` sees them.
    return _digest("name", tenant_id, unicodedata.normalize("NFKC", name))


def _by_address(address: str) -> bytes:
    # One IPv6 subscriber has a whole /64 to call from.
    try:
        parsed = ip_address(address)
    except ValueError:
        return _digest("address", address)
    if isinstance(parsed, IPv6Address):
        address = str(IPv6Network((parsed, 64), strict=False))
    return _digest("address", address)


def _digest(*parts: str) -> bytes:
    return sha256(repr(parts).encode()).digest()
