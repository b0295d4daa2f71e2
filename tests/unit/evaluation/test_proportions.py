"""Intervals of shares, against the numbers of the papers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.proportions import difference, share

COUNTS = st.integers(0, 500)


def test_shares_as_in_newcombes_table():
    # Newcombe (1998), table II, contrasts (a) 56/70 - 48/80 and (e) 10/10 - 0/20, method 10.
    change = difference(share(48, 32), share(56, 14))
    assert (change.value, change.low, change.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)
    sure = difference(share(0, 20), share(10, 0))
    assert (sure.value, sure.low, sure.high) == pytest.approx((1, 0.6791, 1), abs=5e-5)


def test_wilson_as_in_newcombes_other_table():
    # Newcombe, "Two-sided confidence intervals for the single proportion" (1998), method 3.
    for yes, votes, low, high in ((81, 263, 0.2553, 0.3662), (0, 20, 0, 0.1611)):
        found = share(yes, votes - yes)
        assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


def test_without_votes_nothing_is_known():
    assert (share(0, 0).low, share(0, 0).high, share(0, 0).count) == (0, 1, 0)


@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_an_interval_holds_what_was_found_and_the_difference_turns_round(a, b, c, d):
    one, other = share(a, b + 1), share(c, d + 1)
    assert 0 <= one.low <= one.value <= one.high <= 1
    there, back = difference(one, other), difference(other, one)
    assert there.low <= there.value <= there.high
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))
