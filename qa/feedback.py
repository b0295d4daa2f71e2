"""What people think of their answers: a thumb up or down for each, taken back at will."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, cast

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from qa.answer import Answer
from qa.errors import AnswerNotFound
from qa.tables import AnswerFeedbackRow
from security.audit import AuditLog
from security.principal import Principal

ArmName = Literal["A", "B"]
"""Of an experiment: B is searched with the variant's settings, A as without an experiment."""
ARMS: Final[tuple[ArmName, ...]] = ("A", "B")


@dataclass(frozen=True, slots=True)
class ArmCounts:
    """What became of the questions of one arm; of nobody in particular."""

    questions: int = 0
    refused: int = 0
    helpful: int = 0
    unhelpful: int = 0


class AnswerFeedback:
    """Keeps one row for each whole answer, without any of its content; never commits."""

    def __init__(self, audit: AuditLog, clock: Callable[[], datetime]) -> None:
        self._audit = audit
        self._clock = clock

    def expect(self, session: Session, principal: Principal, answer: Answer) -> None:
        """Count an answer that is whole, and let its asker say whether it helped."""
        if answer.interrupted:
            return
        session.add(
            AnswerFeedbackRow(
                answer_id=answer.id,
                tenant_id=principal.tenant_id,
                user_id=principal.user_id,
                experiment=answer.experiment,
                arm=answer.arm,
                refused=answer.refused,
                helpful=None,
                at=self._clock(),
            )
        )
        session.flush()

    def give(
        self, session: Session, principal: Principal, answer_id: str, *, helpful: bool | None
    ) -> None:
        """Say whether an answer helped; None takes it back.

        Raises:
            AnswerNotFound: unknown, another person's, or not whole.

        """
        row = session.scalar(
            select(AnswerFeedbackRow)
            .where(
                AnswerFeedbackRow.answer_id == answer_id,
                AnswerFeedbackRow.tenant_id == principal.tenant_id,
                AnswerFeedbackRow.user_id == principal.user_id,
            )
            .with_for_update()
        )
        if row is None:
            raise AnswerNotFound
        row.helpful = helpful
        row.at = self._clock()
        session.flush()
        self._audit.record(
            session,
            principal.tenant_id,
            principal.user_id,
            "answer.feedback",
            answer_id,
            details={"helpful": helpful},
        )


def opinions(
    session: Session, principal: Principal, answer_ids: Sequence[str]
) -> dict[str, bool | None]:
    """Return what the principal said of those of the answers that are theirs and whole."""
    query = select(AnswerFeedbackRow.answer_id, AnswerFeedbackRow.helpful).where(
        AnswerFeedbackRow.tenant_id == principal.tenant_id,
        AnswerFeedbackRow.user_id == principal.user_id,
        AnswerFeedbackRow.answer_id.in_(answer_ids),
    )
    return {row.answer_id: row.helpful for row in session.execute(query)}


def counts_by_arm(session: Session, tenant_id: str, experiment: str) -> dict[ArmName, ArmCounts]:
    """Count the questions of an experiment, or with "" those outside of any, by arm."""
    row = AnswerFeedbackRow
    query = (
        select(
            row.arm,
            func.count(),
            _those(row.refused.is_(True)),
            _those(row.helpful.is_(True)),
            _those(row.helpful.is_(False)),
        )
        .where(row.tenant_id == tenant_id, row.experiment == experiment)
        .group_by(row.arm)
    )
    return {cast("ArmName", arm): ArmCounts(*counts) for arm, *counts in session.execute(query)}


def _those(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count().filter(condition)
