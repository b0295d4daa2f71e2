import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers.generation.logits_process import (
    LogitsProcessorList,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from model.backends.port import GenerationRequest
from model.sampling import FIRST_LOOK, Sampler, Sampling

SHARES = torch.tensor([0.5, 0.3, 0.15, 0.05])
HOW = Sampling(temperature=1.0)


class OnlyThese:
    """Allows fixed tokens and keeps what was chosen."""

    def __init__(self, *tokens: int, size: int = 4) -> None:
        self.chosen: list[int] = []
        self._mask = torch.zeros(size, dtype=torch.bool)
        self._mask[list(tokens)] = True

    def mask(self) -> torch.Tensor:
        return self._mask

    def advance(self, token: int) -> None:
        self.chosen.append(token)


def draw(how: Sampling, logits: torch.Tensor | None = None, count: int = 2000) -> list[int]:
    sampler = Sampler(how)
    logits = SHARES.log() if logits is None else logits
    return [sampler.choose(logits) for _ in range(count)]


def theirs(how: Sampling, logits: torch.Tensor, prompt: list[int]) -> torch.Tensor:
    """Compute the shares from which transformers would draw."""
    steps = LogitsProcessorList([RepetitionPenaltyLogitsProcessor(how.repetition_penalty)])
    steps.append(TemperatureLogitsWarper(how.temperature))
    if how.top_k is not None:
        steps.append(TopKLogitsWarper(how.top_k))
    steps.append(TopPLogitsWarper(how.top_p))
    scores: torch.Tensor = steps(torch.tensor([prompt]), logits[None])
    return scores[0].softmax(dim=0)


@pytest.mark.parametrize(
    "how",
    [
        HOW,
        Sampling(temperature=0.5),
        Sampling(temperature=2.0, top_p=0.9),
        Sampling(temperature=1.0, top_k=5),
        Sampling(temperature=0.7, top_k=8, top_p=0.6),
        Sampling(temperature=1.0, repetition_penalty=1.6),
        Sampling(temperature=1.3, repetition_penalty=0.8, top_k=9, top_p=0.95),
    ],
    ids=str,
)
def test_draws_what_transformers_would(how: Sampling) -> None:
    logits = torch.randn(20, generator=torch.Generator().manual_seed(4)) * 2
    prompt, count = [3, 3, 7, 11], 4000
    random = iter(range(count))
    drawn = [
        Sampler(Sampling(how.temperature, how.top_p, how.top_k, how.repetition_penalty, seed),
                prompt).choose(logits)
        for seed in random
    ]  # fmt: skip
    shares = theirs(how, logits, prompt)
    found = torch.tensor(drawn).bincount(minlength=20) / count
    torch.testing.assert_close(found, shares, atol=0.025, rtol=0)
    assert found[shares == 0].sum() == 0


def test_top_p_that_needs_more_than_the_first_look() -> None:
    flat = torch.zeros(4 * FIRST_LOOK)
    drawn = set(draw(Sampling(temperature=1.0, top_p=0.5), flat, count=20_000))
    assert len(drawn) == 2 * FIRST_LOOK


def test_temperature_zero_takes_the_likeliest() -> None:
    assert set(draw(Sampling(), count=5)) == {0}


@pytest.mark.parametrize("seed", [0, 1, 2**63 - 1])
def test_seed_does_not_matter_to_greedy(seed: int) -> None:
    assert draw(Sampling(seed=seed), count=3) == [0, 0, 0]


def test_one_seed_gives_one_sequence() -> None:
    seven, eight = Sampling(1.0, seed=7), Sampling(1.0, seed=8)
    assert draw(seven) == draw(seven)
    assert draw(seven) != draw(eight)


def test_one_random_number_for_each_token() -> None:
    """A step whose tokens are cut off differently leaves the later draws as they are."""
    cut, uncut = Sampler(Sampling(1.0, top_k=2, seed=5)), Sampler(Sampling(1.0, seed=5))
    sure = torch.tensor([0.0, 60.0, 0.0, 0.0])
    assert cut.choose(sure) == uncut.choose(sure) == 1
    even = torch.tensor([0.1, 0.0, -torch.inf, -torch.inf])
    assert [cut.choose(even) for _ in range(50)] == [uncut.choose(even) for _ in range(50)]


def test_top_p_keeps_at_least_one() -> None:
    assert set(draw(Sampling(1.0, top_p=0.01))) == {0}


def test_impossible_tokens_are_never_drawn() -> None:
    logits = torch.tensor([-torch.inf, 0.0, -torch.inf, 0.0, -torch.inf])
    assert set(draw(HOW, logits)) == {1, 3}


def test_repetition_counts_what_was_chosen() -> None:
    sampler = Sampler(Sampling(repetition_penalty=2.0))
    logits = torch.tensor([3.0, 2.0, -1.0])
    assert [sampler.choose(logits) for _ in range(2)] == [0, 1]
    torch.testing.assert_close(logits, torch.tensor([3.0, 2.0, -1.0]))


def test_repetition_counts_the_prompt() -> None:
    sampler = Sampler(Sampling(repetition_penalty=2.0), prompt=[0])
    assert sampler.choose(torch.tensor([3.0, 2.0, -1.0])) == 1


@pytest.mark.parametrize("how", [Sampling(), HOW, Sampling(1.0, top_k=1), Sampling(1.0, 0.1)])
def test_mask_comes_before_every_choice(how: Sampling) -> None:
    allowed = OnlyThese(2, 3)
    sampler = Sampler(how, allowed=allowed)
    drawn = [sampler.choose(SHARES.log()) for _ in range(200)]
    assert set(drawn) <= {2, 3}
    assert allowed.chosen == drawn


@pytest.mark.parametrize(
    ("sampler", "plain"),
    [
        (Sampler(Sampling()), True),
        (Sampler(Sampling(), prompt=[1]), True),
        (Sampler(HOW), False),
        (Sampler(Sampling(repetition_penalty=1.1)), False),
        (Sampler(Sampling(), allowed=OnlyThese(1)), False),
    ],
)
def test_plain_is_only_the_argmax(sampler: Sampler, plain: bool) -> None:
    assert sampler.is_plain is plain


@given(
    logits=st.lists(st.floats(-50, 50, width=32), min_size=1, max_size=12),
    how=st.builds(
        Sampling,
        temperature=st.sampled_from([0.0, 1e-3, 0.7, 1.0, 30.0]),
        top_p=st.sampled_from([1e-6, 0.3, 0.999, 1.0]),
        top_k=st.sampled_from([None, 1, 3, 100]),
        repetition_penalty=st.sampled_from([0.5, 1.0, 1.7]),
        seed=st.integers(0, 2**63 - 1),
    ),
    choose=st.data(),
)
def test_whatever_the_numbers_the_token_is_allowed(
    logits: list[float], how: Sampling, choose: st.DataObject
) -> None:
    tokens = choose.draw(st.sets(st.integers(0, len(logits) - 1), min_size=1))
    sampler = Sampler(how, allowed=OnlyThese(*tokens, size=len(logits)))
    for _ in range(3):
        assert sampler.choose(torch.tensor(logits)) in tokens


@given(
    shares=st.lists(st.integers(1, 100), min_size=2, max_size=12, unique=True),
    top_k=st.integers(1, 12),
    seed=st.integers(0, 1000),
)
def test_top_k_draws_from_the_k_likeliest(shares: list[int], top_k: int, seed: int) -> None:
    logits = torch.tensor(shares).log()
    likeliest = sorted(range(len(shares)), key=lambda token: -shares[token])[:top_k]
    assert Sampler(Sampling(5.0, top_k=top_k, seed=seed)).choose(logits) in likeliest


def test_a_request_s_values_come_before_the_settings() -> None:
    request = GenerationRequest([], temperature=0.3, top_k=4, repetition_penalty=1.2, seed=9)
    assert Sampling.of(request, top_p=0.8) == Sampling(0.3, 0.8, 4, 1.2, 9)
    assert Sampling.of(GenerationRequest([], top_p=0.5), top_p=0.8).top_p == 0.5


def test_an_opening_bias_moves_the_first_choice_only() -> None:
    logits_V = torch.tensor([1.0, 1.5, 0.0])
    kept = logits_V.clone()
    sampler = Sampler(Sampling(), opening_bias={1: -1.0})
    assert not sampler.is_plain
    assert [sampler.choose(logits_V) for _ in range(3)] == [0, 1, 1]
    assert sampler.is_plain
    assert torch.equal(logits_V, kept)
