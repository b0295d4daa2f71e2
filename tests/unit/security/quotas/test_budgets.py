"""Questions and tokens per day, in rows, on both databases."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from security.errors import BudgetSpent
from security.quotas.budgets import DailyBudgets
from security.quotas.subjects import Subject
from security.quotas.tables import DailyUse
from security.settings import BudgetSettings
from security.tables import Tenant
from storage.database import Database

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ADA, BOB, ALL = Subject("user", "t/ada"), Subject("user", "t/bob"), Subject("tenant", "t")
LIMITS = BudgetSettings(questions_per_user=2, questions_per_tenant=3, generated_tokens_per_user=100)


class Day:
    def __init__(self, database: Database) -> None:
        self.now = NOON
        self.database = database
        self.budgets = DailyBudgets(LIMITS, lambda: self.now)

    def ask(self, who: Subject, tokens: int = 0) -> None:
        with self.database.transaction("t") as session:
            self.budgets.admit(session, "t", (who, ALL))
        with self.database.transaction("t") as session:
            self.budgets.spend(session, "t", (who, ALL), tokens)


@pytest.fixture
def day(database: Database) -> Iterator[Day]:
    with database.transaction("t") as session:
        session.add(Tenant(id="t", name="t", created_at=NOON))
    return Day(database)


def test_a_person_s_questions_end_and_begin_anew_at_midnight(day: Day) -> None:
    day.ask(ADA)
    day.ask(ADA)
    with pytest.raises(BudgetSpent) as spent:
        day.ask(ADA)
    assert spent.value.retry_seconds == 12 * 3600
    day.now += timedelta(seconds=spent.value.retry_seconds)
    day.ask(ADA)


def test_a_refused_question_is_not_counted_and_the_tenant_s_limit_is_for_all(day: Day) -> None:
    day.ask(ADA)
    day.ask(ADA)
    for _ in range(3):
        with pytest.raises(BudgetSpent):
            day.ask(ADA)
    day.ask(BOB)
    with pytest.raises(BudgetSpent):
        day.ask(BOB)


def test_tokens_end_a_day_too(day: Day) -> None:
    day.ask(ADA, tokens=100)
    with pytest.raises(BudgetSpent):
        day.ask(ADA)
    day.ask(BOB)


def test_another_process_goes_on_counting(day: Day) -> None:
    day.ask(ADA)
    day.ask(ADA)
    with pytest.raises(BudgetSpent):
        Day(day.database).ask(ADA)


def test_past_days_are_forgotten(day: Day) -> None:
    day.ask(ADA)
    day.now += timedelta(days=1)
    day.ask(BOB)
    with day.database.reading("t") as session:
        assert session.scalar(select(func.count()).select_from(DailyUse)) == 2
