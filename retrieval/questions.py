"""The vectors of questions: those that come while the processor is busy share one pass.

A pass over eight questions takes three times as long as over one. So on a busy machine a question
is not embedded at once: searches that have their vector go first, and what has come by the time
that one core is free again is embedded together. A question that comes alone waits for nothing.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from threading import Condition

import numpy as np
from numpy.typing import NDArray

from retrieval.embedding.port import Embedder

Vector = NDArray[np.float32]


class Questions:
    """Embeds questions of searches; safe to share between threads.

    `at_once` is how many searches may be under way without holding up questions, one a core;
    `wait_seconds_max` bounds how long they hold up one, since a search may itself wait.
    """

    def __init__(self, embedder: Embedder, at_once: int, wait_seconds_max: float) -> None:
        self._embedder = embedder
        self._at_once = at_once
        self._wait_seconds_max = wait_seconds_max
        self._changed = Condition()
        self._waiting: list[tuple[str, Future[Vector]]] = []
        self._under_way = 0

    def __len__(self) -> int:
        """Count the questions that wait for their pass."""
        return len(self._waiting)

    @contextmanager
    def search(self, question: str) -> Iterator[Vector]:
        """Lend the question's vector to a search, which is under way until the block ends.

        Raises:
            EmbedderError: it cannot be embedded; so can none of those that shared its pass.
        """
        result = Future[Vector]()
        with self._changed:
            self._waiting.append((question, result))
            is_first = len(self._waiting) == 1
        if is_first:  # it takes the others along
            self._embed(self._taken())
        try:
            yield result.result()
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()

    def _taken(self) -> Sequence[tuple[str, Future[Vector]]]:
        with self._changed:
            self._changed.wait_for(lambda: self._under_way < self._at_once, self._wait_seconds_max)
            taken, self._waiting = self._waiting, []
            self._under_way += len(taken)
        return taken

    def _embed(self, taken: Sequence[tuple[str, Future[Vector]]]) -> None:
        try:
            vectors = self._embedder.embed_queries([question for question, _ in taken])
        except Exception as error:  # noqa: BLE001 - it belongs to those who wait
            for _, result in taken:
                result.set_exception(error)
        else:
            for (_, result), vector in zip(taken, vectors, strict=True):
                result.set_result(vector)
