"""An answer's text on its way from the engine's thread to its reader's."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from model.backends.port import FinishReason

PIECES_MAX = 64
"""Unread pieces from which on a sequence pauses, so that an idle reader takes no time from others.

Enough that a reader who is merely slow never pauses one.
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an answer ended."""

    reason: FinishReason
    prompt_tokens: int
    cached_prompt_tokens: int
    completion_tokens: int


class AnswerStream:
    """Pieces of text, then the outcome or an error. One thread writes, one reads."""

    def __init__(self, wake_engine: Callable[[], None]) -> None:
        self._wake_engine = wake_engine
        self._pieces: deque[str] = deque()
        self._changed = threading.Condition()
        self._end: Outcome | Exception | None = None
        self.is_abandoned = False

    @property
    def unread(self) -> int:
        """How many pieces wait for the reader."""
        return len(self._pieces)

    @property
    def is_full(self) -> bool:
        """Whether the reader has fallen far behind."""
        return self.unread >= PIECES_MAX

    def put(self, text: str) -> None:
        """Add a piece; never waits."""
        with self._changed:
            self._pieces.append(text)
            self._changed.notify()

    def end(self, how: Outcome | Exception) -> None:
        """Let the reader come to its end after the last piece."""
        with self._changed:
            self._end = how
            self._changed.notify()

    def pieces(self) -> Iterator[str]:
        """Yield pieces as they come.

        Raises:
            model.errors.ModelError: the answer failed.
        """
        while (piece := self._next()) is not None:
            yield piece
        if isinstance(self._end, Exception):
            raise self._end

    @property
    def outcome(self) -> Outcome:
        """How the answer ended; known once all pieces are read."""
        if not isinstance(self._end, Outcome):
            raise RuntimeError("the answer has not ended")  # noqa: TRY004 - not a wrong type
        return self._end

    def abandon(self) -> None:
        """Read no more: the engine frees what the answer holds."""
        self.is_abandoned = True
        self._wake_engine()

    def _next(self) -> str | None:
        with self._changed:
            self._changed.wait_for(lambda: self._pieces or self._end)
            was_full = self.is_full
            piece = self._pieces.popleft() if self._pieces else None
        if was_full:
            self._wake_engine()
        return piece
