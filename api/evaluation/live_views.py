"""How the votes on live answers look over the API."""

from typing import Literal

from pydantic import BaseModel

from api.evaluation.views import MeanView
from evaluation.live import Arm, Live


class LiveArm(BaseModel):
    """The whole answers of one arm; `share_helpful` is null without a vote."""

    arm: Literal["A", "B"]
    questions: int
    refused: int
    helpful: int
    unhelpful: int
    share_helpful: MeanView | None


class LiveEvaluation(BaseModel):
    """Votes on live answers, by arm of the experiment; one arm without an experiment.

    `difference`: by how much B is more helpful than A, null until both have votes; `clear`: its
    95 % interval leaves zero out.
    """

    experiment: str | None
    arms: list[LiveArm]
    difference: MeanView | None
    clear: bool


def live_evaluation(live: Live) -> LiveEvaluation:
    """Show the counts."""
    change = live.difference
    return LiveEvaluation(
        experiment=live.experiment or None,
        arms=[_arm(arm) for arm in live.arms],
        difference=change and MeanView.model_validate(change),
        clear=change is not None and change.differs_from_zero,
    )


def _arm(arm: Arm) -> LiveArm:
    counts, share = arm.counts, arm.share_helpful
    return LiveArm(
        arm=arm.name,
        questions=counts.questions,
        refused=counts.refused,
        helpful=counts.helpful,
        unhelpful=counts.unhelpful,
        share_helpful=share and MeanView.model_validate(share),
    )
