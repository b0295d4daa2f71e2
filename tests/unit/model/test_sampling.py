import torch

from model.sampling import Sampler

LOGITS = torch.tensor([0.5, 0.3, 0.15, 0.05]).log()


def draw(temperature: float, top_p: float, seed: int, count: int = 2000) -> list[int]:
    sampler = Sampler(temperature, top_p, seed)
    return [sampler.choose(LOGITS) for _ in range(count)]


def test_temperature_zero_takes_the_likeliest() -> None:
    assert set(draw(0, 1.0, seed=1, count=5)) == {0}


def test_one_seed_gives_one_sequence() -> None:
    assert draw(1.0, 1.0, seed=7) == draw(1.0, 1.0, seed=7)
    assert draw(1.0, 1.0, seed=7) != draw(1.0, 1.0, seed=8)


def test_shares_follow_the_distribution() -> None:
    drawn = torch.tensor(draw(1.0, 1.0, seed=3)).bincount(minlength=4) / 2000
    torch.testing.assert_close(drawn, LOGITS.exp(), atol=0.04, rtol=0)


def test_low_temperature_sharpens() -> None:
    assert draw(0.2, 1.0, seed=3).count(0) > 1700


def test_top_p_leaves_out_the_tail() -> None:
    assert set(draw(1.0, 0.75, seed=3)) == {0, 1}


def test_top_p_keeps_at_least_one() -> None:
    assert set(draw(1.0, 0.01, seed=3)) == {0}
