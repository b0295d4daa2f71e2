"""What the tests of the engine share."""

import threading
from collections.abc import Callable

from model.engine.engine import Engine
from model.step import Step
from tests.unit.model.recalling_decoder import (
    SECONDS,
    RecallingDecoder,
    continuation,
)

BLOCK = 4
LONG = [*range(1, 41)]
MakeEngine = Callable[..., Engine]


class Gate:
    """Holds the decoder before each step until told how many may pass."""

    def __init__(self, decoder: RecallingDecoder) -> None:
        self._passes = threading.Semaphore(0)
        self.waiting = threading.Event()
        decoder.before_step = self._before_step

    def open(self, steps: int = 10_000) -> None:
        self.waiting.clear()
        self._passes.release(steps)

    def _before_step(self, step: Step) -> None:
        self.waiting.set()
        assert self._passes.acquire(timeout=SECONDS)


def long_prompt(first: int, count: int = 30) -> list[int]:
    """A prompt that goes on for at least twenty tokens, so that nothing ends too early."""
    for last in range(1, 50):
        prompt = [first, *range(2, count), last]
        if len(continuation(prompt, 20)) == 20:
            return prompt
    raise AssertionError("there is none")
