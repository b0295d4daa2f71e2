"""From the scores of single answers to a table with intervals."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

from evaluation.answer_scores import (
    cited_numbers,
    exact_match,
    f1,
    holds_answer,
    is_refusal,
    without_citations,
)
from evaluation.cases import Case

_ROUNDS: Final = 1_000
_INTERVAL: Final = 0.95


@dataclass(frozen=True, slots=True)
class Score:
    """What one answer was worth; all but `refused` are 0 where the question has no answer.

    `cited`: at least one passage is cited, and no other than gold ones. `held`: an expected
    answer stands in the text, which is how a whole sentence can be right.
    """

    exact: float
    f1: float
    held: float
    cited: float
    refused: float


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean with the interval in which it lies by 95 %, resampled (bootstrap)."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value * 100:.0f} ({self.low * 100:.0f}-{self.high * 100:.0f})"


def score(case: Case, text: str) -> Score:
    """Judge what a model wrote."""
    refused = is_refusal(text)
    if not case.answerable or refused:
        return Score(0.0, 0.0, 0.0, 0.0, float(refused))
    said, cited = without_citations(text), cited_numbers(text)
    return Score(
        exact=float(exact_match(said, case.answers)),
        f1=f1(said, case.answers),
        held=float(holds_answer(said, case.answers)),
        cited=float(bool(cited) and cited <= case.gold),
        refused=0.0,
    )


def mean(values: Sequence[float], *, seed: int = 0) -> Mean:
    """Return the mean and its interval; 0 without values."""
    if not values:
        return Mean(0.0, 0.0, 0.0)
    chance = random.Random(seed)  # noqa: S311 - no secret
    means = sorted(fmean(chance.choices(values, k=len(values))) for _ in range(_ROUNDS))
    cut = round(_ROUNDS * (1 - _INTERVAL) / 2)
    return Mean(fmean(values), means[cut], means[-cut - 1])
