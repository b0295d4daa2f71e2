"""How helpful people find their answers, and whether an experiment's variant is found more so."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from evaluation.bootstrap import Mean
from evaluation.proportions import difference, share
from qa.feedback import ARMS, ArmCounts, ArmName, counts_by_arm
from qa.settings import ExperimentSettings
from security.errors import Forbidden
from security.principal import Principal, Verb


@dataclass(frozen=True, slots=True)
class Arm:
    """What became of the questions of one arm; `share_helpful` is None without a vote."""

    name: ArmName
    counts: ArmCounts
    share_helpful: Mean | None


@dataclass(frozen=True, slots=True)
class Live:
    """The arms of the running experiment, or one arm of all answers when there is none.

    `difference`: by how much B is more helpful than A; None until both have votes.
    """

    experiment: str
    arms: tuple[Arm, ...]
    difference: Mean | None


def live(session: Session, principal: Principal, settings: ExperimentSettings) -> Live:
    """Count the votes of all people by arm; nobody's own votes are told.

    Raises:
        Forbidden: the caller may not administer.
    """
    if not principal.may(Verb.ADMINISTER):
        raise Forbidden
    counts = counts_by_arm(session, principal.tenant_id, settings.name)
    names = ARMS if settings.name else ARMS[:1]
    arms = tuple(_arm(name, counts.get(name, ArmCounts())) for name in names)
    shares = [arm.share_helpful for arm in arms if arm.share_helpful is not None]
    return Live(settings.name, arms, difference(*shares) if len(shares) == len(ARMS) else None)


def _arm(name: ArmName, counts: ArmCounts) -> Arm:
    voted = counts.helpful + counts.unhelpful > 0
    return Arm(name, counts, share(counts.helpful, counts.unhelpful) if voted else None)
