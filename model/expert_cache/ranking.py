"""Which experts to let go first: those used least, where recent use counts for more.

An expert's score is the sum of 2^(-age / half-life) over its uses. Its logarithm minus the present
time is the same at any time, so a score changes only when its expert is used. A short half-life is
"least recently used", a long one "least often used".
"""

import math

import numpy as np


class Ranking:
    """Scores of a number of things, and the lowest of those on offer."""

    def __init__(self, size: int, half_life: float) -> None:
        self._half_life = half_life
        self._scores = np.full(size, -math.inf)
        self._offers = np.full(size, math.inf)

    def use(self, thing: int, now: float) -> None:
        """Count a use. Time is in the unit of the half-life."""
        self._scores[thing] = np.logaddexp2(self._scores[thing], now / self._half_life)

    def offer(self, thing: int) -> None:
        """Let it be taken."""
        # What was never used goes first, but an empty place is not taken for it.
        self._offers[thing] = max(self._scores[thing], -1e300)

    def withdraw(self, thing: int) -> None:
        """Keep it."""
        self._offers[thing] = math.inf

    def lowest(self) -> int | None:
        """Return the thing to take; None if there is none on offer."""
        thing = int(self._offers.argmin())
        return None if math.isinf(self._offers[thing]) else thing
