"""What tuned weights are worth, as Markdown: for the terminal and for the model card.

Shapes: see config.py; L tuned layers.
"""

from collections.abc import Mapping, Sequence
from typing import get_args

import torch

from model.tuning.base import FrozenBase
from model.tuning.batch import answer_logits, lay_out, tuned_sizes
from model.tuning.example_maker import Example
from model.tuning.hidden_states import HiddenStates
from model.tuning.layer import Weights
from model.tuning.prompt import Language
from model.tuning.recipe import Recipe
from model.tuning.scores import Outcome, summarise

BIASES = (-2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0)


@torch.no_grad()
def utilisation(
    base: FrozenBase,
    layers: Sequence[Weights],
    recipe: Recipe,
    examples: Sequence[Example],
    hidden: HiddenStates,
) -> dict[Language, torch.Tensor]:
    """Return, for each language, which share of a layer's choices fell on each expert, LE."""
    sizes = tuned_sizes(base, recipe.experts_per_token)
    counts = {language: torch.zeros(len(layers), recipe.experts) for language in get_args(Language)}
    for number, example in enumerate(examples):
        batch = lay_out([example], [hidden.of(number)], recipe.gradient_tokens)
        _, routings = answer_logits(base, layers, sizes, batch)
        for layer, of_layer in enumerate(routings):
            for routing in of_layer:
                chosen = routing.experts_TA.flatten()
                counts[example.language][layer] += torch.bincount(chosen, minlength=recipe.experts)
    return {
        language: of_language / of_language.sum(dim=1, keepdim=True).clamp_min(1)
        for language, of_language in counts.items()
    }


def utilisation_table(shares: Mapping[Language, torch.Tensor]) -> str:
    """Show every expert's share in per cent, each language's mean over the layers and extremes."""
    experts = next(iter(shares.values())).shape[1]
    lines = [_row("share of choices, %", *(f"expert {expert}" for expert in range(experts)))]
    lines.append(_row(*["---"] * (experts + 1)))
    for language, share_LE in shares.items():
        percent_LE = 100 * share_LE
        for name, of_expert in (
            ("mean of layers", percent_LE.mean(dim=0)),
            ("least in a layer", percent_LE.min(dim=0).values),
            ("most in a layer", percent_LE.max(dim=0).values),
        ):
            lines.append(_row(f"{language}, {name}", *(f"{share:.1f}" for share in of_expert)))
    return "\n".join(lines)


def score_table(judged: Sequence[Outcome], refusal_bias: float) -> str:
    """Show the scores of each language and of both."""
    lines = [
        _row("held out", "examples", "loss", "exact", "cited", "refused rightly", "wrongly"),
        _row(*["---"] * 7),
    ]
    groups = {
        language: [o for o in judged if o.example.language == language]
        for language in get_args(Language)
    }
    for name, group in {**groups, "both": judged}.items():
        scores = summarise(group, refusal_bias)
        shares = (
            scores.exact_answerable,
            scores.cited,
            scores.refused_unanswerable,
            scores.refused_answerable,
        )
        percent = [f"{100 * share:.1f} %" for share in shares]
        lines.append(_row(name, str(scores.examples), f"{scores.loss:.3f}", *percent))
    return "\n".join(lines)


def refusal_table(judged: Sequence[Outcome]) -> str:
    """Show what a bias on the refusal's first token trades."""
    lines = [
        _row("refusal bias", "unanswerable refused", "answerable refused", "exact"),
        _row(*["---"] * 4),
    ]
    for bias in BIASES:
        scores = summarise(judged, bias)
        shares = (scores.refused_unanswerable, scores.refused_answerable, scores.exact_answerable)
        lines.append(_row(f"{bias:+.1f}", *(f"{100 * share:.1f} %" for share in shares)))
    return "\n".join(lines)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
