"""What single answers over fixed passages were worth."""

from dataclasses import dataclass

from evaluation.answer_scores import (
    cited_numbers,
    exact_match,
    f1,
    holds_answer,
    is_refusal,
    without_citations,
)
from evaluation.cases import Case


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
