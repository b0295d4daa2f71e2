import pytest
import torch

from model.config import MoeConfig
from model.router import Router


def router_of(config: MoeConfig, logits: list[float]) -> Router:
    """A router that scores every token (of width 1 and value 1) by these logits."""
    router = Router(1, config)
    router.weight.data = torch.tensor(logits)[:, None]
    return router


def chosen(router: Router) -> dict[int, float]:
    routing = router(torch.ones(1, 1))
    pairs = zip(routing.experts_TA[0].tolist(), routing.weights_TA[0].tolist(), strict=True)
    return dict(sorted(pairs))


LOGITS = [0.0, 2.0, 1.0, -1.0]
SOFTMAX = torch.tensor(LOGITS).softmax(0).tolist()
SIGMOID = torch.tensor(LOGITS).sigmoid().tolist()


def test_softmax_before_the_choice() -> None:
    assert chosen(router_of(MoeConfig(4, 2, 1), LOGITS)) == pytest.approx(
        {1: SOFTMAX[1], 2: SOFTMAX[2]}
    )


@pytest.mark.parametrize("options", [{"renormalise": True}, {"softmax_over_chosen": True}])
def test_softmax_of_the_chosen(options: dict[str, bool]) -> None:
    of_two = torch.tensor([2.0, 1.0]).softmax(0).tolist()
    router = router_of(MoeConfig(4, 2, 1, **options, routed_scale=3.0), LOGITS)
    assert chosen(router) == pytest.approx({1: 3 * of_two[0], 2: 3 * of_two[1]})


def test_sigmoid() -> None:
    router = router_of(MoeConfig(4, 2, 1, score="sigmoid"), LOGITS)
    assert chosen(router) == pytest.approx({1: SIGMOID[1], 2: SIGMOID[2]})


def test_correction_bias_joins_in_the_choice_only() -> None:
    router = router_of(MoeConfig(4, 2, 1, score="sigmoid", correction_bias=True), LOGITS)
    router.e_score_correction_bias[3] = 5.0
    assert chosen(router) == pytest.approx({1: SIGMOID[1], 3: SIGMOID[3]})


def test_router_bias_joins_in_both() -> None:
    router = router_of(MoeConfig(4, 1, 1, score="sigmoid", biases=True), LOGITS)
    router.bias.data[3] = 3.5
    assert chosen(router) == pytest.approx({3: torch.tensor(2.5).sigmoid().item()})


@pytest.mark.parametrize(("score", "expected"), [("max", {0, 1}), ("top2", {2, 3})])
def test_groups_by_their_best_expert_or_their_best_two(score: str, expected: set[int]) -> None:
    logits = [9.0, 0.0, 8.0, 7.0]
    config = MoeConfig(4, 2, 1, groups=2, softmax_over_chosen=True, group_score=score)
    assert set(chosen(router_of(config, logits))) == expected


def test_choice_is_made_in_float32() -> None:
    """In bfloat16 these two logits are the same."""
    router = Router(2, MoeConfig(3, 1, 1)).bfloat16()
    router.weight.data = torch.tensor([[1, 0], [1, 2**-9], [0, 0]], dtype=torch.bfloat16)
    assert router(torch.ones(1, 2, dtype=torch.bfloat16)).experts_TA.tolist() == [[1]]


def test_groups_too_small_for_their_score_are_refused() -> None:
    with pytest.raises(ValueError, match="have no best two"):
        MoeConfig(4, 1, 1, groups=4, group_score="top2")
