"""A circuit breaker (Nygard, "Release It!"): a server that fails is left alone for a while."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from model.errors import GeneratorUnavailable


class ServerFailed(Exception):
    """The server did not answer, or answered what makes no sense; the text says how.

    `may_retry`: whether the same request may do better at once.
    """

    def __init__(self, reason: str, *, may_retry: bool = True) -> None:
        super().__init__(reason)
        self.may_retry = may_retry


class CircuitBreaker:
    """Closed: requests pass. Open: none do. After a while one passes, and its end decides.

    For the tasks of one event loop, so without a lock.
    """

    def __init__(self, failures_max: int, open_seconds: float, clock: Callable[[], float]) -> None:
        self._failures_max = failures_max
        self._open_seconds = open_seconds
        self._clock = clock
        self._failures = 0
        self._opened_at = 0.0
        self._trying = False

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Pass a request if it may; a `ServerFailed` from inside counts as a failure.

        Raises:
            GeneratorUnavailable: it may not pass.
        """
        self._admit()
        try:
            yield
        except ServerFailed:
            self._failures += 1
            self._opened_at = self._clock()
            raise
        finally:
            self._trying = False

    def answered(self) -> None:
        """Take note that the server works."""
        self._failures = 0
        self._trying = False

    @property
    def is_open(self) -> bool:
        """Whether the server is being left alone, or tried."""
        return self._failures >= self._failures_max

    @property
    def retry_seconds(self) -> float:
        """How long until a request may pass again."""
        return max(0.0, self._opened_at + self._open_seconds - self._clock())

    def _admit(self) -> None:
        if not self.is_open:
            return
        if self._trying or self.retry_seconds > 0:
            reason = f"failed {self._failures} times in a row and is left alone for now"
            raise GeneratorUnavailable(reason, self.retry_seconds)
        self._trying = True
