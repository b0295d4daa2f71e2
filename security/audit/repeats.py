"""Remember what was just recorded, so that a person who reads on leaves one entry and not many."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

_KEYS_MAX: Final = 10_000


class Repeats:
    """What was recorded within the last `window_seconds`, in this process's memory."""

    def __init__(self, window_seconds: float, clock: Callable[[], datetime]) -> None:
        self._window = timedelta(seconds=window_seconds)
        self._clock = clock
        self._seen: OrderedDict[tuple[str, ...], datetime] = OrderedDict()
        self._lock = Lock()

    @contextmanager
    def once(self, *key: str) -> Iterator[bool]:
        """Tell whether `key` is new; it counts as recorded when the block ends well."""
        now = self._clock()
        with self._lock:
            before = self._seen.get(key)
        is_new = before is None or now - before >= self._window
        yield is_new
        if is_new:
            self._note(key, now)

    def _note(self, key: tuple[str, ...], now: datetime) -> None:
        with self._lock:
            self._seen[key] = now
            self._seen.move_to_end(key)
            while len(self._seen) > _KEYS_MAX:
                self._seen.popitem(last=False)
