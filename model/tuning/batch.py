"""Several examples laid end to end, and the tuned layers' way through them.

Loss is on answers only, so gradients start at an answer's tokens. They are followed through the
last tokens of the prompt (the question) but not through the passages before: those are read
exactly, with the current weights, yet without gradients. That makes a step about twice as quick
and keeps few activations, so nothing needs to be computed twice.

Shapes: see config.py and this package's __init__.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F

from model.router import Routing
from model.tuning.base import FrozenBase
from model.tuning.example_maker import Example
from model.tuning.layer import LayerSizes, Stretch, Weights, read, read_keys, stretches
from model.tuning.shared_prompts import common_tokens, shared_prompts


@dataclass(frozen=True, slots=True)
class Batch:
    """Hidden states of N examples, cut into past and live, and what the live ones should say."""

    past_PD: torch.Tensor
    live_GD: torch.Tensor
    past: Sequence[Stretch]
    past_of: Sequence[Stretch]
    """Each example's past; several may share one."""
    live: Sequence[Stretch]
    answer_rows: torch.Tensor
    """The live rows whose next token belongs to an answer, example by example."""
    targets: torch.Tensor

    @property
    def tokens(self) -> int:
        """How many tokens are read."""
        return len(self.past_PD) + len(self.live_GD)


def lay_out(
    examples: Sequence[Example], states: Sequence[torch.Tensor], gradient_tokens: int
) -> Batch:
    """Cut each example before the last `gradient_tokens` of its prompt, or earlier.

    Neighbours that ask the same passages are cut where they begin to differ, if that is earlier,
    and share what is before.
    """
    groups = shared_prompts(examples)
    pasts = [
        _past_tokens([examples[place] for place in group], gradient_tokens) for group in groups
    ]
    past = stretches(pasts)
    past_of = [of_group for of_group, group in zip(past, groups, strict=True) for _ in group]
    cuts = [stretch.end - stretch.begin for stretch in past_of]
    live = stretches(
        [len(x_TD) - cut for x_TD, cut in zip(states, cuts, strict=True)], positions=cuts
    )
    firsts = [states[group[0]] for group in groups]
    return Batch(
        past_PD=torch.cat([x_TD[:cut] for x_TD, cut in zip(firsts, pasts, strict=True)]),
        live_GD=torch.cat([x_TD[cut:] for x_TD, cut in zip(states, cuts, strict=True)]),
        past=past,
        past_of=past_of,
        live=live,
        answer_rows=torch.cat(
            [
                torch.arange(stretch.end - len(example.answer), stretch.end)
                for stretch, example in zip(live, examples, strict=True)
            ]
        ),
        targets=torch.tensor([token for example in examples for token in example.answer]),
    )


def _past_tokens(group: Sequence[Example], gradient_tokens: int) -> int:
    """Return how many first tokens, at least one, get no gradients."""
    shortest = min(len(example.prompt) for example in group)
    cut = max(shortest - gradient_tokens, 1)
    return cut if len(group) == 1 else min(cut, common_tokens(group))


def answer_logits(
    base: FrozenBase, layers: Sequence[Weights], sizes: LayerSizes, batch: Batch
) -> tuple[torch.Tensor, list[list[Routing]]]:
    """Return float32 logits RV of the answers' tokens, and each layer's routing.

    The last layer's routing has no past: nothing after it needs more than keys and values.
    """
    past_PD, live_GD, routings = batch.past_PD, batch.live_GD, []
    for number, weights in enumerate(layers):
        with torch.no_grad():
            read_past = read if number + 1 < len(layers) else read_keys
            past = read_past(weights, sizes, past_PD, batch.past)
        live = read(weights, sizes, live_GD, batch.live, replace(past, own=batch.past_of))
        past_PD, live_GD = past.output_TD, live.output_TD
        routings.append([r for r in (past.routing, live.routing) if r is not None])
    x_RD = live_GD[batch.answer_rows]
    normed_RD = F.rms_norm(x_RD, base.norm_D.shape, base.norm_D, sizes.norm_epsilon)
    return F.linear(normed_RD, base.head_VD).float(), routings


def tuned_sizes(base: FrozenBase, experts_per_token: int) -> LayerSizes:
    """Return the base's sizes, with experts."""
    return replace(base.sizes, experts_per_token=experts_per_token)
