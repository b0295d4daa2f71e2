"""Requests per minute, in this process's memory: constant work and little memory a request."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from threading import Lock
from typing import Final

from security.errors import TooManyRequests
from security.quotas.subjects import Subject
from security.settings import RateSettings

WINDOW_SECONDS: Final = 60
_SUBJECTS_MAX: Final = 100_000


@dataclass(frozen=True, slots=True)
class Rate:
    """What is left to one subject, in the words of the RateLimit header fields."""

    policy: str
    quota: int
    remaining: int
    reset_seconds: int


@dataclass(slots=True)
class _Count:
    window: int = 0
    now: int = 0
    before: int = 0


class RequestRates:
    """A sliding window, estimated from this minute's count and its share of the last one's.

    A refused request is not counted, so who keeps asking is let in again on time.
    """

    def __init__(self, settings: RateSettings, clock: Callable[[], datetime]) -> None:
        self._quotas = {
            "user": settings.requests_per_minute_per_user,
            "token": settings.requests_per_minute_per_token,
            "tenant": settings.requests_per_minute_per_tenant,
        }
        self._clock = clock
        self._counts: OrderedDict[Subject, _Count] = OrderedDict()
        self._lock = Lock()

    def count(self, subjects: Sequence[Subject]) -> tuple[Rate, ...]:
        """Count one request for all `subjects`; return what is left to each.

        Raises:
            TooManyRequests: one of them has made too many; says when to try again.
        """
        now = self._clock().timestamp()
        with self._lock:
            counts = [self._current(subject, int(now // WINDOW_SECONDS)) for subject in subjects]
            passed = now % WINDOW_SECONDS
            used = [_used(count, passed) for count in counts]
            waits = [
                _wait(count, self._quotas[subject.kind], passed)
                for subject, count, spent in zip(subjects, counts, used, strict=True)
                if spent + 1 > self._quotas[subject.kind]
            ]
            if waits:
                raise TooManyRequests(max(waits))
            for count in counts:
                count.now += 1
        reset = ceil(WINDOW_SECONDS - passed)
        return tuple(
            Rate(one.kind, quota, max(0, int(quota - spent - 1)), reset)
            for one, spent in zip(subjects, used, strict=True)
            for quota in (self._quotas[one.kind],)
        )

    def _current(self, subject: Subject, window: int) -> _Count:
        count = self._counts.setdefault(subject, _Count(window))
        self._counts.move_to_end(subject)
        if count.window != window:
            count.before = count.now if count.window == window - 1 else 0
            count.window, count.now = window, 0
        while len(self._counts) > _SUBJECTS_MAX:
            self._counts.popitem(last=False)
        return count


def _used(count: _Count, passed: float) -> float:
    return count.now + count.before * (1 - passed / WINDOW_SECONDS)


def _wait(count: _Count, quota: int, passed: float) -> int:
    """Return the seconds until one more request fits."""
    if count.now < quota and count.before:
        share = (quota - 1 - count.now) / count.before
        return max(1, ceil(WINDOW_SECONDS * (1 - share) - passed))
    # The next minute begins with this one's count, which has to fade first.
    return max(1, ceil(WINDOW_SECONDS - passed + WINDOW_SECONDS * (1 - (quota - 1) / count.now)))
