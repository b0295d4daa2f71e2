"""Requests per minute: a sliding window for each person, token and tenant."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from security.errors import TooManyRequests
from security.principal import Principal
from security.quotas.rates import RequestRates
from security.quotas.subjects import Subject, subjects_of
from security.settings import RateSettings

ADA = Subject("user", "t/ada")
BOB = Subject("user", "t/bob")
TENANT = Subject("tenant", "t")


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def make(clock: Clock, user: int = 10, tenant: int = 1000, token: int = 5) -> RequestRates:
    settings = RateSettings(
        requests_per_minute_per_user=user,
        requests_per_minute_per_tenant=tenant,
        requests_per_minute_per_token=token,
    )
    return RequestRates(settings, clock)


def test_a_person_is_refused_after_the_limit_and_others_are_not() -> None:
    rates = make(Clock())
    for left in reversed(range(10)):
        (rate,) = rates.count([ADA])
        assert (rate.policy, rate.quota, rate.remaining) == ("user", 10, left)
    with pytest.raises(TooManyRequests):
        rates.count([ADA])
    rates.count([BOB])


def test_the_tenant_s_limit_holds_for_all_together() -> None:
    rates = make(Clock(), tenant=3)
    for who in (ADA, BOB, ADA):
        rates.count([who, TENANT])
    with pytest.raises(TooManyRequests):
        rates.count([BOB, TENANT])


def test_a_refused_request_counts_for_nobody() -> None:
    clock = Clock()
    rates = make(clock, user=1)
    rates.count([ADA, TENANT])
    for _ in range(50):
        with pytest.raises(TooManyRequests):
            rates.count([ADA, TENANT])
    assert rates.count([TENANT])[0].remaining == 998


@given(st.lists(st.floats(0, 40), min_size=20, max_size=60), st.integers(1, 8))
def test_who_waits_as_told_is_let_in(pauses: list[float], quota: int) -> None:
    clock = Clock()
    rates = make(clock, user=quota)
    waits = []
    for pause in pauses:
        clock.now += timedelta(seconds=pause / 10)
        try:
            rates.count([ADA])
        except TooManyRequests as refused:
            waits.append(refused.retry_seconds)
            clock.now += timedelta(seconds=refused.retry_seconds)
            rates.count([ADA])
    assert all(1 <= wait <= 120 for wait in waits)


def test_no_window_of_a_minute_holds_twice_the_limit() -> None:
    clock = Clock()
    clock.now += timedelta(seconds=59)
    rates = make(clock)
    for _ in range(10):
        rates.count([ADA])
    clock.now += timedelta(seconds=2)  # the next minute, when a fixed window would begin anew
    with pytest.raises(TooManyRequests):
        for _ in range(3):
            rates.count([ADA])


def test_a_token_counts_without_being_kept() -> None:
    principal = Principal("t", "ada", "Ada", {})
    user, token, tenant = subjects_of(principal, "sbk_secret")
    assert (user, tenant) == (ADA, TENANT)
    assert "secret" not in str(token)
    assert subjects_of(principal, None) == (ADA, TENANT)
