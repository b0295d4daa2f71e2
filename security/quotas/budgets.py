"""Questions and generated tokens per day, counted in rows."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time, timedelta
from math import ceil

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from security.errors import BudgetSpent
from security.quotas.subjects import Subject
from security.quotas.tables import DailyUse
from security.settings import BudgetSettings


class DailyBudgets:
    """Counts for each subject of a question; a day is one of UTC.

    A question counts when it is asked. Its tokens are known once it is answered, so a day may end
    above its token limit by the answers that were being written.
    """

    def __init__(self, settings: BudgetSettings, clock: Callable[[], datetime]) -> None:
        self._limits = {
            "user": (settings.questions_per_user, settings.generated_tokens_per_user),
            "token": (settings.questions_per_token, settings.generated_tokens_per_token),
            "tenant": (settings.questions_per_tenant, settings.generated_tokens_per_tenant),
        }
        self._clock = clock

    def admit(self, session: Session, tenant_id: str, subjects: Sequence[Subject]) -> None:
        """Count one question.

        Raises:
            BudgetSpent: one of `subjects` has none left today; the transaction must not commit.
        """
        for subject in subjects:
            questions, tokens = self._add(session, tenant_id, subject, questions=1)
            questions_max, tokens_max = self._limits[subject.kind]
            if questions == 1:
                self._forget_past_days(session, tenant_id)
            if questions > questions_max or tokens >= tokens_max:
                raise BudgetSpent(self._seconds_left())

    def spend(
        self, session: Session, tenant_id: str, subjects: Sequence[Subject], tokens: int
    ) -> None:
        """Count the tokens of an answer."""
        for subject in subjects:
            self._add(session, tenant_id, subject, generated_tokens=tokens)

    def _add(
        self,
        session: Session,
        tenant_id: str,
        subject: Subject,
        *,
        questions: int = 0,
        generated_tokens: int = 0,
    ) -> tuple[int, int]:
        insert = postgresql.insert if _is_postgresql(session) else sqlite.insert
        row = {"tenant_id": tenant_id, "subject": str(subject), "day": self._clock().date()}
        added = insert(DailyUse).values(
            **row, questions=questions, generated_tokens=generated_tokens
        )
        counted = added.on_conflict_do_update(
            index_elements=list(row),
            set_={
                "questions": DailyUse.questions + questions,
                "generated_tokens": DailyUse.generated_tokens + generated_tokens,
            },
        ).returning(DailyUse.questions, DailyUse.generated_tokens)
        asked, tokens = session.execute(counted).one()
        return asked, tokens

    def _forget_past_days(self, session: Session, tenant_id: str) -> None:
        past = DailyUse.day < self._clock().date()
        session.execute(delete(DailyUse).where(DailyUse.tenant_id == tenant_id, past))

    def _seconds_left(self) -> int:
        now = self._clock()
        tomorrow = datetime.combine(now.date() + timedelta(days=1), time(), UTC)
        return ceil((tomorrow - now).total_seconds())


def _is_postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"
