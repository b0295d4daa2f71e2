"""Intervals by resampling questions.

Efron and Tibshirani, "An Introduction to the Bootstrap", 1993; for pairs, Sakai, "Evaluating
Evaluation Metrics based on the Bootstrap", SIGIR 2006.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

ROUNDS: Final = 2_000
_INTERVAL: Final = 0.95
_BLOCK: Final = 2_000_000
"""Values drawn at once, which bounds the memory."""


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean, or a difference of means, with the interval in which it lies by 95 %."""

    value: float
    low: float
    high: float
    count: int

    def __str__(self) -> str:
        return f"{self.value * 100:.0f} ({self.low * 100:.0f}-{self.high * 100:.0f})"

    @property
    def differs_from_zero(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.low > 0 or self.high < 0


def mean(values: Sequence[float], *, seed: int = 0) -> Mean:
    """Return the mean and its interval; 0 without values. The same values give the same."""
    if not values:
        return Mean(0.0, 0.0, 0.0, 0)
    array = np.asarray(values, np.float64)
    chance = np.random.default_rng(seed)
    rows = max(1, min(ROUNDS, _BLOCK // len(array)))
    means = np.concatenate(
        [
            array[chance.integers(len(array), size=(rows, len(array)))].mean(axis=1)
            for _ in range(-(-ROUNDS // rows))
        ]
    )
    tail = 100 * (1 - _INTERVAL) / 2
    low, high = np.percentile(means, [tail, 100 - tail])
    return Mean(float(array.mean()), float(low), float(high), len(array))


def paired_difference(before: Sequence[float], after: Sequence[float], *, seed: int = 0) -> Mean:
    """Return how much higher `after` is, question by question.

    Raises:
        ValueError: they are not as many.
    """
    return mean([b - a for a, b in zip(before, after, strict=True)], seed=seed)
