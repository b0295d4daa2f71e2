"""Keeping experts evenly used while a model is trained, and saying how evenly they are.

Shapes: see config.py; L layers.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import torch
from torch import nn

from model.router import Router, Routing

Routings = dict[str, list[Routing]]
"""What each router decided, by the router's name, in the order of its calls."""


@contextmanager
def recorded_routings(model: nn.Module) -> Iterator[Routings]:
    """Collect what the routers below a module decide within the context.

    Leave it before `backward()`: gradient checkpointing calls the routers a second time there.
    """
    routings: Routings = defaultdict(list)
    handles = [
        module.register_forward_hook(partial(_record, routings[name]))
        for name, module in model.named_modules()
        if isinstance(module, Router)
    ]
    try:
        yield routings
    finally:
        for handle in handles:
            handle.remove()


def _record(routings: list[Routing], _router: nn.Module, _inputs: object, routing: Routing) -> None:
    routings.append(routing)


def load_balancing_loss(routings: Sequence[Routing]) -> torch.Tensor:
    """Return Switch Transformers' auxiliary loss (Fedus et al. 2021, eq. 4-6) over all layers.

    It is the number of active experts A where all are used alike, and more the less they are.
    """
    counts_E = torch.stack([expert_counts(routing) for routing in routings]).sum(dim=0)
    logits_TE = torch.cat([routing.logits_TE for routing in routings])
    shares_E = counts_E / len(logits_TE)
    return len(counts_E) * (shares_E * logits_TE.softmax(dim=-1).mean(dim=0)).sum()


def expert_counts(routing: Routing) -> torch.Tensor:
    """Count each expert's tokens, E (int64)."""
    experts = routing.logits_TE.shape[1]
    return torch.bincount(routing.experts_TA.flatten(), minlength=experts)


def largest_violation(counts_E: torch.Tensor) -> float:
    """Say by what share the busiest expert's tokens exceed the mean: 0 is perfect balance.

    It is `MaxVio` of Wang et al. 2024, arXiv 2408.15664.
    """
    mean = counts_E.double().mean()
    return float(counts_E.max() / mean - 1) if mean else 0.0


@torch.no_grad()
def correct_bias(router: Router, counts_E: torch.Tensor, speed: float) -> None:
    """Balance without a loss (Wang et al. 2024, arXiv 2408.15664): favour the idle in the choice.

    Args:
        router: one with `correction_bias`; its `e_score_correction_bias` changes in place.
        counts_E: tokens of each expert in the last batch.
        speed: size of the change; the paper's is 0.001.

    Raises:
        ValueError: the router has no correction bias.
    """
    if router.e_score_correction_bias is None:
        raise ValueError("this router has no correction bias; set `correction_bias`")
    error_E = counts_E.double().mean() - counts_E
    router.e_score_correction_bias += speed * error_E.sign().to(router.e_score_correction_bias)
