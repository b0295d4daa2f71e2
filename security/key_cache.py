"""Unwrapped keys in memory, bounded in number."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

Name = TypeVar("Name", bound=Hashable)
Wrapped = TypeVar("Wrapped", bytes, tuple[bytes, ...])
Value = TypeVar("Value")


class KeyCache(Generic[Name, Wrapped, Value]):
    """The most recently used unwrapped keys, each valid for exactly the wrapped form it came from.

    Two threads may unwrap the same key at once; that costs time, not correctness.
    """

    def __init__(self, entries_max: int) -> None:
        self._entries_max = entries_max
        self._entries: OrderedDict[Name, tuple[Wrapped, Value]] = OrderedDict()
        self._lock = Lock()

    def get(self, name: Name, wrapped: Wrapped, unwrap: Callable[[], Value]) -> Value:
        """Return the key kept for `name` if it came from `wrapped`, else unwrap and keep it."""
        known = self.known(name, wrapped)
        if known is not None:
            return known
        value = unwrap()
        with self._lock:
            self._entries[name] = (wrapped, value)
            self._entries.move_to_end(name)
            while len(self._entries) > self._entries_max:
                self._entries.popitem(last=False)
        return value

    def known(self, name: Name, wrapped: Wrapped) -> Value | None:
        """Return the key kept for `name` if it came from `wrapped`."""
        with self._lock:
            entry = self._entries.get(name)
            if entry and entry[0] == wrapped:
                self._entries.move_to_end(name)
                return entry[1]
        return None

    def drop(self, name: Name) -> None:
        """Forget a key."""
        with self._lock:
            self._entries.pop(name, None)
