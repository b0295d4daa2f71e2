"""Shares of yes among few votes, with intervals that hold for few votes, too.

Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 22 (1927); for
the difference of two, Newcombe, "Interval estimation for the difference between independent
proportions", Statistics in Medicine 17 (1998), method 10. Both take votes as independent.
"""

from math import sqrt
from statistics import NormalDist
from typing import Final

from evaluation.bootstrap import Mean

_Z: Final = NormalDist().inv_cdf(0.975)
"""Standard deviations on both sides of a mean between which 95 % lie."""


def share(yes: int, no: int) -> Mean:
    """Return the share of yes with its interval; 0 between 0 and 1 without votes."""
    votes = yes + no
    if votes == 0:
        return Mean(0.0, 0.0, 1.0, 0)
    value = yes / votes
    middle = (yes + _Z**2 / 2) / (votes + _Z**2)
    reach = _Z / (votes + _Z**2) * sqrt(yes * no / votes + _Z**2 / 4)
    return Mean(value, max(0.0, middle - reach), min(1.0, middle + reach), votes)


def difference(before: Mean, after: Mean) -> Mean:
    """Return how much higher the share `after` is; `count` is the number of votes of both."""
    value = after.value - before.value
    low = value - sqrt((after.value - after.low) ** 2 + (before.high - before.value) ** 2)
    high = value + sqrt((after.high - after.value) ** 2 + (before.value - before.low) ** 2)
    return Mean(value, low, high, before.count + after.count)
