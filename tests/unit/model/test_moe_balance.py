import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint
from transformers.models.mixtral.modeling_mixtral import load_balancing_loss_func

from model.balance import (
    correct_bias,
    expert_counts,
    largest_violation,
    load_balancing_loss,
    recorded_routings,
)
from model.config import MoeConfig
from model.moe import MoeFeedForward
from model.router import Router, Routing

HIDDEN, EXPERTS, ACTIVE = 16, 8, 2
CONFIG = MoeConfig(EXPERTS, ACTIVE, expert_width=4)


def inputs(tokens: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(tokens, HIDDEN, generator=torch.Generator().manual_seed(seed))


def routing_of(experts: list[list[int]], logits: torch.Tensor) -> Routing:
    experts_TA = torch.tensor(experts)
    return Routing(experts_TA, torch.ones(experts_TA.shape), logits)


def test_loss_equals_that_of_transformers() -> None:
    routers = [Router(HIDDEN, CONFIG) for _ in range(3)]
    routings = [router(inputs(40, seed)) for seed, router in enumerate(routers)]
    logits = tuple(routing.logits_TE for routing in routings)
    expected = load_balancing_loss_func(logits, EXPERTS, ACTIVE)
    torch.testing.assert_close(load_balancing_loss(routings), expected)


def test_loss_is_lowest_where_all_experts_are_used_alike() -> None:
    even = routing_of([[0, 1], [2, 3], [4, 5], [6, 7]], torch.zeros(4, EXPERTS))
    one_sided = torch.zeros(4, EXPERTS)
    one_sided[:, :2] = 5.0
    uneven = routing_of([[0, 1]] * 4, one_sided)
    assert load_balancing_loss([even]).item() == pytest.approx(ACTIVE)
    assert load_balancing_loss([uneven]).item() > 3 * ACTIVE


def test_descending_the_loss_evens_the_load() -> None:
    torch.manual_seed(0)
    router, x_TD = Router(HIDDEN, CONFIG), inputs(400) + 1.0
    before = largest_violation(expert_counts(router(x_TD)))
    optimizer = torch.optim.Adam(router.parameters(), lr=0.02)
    for _ in range(60):
        load_balancing_loss([router(x_TD)]).backward()
        optimizer.step()
        optimizer.zero_grad()
    assert largest_violation(expert_counts(router(x_TD))) < before / 2


def test_correcting_the_bias_evens_the_load() -> None:
    torch.manual_seed(0)
    config = MoeConfig(EXPERTS, ACTIVE, 4, score="sigmoid", correction_bias=True)
    router, x_TD = Router(HIDDEN, config), inputs(400) + 1.0
    before = largest_violation(expert_counts(router(x_TD)))
    for _ in range(300):
        correct_bias(router, expert_counts(router(x_TD)), speed=0.003)
    assert largest_violation(expert_counts(router(x_TD))) < before / 5


def test_bias_moves_by_the_same_step_for_any_error() -> None:
    router = Router(HIDDEN, MoeConfig(4, 1, 4, correction_bias=True))
    correct_bias(router, torch.tensor([100, 2, 0, 2]), speed=0.5)
    assert router.e_score_correction_bias is not None
    assert router.e_score_correction_bias.tolist() == [-0.5, 0.5, 0.5, 0.5]


def test_router_without_a_correction_bias_is_refused() -> None:
    with pytest.raises(ValueError, match="correction_bias"):
        correct_bias(Router(HIDDEN, CONFIG), torch.zeros(EXPERTS), speed=0.1)


def test_counts_and_violation() -> None:
    routing = routing_of([[0, 1], [0, 2], [0, 1], [0, 2]], torch.zeros(4, EXPERTS))
    counts_E = expert_counts(routing)
    assert counts_E.tolist() == [4, 2, 2, 0, 0, 0, 0, 0]
    assert largest_violation(counts_E) == 3.0
    assert largest_violation(torch.zeros(EXPERTS, dtype=torch.int64)) == 0.0


class Layers(nn.Module):
    """Three layers, the last one dense, computed again in the backward pass."""

    def __init__(self) -> None:
        super().__init__()
        routed = (MoeFeedForward(HIDDEN, CONFIG) for _ in range(2))
        self.layers = nn.ModuleList([*routed, nn.Linear(HIDDEN, HIDDEN)])

    def forward(self, x_TD: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            x_TD = checkpoint(layer, x_TD, use_reentrant=False)
        return x_TD


def test_routings_are_recorded_by_router() -> None:
    layers = Layers()
    with recorded_routings(layers) as routings:
        layers(inputs(5))
        layers(inputs(3))
    layers(inputs(7))
    assert [[len(call.experts_TA) for call in calls] for calls in routings.values()] == [[5, 3]] * 2
    assert list(routings) == ["layers.0.gate", "layers.1.gate"]


def test_recorded_routings_train_the_router_under_checkpointing() -> None:
    layers = Layers()
    with recorded_routings(layers) as routings:
        y_TD = layers(inputs(5))
    loss = load_balancing_loss([call for calls in routings.values() for call in calls])
    (loss + y_TD.sum()).backward()
    assert [len(calls) for calls in routings.values()] == [1, 1]
    for layer in layers.layers[:2]:
        assert layer.gate.weight.grad.abs().sum() > 0


def test_nothing_is_recorded_after_an_error() -> None:
    layers = Layers()
    with pytest.raises(RuntimeError), recorded_routings(layers) as routings:
        layers(torch.zeros(1, HIDDEN + 1))
    layers(inputs(4))
    assert not any(routings.values())
