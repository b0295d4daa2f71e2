"""What holds for every router, whatever its configuration, weights and tokens."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from model.config import MoeConfig
from model.moe import MoeFeedForward
from model.router import Router

HIDDEN, WIDTH = 8, 4


@st.composite
def configs(draw: st.DrawFn) -> MoeConfig:
    groups = draw(st.integers(1, 6))
    experts = groups * draw(st.integers(2, 9))
    groups_per_token = draw(st.integers(1, groups))
    return MoeConfig(
        experts=experts,
        experts_per_token=draw(st.integers(1, experts // groups * groups_per_token)),
        expert_width=WIDTH,
        score=draw(st.sampled_from(["softmax", "sigmoid"])),
        softmax_over_chosen=draw(st.booleans()),
        renormalise=draw(st.booleans()),
        routed_scale=draw(st.sampled_from([1.0, 2.5, 16.0])),
        groups=groups,
        groups_per_token=groups_per_token,
        group_score=draw(st.sampled_from(["max", "top2"])),
        correction_bias=draw(st.booleans()),
        biases=draw(st.booleans()),
    )


def filled(module: torch.nn.Module, seed: int) -> torch.nn.Module:
    generator = torch.Generator().manual_seed(seed)
    for tensor in (*module.parameters(), *module.buffers()):
        tensor.data.normal_(generator=generator)
    return module.requires_grad_(False)


def tokens(count: int, seed: int) -> torch.Tensor:
    return torch.randn(count, HIDDEN, generator=torch.Generator().manual_seed(seed))


seeds = st.integers(0, 2**32)
counts = st.integers(1, 20)
many = settings(deadline=None, max_examples=60)


@many
@given(configs(), seeds, counts)
def test_each_token_gets_its_number_of_distinct_experts(
    config: MoeConfig, seed: int, count: int
) -> None:
    experts_TA = filled(Router(HIDDEN, config), seed)(tokens(count, seed)).experts_TA
    assert experts_TA.shape == (count, config.experts_per_token)
    assert all(len(set(row)) == config.experts_per_token for row in experts_TA.tolist())
    assert experts_TA.min() >= 0
    assert experts_TA.max() < config.experts


@many
@given(configs(), seeds, counts)
def test_experts_come_from_few_groups(config: MoeConfig, seed: int, count: int) -> None:
    experts_TA = filled(Router(HIDDEN, config), seed)(tokens(count, seed)).experts_TA
    group_TA = experts_TA // (config.experts // config.groups)
    assert all(len(set(row)) <= config.groups_per_token for row in group_TA.tolist())


@many
@given(configs(), seeds, counts)
def test_weights_are_positive_and_sum_to_the_scale_if_renormalised(
    config: MoeConfig, seed: int, count: int
) -> None:
    weights_TA = filled(Router(HIDDEN, config), seed)(tokens(count, seed)).weights_TA
    assert (weights_TA >= 0).all()
    sums_T = weights_TA.sum(dim=1) / config.routed_scale
    if config.renormalise or config.softmax_over_chosen:
        torch.testing.assert_close(sums_T, torch.ones(count), atol=1e-4, rtol=0)
    elif config.score == "softmax":
        assert (sums_T <= 1 + 1e-5).all()


@many
@given(configs(), seeds, counts, st.floats(-3, 3))
def test_correction_bias_changes_no_weight_of_an_expert(
    config: MoeConfig, seed: int, count: int, shift: float
) -> None:
    """All experts' biases moved alike choose alike; only the choice may depend on them."""
    router = filled(Router(HIDDEN, config), seed)
    x_TD = tokens(count, seed)
    routing = router(x_TD)
    if router.e_score_correction_bias is not None:
        router.e_score_correction_bias.copy_(
            torch.randn(config.experts, generator=torch.Generator().manual_seed(seed + 1)) + shift
        )
    moved = router(x_TD)
    same_T = (moved.experts_TA.sort().values == routing.experts_TA.sort().values).all(dim=1)
    unsummed = not (config.renormalise or config.softmax_over_chosen)
    for row in range(count):
        before = dict(zip(*pairs(routing, row), strict=True))
        after = dict(zip(*pairs(moved, row), strict=True))
        if unsummed or same_T[row]:
            assert all(abs(before[e] - after[e]) < 1e-4 for e in before.keys() & after.keys())


@many
@given(configs(), seeds, counts)
def test_tokens_in_another_order_are_routed_alike(config: MoeConfig, seed: int, count: int) -> None:
    layer = filled(MoeFeedForward(HIDDEN, config), seed)
    x_TD = tokens(count, seed)
    order_T = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    torch.testing.assert_close(layer(x_TD[order_T]), layer(x_TD)[order_T], atol=1e-3, rtol=1e-3)


@many
@given(configs(), seeds, counts)
def test_tokens_together_equal_tokens_one_by_one(config: MoeConfig, seed: int, count: int) -> None:
    layer = filled(MoeFeedForward(HIDDEN, config), seed)
    x_TD = tokens(count, seed)
    alone_TD = torch.cat([layer(x_1D) for x_1D in x_TD.split(1)])
    torch.testing.assert_close(layer(x_TD), alone_TD, atol=1e-3, rtol=1e-3)


@many
@given(configs(), seeds, st.sampled_from([float("nan"), float("inf"), -float("inf")]))
def test_senseless_scores_still_name_experts(config: MoeConfig, seed: int, value: float) -> None:
    x_TD = tokens(4, seed)
    x_TD[1:3] = value
    experts_TA = filled(Router(HIDDEN, config), seed)(x_TD).experts_TA
    assert all(len(set(row)) == config.experts_per_token for row in experts_TA.tolist())


def pairs(routing: object, row: int) -> tuple[list[int], list[float]]:
    return routing.experts_TA[row].tolist(), routing.weights_TA[row].tolist()
