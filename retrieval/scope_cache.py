"""Permission lists that were collected before, kept until anybody's rights change.

The key holds the tenant's permission epoch, a row that changes in the transaction of each change
of rights, so what another process revoked is not found here any more. Nothing is kept of what a
writing transaction sees: it may be rolled back.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Final
from weakref import WeakKeyDictionary

from sqlalchemy.orm import Session

KEPT_MAX: Final = 256
"""Scopes for each database; one of ten thousand lists takes about a megabyte."""


@dataclass(frozen=True, slots=True)
class Key:
    """All that decides which lists admit somebody: `denied` and `allowed` are names in them."""

    tenant_id: str
    epoch: int
    allowed: frozenset[str]
    denied: frozenset[str]
    passes_all: bool


class ScopeCache:
    """The scopes used last; safe to share between threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Key, frozenset[int]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Key, collect: Callable[[], frozenset[int]]) -> frozenset[int]:
        """Return what is kept, or what `collect` finds."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        found = collect()
        with self._lock:
            self._kept[key] = found
            if len(self._kept) > KEPT_MAX:
                self._kept.popitem(last=False)
        return found


class _Nothing(ScopeCache):
    """Keeps nothing."""

    def get(self, key: Key, collect: Callable[[], frozenset[int]]) -> frozenset[int]:  # noqa: ARG002 - the signature of its base
        """Return what `collect` finds."""
        return collect()


_NOTHING: Final = _Nothing()
_caches: WeakKeyDictionary[object, ScopeCache] = WeakKeyDictionary()
_guard: Final = Lock()


def cache_of(session: Session) -> ScopeCache:
    """Return the cache of the session's database; one that keeps nothing if it may write."""
    engine = session.get_bind()
    if not engine.get_execution_options().get("reading", False):
        return _NOTHING
    with _guard:
        return _caches.setdefault(engine, ScopeCache())
