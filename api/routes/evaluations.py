"""Evaluations that are kept: their measures, and two compared."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.caller import CallerOf
from api.evaluation import live_views, views
from evaluation.live import live
from evaluation.runs import Run

router = APIRouter(prefix="/v1/evaluations", tags=["evaluations"])


@router.get("")
def list_evaluations(caller: CallerOf) -> views.EvaluationList:
    """List the kept evaluations, the newest first, with the means of all questions."""
    with caller.reading() as visit:
        found = caller.state.evaluations.all(visit.session, visit.principal)
    return views.EvaluationList(items=[views.summary(stored) for stored in found])


@router.post("", status_code=201)
def keep_evaluation(run: Run, caller: CallerOf) -> views.EvaluationSummary:
    """Keep what `sourcebook eval run` measured."""
    with caller.writing() as visit:
        stored = caller.state.evaluations.add(visit.session, visit.principal, run)
    return views.summary(stored)


@router.get("/comparison")
def compare_evaluations(
    caller: CallerOf,
    before: Annotated[str, Query(description="The id of an evaluation.")],
    after: Annotated[str, Query(description="The id of another.")],
) -> views.EvaluationComparison:
    """Compare two, by the questions that both have, with intervals of the differences."""
    with caller.reading() as visit:
        first = caller.state.evaluations.get(visit.session, visit.principal, before)
        second = caller.state.evaluations.get(visit.session, visit.principal, after)
    return views.comparison(first, second)


@router.get("/live")
def live_evaluation(caller: CallerOf) -> live_views.LiveEvaluation:
    """Count how helpful people find their answers, by arm of the running experiment."""
    experiment = caller.state.settings.answers.experiment
    with caller.reading() as visit:
        found = live(visit.session, visit.principal, experiment)
    return live_views.live_evaluation(found)


@router.get("/{evaluation_id}")
def get_evaluation(evaluation_id: str, caller: CallerOf) -> views.Evaluation:
    """Show one: means by language with intervals, percentiles of times, what was measured."""
    with caller.reading() as visit:
        stored = caller.state.evaluations.get(visit.session, visit.principal, evaluation_id)
    return views.evaluation(stored)


@router.delete("/{evaluation_id}", status_code=204)
def delete_evaluation(evaluation_id: str, caller: CallerOf) -> None:
    """Delete one."""
    with caller.writing() as visit:
        caller.state.evaluations.delete(visit.session, visit.principal, evaluation_id)
