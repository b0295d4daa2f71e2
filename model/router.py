"""The top-k gate of a mixture-of-experts layer: which experts read a token, and with what weight.

One router for all families; `MoeConfig` says which. Softmax before or after the choice (Shazeer
2017; Fedus et al. 2021), sigmoid with a correction bias that joins in the choice only and
group-limited choice (DeepSeek-V2 and -V3). Always in float32: rounding would change choices.

Shapes: see config.py; G groups of experts.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from model.config import MoeConfig


@dataclass(frozen=True, slots=True)
class Routing:
    """Where each token goes."""

    experts_TA: torch.Tensor
    """Distinct experts (int64), the best first."""
    weights_TA: torch.Tensor
    """The experts' weights (float32)."""
    logits_TE: torch.Tensor
    """What the router made of all experts (float32); the balance loss needs it."""


class Router(nn.Module):
    """Scores all experts and chooses a few."""

    bias: nn.Parameter | None
    e_score_correction_bias: torch.Tensor | None

    def __init__(self, hidden_size: int, config: MoeConfig) -> None:
        super().__init__()
        self.config = config
        self.weight = nn.Parameter(torch.randn(config.experts, hidden_size) * hidden_size**-0.5)
        bias = nn.Parameter(torch.zeros(config.experts)) if config.biases else None
        self.register_parameter("bias", bias)
        correction = torch.zeros(config.experts) if config.correction_bias else None
        self.register_buffer("e_score_correction_bias", correction)

    def forward(self, x_TD: torch.Tensor) -> Routing:
        """Route each token by itself."""
        bias_E = None if self.bias is None else self.bias.float()
        logits_TE = F.linear(x_TD.float(), self.weight.float(), bias_E)
        scores_TE = self._scores(logits_TE)
        experts_TA = self._choose(scores_TE.detach())
        return Routing(experts_TA, self._weigh(scores_TE.gather(1, experts_TA)), logits_TE)

    def _scores(self, logits_TE: torch.Tensor) -> torch.Tensor:
        if self.config.softmax_over_chosen:
            return logits_TE
        return logits_TE.sigmoid() if self.config.score == "sigmoid" else logits_TE.softmax(dim=-1)

    def _choose(self, scores_TE: torch.Tensor) -> torch.Tensor:
        if self.e_score_correction_bias is not None:
            scores_TE = scores_TE + self.e_score_correction_bias.float()
        if self.config.groups > 1:
            scores_TE = self._within_best_groups(scores_TE)
        experts_TA: torch.Tensor = scores_TE.topk(self.config.experts_per_token, dim=-1).indices
        return experts_TA

    def _within_best_groups(self, scores_TE: torch.Tensor) -> torch.Tensor:
        """Take the experts of all but the best groups out of the choice."""
        scores_TGx = scores_TE.view(len(scores_TE), self.config.groups, -1)
        best = 2 if self.config.group_score == "top2" else 1
        group_scores_TG = scores_TGx.topk(best, dim=-1).values.sum(dim=-1)
        chosen_Tg = group_scores_TG.topk(self.config.groups_per_token, dim=-1).indices
        out_TG = torch.ones_like(group_scores_TG, dtype=torch.bool).scatter(
            1, chosen_Tg, value=False
        )
        return scores_TGx.masked_fill(out_TG[:, :, None], -torch.inf).flatten(1)

    def _weigh(self, scores_TA: torch.Tensor) -> torch.Tensor:
        if self.config.softmax_over_chosen:
            scores_TA = scores_TA.softmax(dim=-1)
        if self.config.renormalise:  # sigmoids can all be zero; DeepSeek-V3 adds the same 1e-20
            scores_TA = scores_TA / (scores_TA.sum(dim=-1, keepdim=True) + 1e-20)
        return scores_TA * self.config.routed_scale
