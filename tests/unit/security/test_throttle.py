from datetime import UTC, datetime, timedelta

import pytest

from security.errors import TooManyAttempts
from security.settings import SessionSettings
from security.throttle import SignInThrottle

START = datetime(2026, 11, 22, tzinfo=UTC)


class Wall:
    now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def throttle(wall: Wall) -> SignInThrottle:
    limits = SessionSettings(
        failures_per_name_max=3, failures_per_address_max=5, failure_window_seconds=60
    )
    return SignInThrottle(limits, wall)


def test_a_name_is_paused_from_every_address_and_for_as_long_as_said(
    throttle: SignInThrottle, wall: Wall
) -> None:
    for number in range(3):
        throttle.attempt("t", "ada", f"10.0.0.{number}")
        wall.now += timedelta(seconds=10)
    with pytest.raises(TooManyAttempts) as refused:
        throttle.attempt("t", "ada", "10.0.0.9")
    assert refused.value.retry_seconds == 30
    wall.now += timedelta(seconds=29)
    with pytest.raises(TooManyAttempts):
        throttle.attempt("t", "ada", "10.0.0.9")
    wall.now += timedelta(seconds=1)
    throttle.attempt("t", "ada", "10.0.0.9")


def test_an_address_is_paused_for_every_name(throttle: SignInThrottle) -> None:
    for number in range(5):
        throttle.attempt("t", f"user{number}", "10.0.0.1")
    with pytest.raises(TooManyAttempts):
        throttle.attempt("t", "another", "10.0.0.1")
    throttle.attempt("t", "another", "10.0.0.2")


def test_one_ipv6_network_is_one_address(throttle: SignInThrottle) -> None:
    for number in range(5):
        throttle.attempt("t", f"user{number}", f"2001:db8::{number}")
    with pytest.raises(TooManyAttempts):
        throttle.attempt("t", "another", "2001:db8::ffff")
    throttle.attempt("t", "another", "2001:db8:0:1::1")


def test_the_same_name_written_otherwise_counts_too(throttle: SignInThrottle) -> None:
    for name in ("ada", "ａda", "aｄa"):
        throttle.attempt("t", name, "10.0.0.1")
    with pytest.raises(TooManyAttempts):
        throttle.attempt("t", "ada", "10.0.0.2")


def test_success_forgives_the_name_but_not_the_address(throttle: SignInThrottle) -> None:
    for _ in range(2):
        throttle.attempt("t", "ada", "10.0.0.1")
        throttle.attempt("t", "bob", "10.0.0.1")
    throttle.attempt("t", "ada", "10.0.0.1")
    throttle.succeeded("t", "ada", "10.0.0.1")
    throttle.attempt("t", "ada", "10.0.0.2")
    throttle.attempt("t", "eve", "10.0.0.1")
    with pytest.raises(TooManyAttempts):
        throttle.attempt("t", "fay", "10.0.0.1")


def test_tenants_do_not_pause_each_other(throttle: SignInThrottle) -> None:
    for number in range(3):
        throttle.attempt("t", "ada", f"10.0.0.{number}")
    throttle.attempt("other", "ada", "10.0.0.4")


def test_memory_is_bounded(throttle: SignInThrottle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("security.throttle._SUBJECTS_MAX", 4)
    for number in range(20):
        throttle.attempt("t", f"user{number}", f"10.0.0.{number}")
    assert len(throttle._failures) == 4
