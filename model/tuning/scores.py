"""How well tuned weights answer held-out examples, without decoding.

An answer decoded greedily equals the reference exactly if each reference token is the likeliest
after those before it, so one pass over the reference tells exact match. Shapes: see config.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from model.tuning.base import FrozenBase
from model.tuning.batch import answer_logits, lay_out, tuned_sizes
from model.tuning.example_maker import Example
from model.tuning.hidden_states import HiddenStates
from model.tuning.layer import Weights
from model.tuning.recipe import Recipe

_BATCH = 8


@dataclass(frozen=True, slots=True)
class Outcome:
    """One held-out example."""

    example: Example
    loss: float
    """Summed negative log-likelihood of the answer's tokens."""
    exact: bool
    """Whether greedy decoding gives the reference, citation included."""
    cited: bool
    """Whether the right passage would be cited after the reference's words."""
    refusal_margin: float
    """Logit of the refusal's first token less the highest other one; refuses if positive."""


@torch.no_grad()
def outcomes(
    base: FrozenBase,
    layers: Sequence[Weights],
    recipe: Recipe,
    examples: Sequence[Example],
    hidden: HiddenStates,
) -> list[Outcome]:
    """Judge each example; `layers` are the tuned layers' weights as served."""
    refusal_token = _refusal_token(examples)
    sizes = tuned_sizes(base, recipe.experts_per_token)
    judged: list[Outcome] = []
    for begin in range(0, len(examples), _BATCH):
        some = examples[begin : begin + _BATCH]
        states = [hidden.of(begin + place) for place in range(len(some))]
        batch = lay_out(some, states, recipe.gradient_tokens)
        logits_RV, _ = answer_logits(base, layers, sizes, batch)
        of_each = torch.split(logits_RV, [len(example.answer) for example in some])
        judged += [_judge(e, x_RV, refusal_token) for e, x_RV in zip(some, of_each, strict=True)]
    return judged


def _refusal_token(examples: Sequence[Example]) -> int:
    """Return the token that a refusal begins with."""
    refusals = [example.answer[0] for example in examples if not example.answerable]
    return refusals[0] if refusals else 0


def _judge(example: Example, logits_RV: torch.Tensor, refusal_token: int) -> Outcome:
    answer_R = torch.tensor(example.answer)
    right_R = logits_RV.argmax(dim=-1) == answer_R
    first_V = logits_RV[0].clone()
    refusal = first_V[refusal_token].item()
    first_V[refusal_token] = -torch.inf
    return Outcome(
        example=example,
        loss=torch.nn.functional.cross_entropy(logits_RV, answer_R, reduction="sum").item(),
        exact=bool(right_R.all()),
        cited=example.answerable and bool(right_R[-3:].all()),
        refusal_margin=refusal - first_V.max().item(),
    )


@dataclass(frozen=True, slots=True)
class Scores:
    """Shares of the examples, and loss per answer token."""

    examples: int
    loss: float
    exact_answerable: float
    cited: float
    refused_unanswerable: float
    refused_answerable: float


def summarise(judged: Sequence[Outcome], refusal_bias: float = 0.0) -> Scores:
    """Sum up, with a bias added to the refusal's logit."""

    def refused(outcome: Outcome) -> bool:
        return outcome.refusal_margin + refusal_bias > 0

    answerable = [outcome for outcome in judged if outcome.example.answerable]
    others = [outcome for outcome in judged if not outcome.example.answerable]
    tokens = sum(len(outcome.example.answer) for outcome in judged)
    return Scores(
        examples=len(judged),
        loss=sum(outcome.loss for outcome in judged) / max(tokens, 1),
        exact_answerable=_share([o.exact and not refused(o) for o in answerable]),
        cited=_share([outcome.cited for outcome in answerable]),
        refused_unanswerable=_share([refused(outcome) for outcome in others]),
        refused_answerable=_share([refused(outcome) for outcome in answerable]),
    )


def _share(judged: Sequence[bool]) -> float:
    return sum(judged) / len(judged) if judged else 0.0
