import numpy as np
import pytest

from evaluation.bootstrap import mean, paired_difference


def test_a_mean_comes_with_its_interval() -> None:
    many = mean([0.0, 1.0] * 50)
    assert many.value == 0.5
    assert 0.38 < many.low < 0.45
    assert 0.55 < many.high < 0.62
    assert mean([0.0, 1.0] * 50) == many
    assert mean([]).value == 0
    assert str(mean([1.0, 1.0])) == "100 (100-100)"


def test_pairs_see_a_difference_that_means_hide() -> None:
    easy_and_hard = np.random.default_rng(1).random(200)
    before, after = easy_and_hard.tolist(), (easy_and_hard + 0.02).tolist()
    paired = paired_difference(before, after)
    assert paired.value == pytest.approx(0.02)
    assert paired.differs_from_zero
    assert mean(before).high > mean(after).low  # apart they could be the same


def test_no_difference_is_no_difference() -> None:
    noise = np.random.default_rng(2).normal(0, 0.1, 300)
    assert not paired_difference([0.0] * 300, (noise - noise.mean()).tolist()).differs_from_zero
    with pytest.raises(ValueError, match="zip"):
        paired_difference([1.0], [])
