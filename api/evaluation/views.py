"""How evaluations look over the API."""

from collections.abc import Mapping
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from evaluation.store import StoredRun
from evaluation.summary import compare, means, percentiles


class MeanView(BaseModel):
    """A mean with its 95 % interval, over `count` questions."""

    model_config = ConfigDict(from_attributes=True)

    value: float
    low: float
    high: float
    count: int


class EvaluationSummary(BaseModel):
    """An evaluation as a list shows it; `means` are those over all questions."""

    id: str
    name: str
    dataset: str
    at: datetime
    questions: int
    means: Mapping[str, MeanView]


class EvaluationList(BaseModel):
    """All kept evaluations."""

    items: list[EvaluationSummary]


class Evaluation(EvaluationSummary):
    """An evaluation by language (`all`, `en`, `zh`); times are milliseconds by percentile."""

    groups: Mapping[str, Mapping[str, MeanView]]
    times: Mapping[str, Mapping[int, float]]
    subject: Mapping[str, str]


class ComparedView(BaseModel):
    """A measure before and after, over the questions of both; `clear`: zero is ruled out."""

    before: float
    after: float
    difference: MeanView
    clear: bool


class EvaluationComparison(BaseModel):
    """Two evaluations compared, by language; `same_questions`: both asked the same set."""

    before: EvaluationSummary
    after: EvaluationSummary
    same_questions: bool
    groups: Mapping[str, Mapping[str, ComparedView]]


def summary(stored: StoredRun) -> EvaluationSummary:
    """Describe a run in a line."""
    return EvaluationSummary.model_validate(_summarised(stored))


def evaluation(stored: StoredRun) -> Evaluation:
    """Describe a run whole."""
    return Evaluation.model_validate(
        _summarised(stored)
        | {
            "groups": _shown(stored),
            "times": percentiles(stored.run),
            "subject": stored.run.subject,
        }
    )


def comparison(before: StoredRun, after: StoredRun) -> EvaluationComparison:
    """Compare two.

    Raises:
        NotComparable: they share no question.
    """
    groups = {
        group: {
            name: ComparedView(
                before=one.before,
                after=one.after,
                difference=MeanView.model_validate(one.difference),
                clear=one.difference.differs_from_zero,
            )
            for name, one in measures.items()
        }
        for group, measures in compare(before.run, after.run).items()
    }
    return EvaluationComparison(
        before=summary(before),
        after=summary(after),
        same_questions=before.run.dataset_digest == after.run.dataset_digest,
        groups=groups,
    )


def _summarised(stored: StoredRun) -> dict[str, object]:
    run = stored.run
    return {
        "id": stored.id,
        "name": run.name,
        "dataset": run.dataset,
        "at": run.at,
        "questions": len(run.results),
        "means": _shown(stored).get("all", {}),
    }


def _shown(stored: StoredRun) -> dict[str, dict[str, MeanView]]:
    return {
        group: {name: MeanView.model_validate(one) for name, one in measured.items()}
        for group, measured in means(stored.run).items()
    }
