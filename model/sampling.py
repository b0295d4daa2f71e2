"""How the next token is chosen from its logits. Shapes: see config.py.

The steps and their order are those of transformers' logits processors: repetition penalty, allowed
tokens, temperature, top-k, top-p. Before them comes a bias on the first token, if there is one.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from model.allowed_tokens import AllowedTokens
from model.backends.port import GenerationRequest

FIRST_LOOK = 256
"""Tokens looked at first for the likeliest of a joint share; sorting a vocabulary takes longer."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How to choose; see `GenerationRequest`. Without `top_k`, from all tokens."""

    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int | None = None
    repetition_penalty: float = 1.0
    seed: int = 0

    @classmethod
    def of(cls, request: GenerationRequest, top_p: float) -> "Sampling":
        """Take what a request says; `top_p` is for one that leaves it open."""
        return cls(
            temperature=request.temperature,
            top_p=top_p if request.top_p is None else request.top_p,
            top_k=request.top_k,
            repetition_penalty=request.repetition_penalty,
            seed=request.seed,
        )


class Sampler:
    """Chooses one sequence's tokens, one after the other; owns its random state.

    One uniform number is drawn for each token, so that a seed gives the same text whatever runs
    beside it. Tokens proposed by speculation are checked by choosing as if there were none.
    """

    def __init__(
        self,
        how: Sampling,
        prompt: Sequence[int] = (),
        allowed: AllowedTokens | None = None,
        opening_bias: Mapping[int, float] | None = None,
    ) -> None:
        """`opening_bias` is added to tokens' logits where the text begins."""
        self._how = how
        self._opening_bias = dict(opening_bias or {})
        self._allowed = allowed
        self._random = torch.Generator().manual_seed(how.seed)
        self._penalised = set(prompt) if how.repetition_penalty != 1 else None

    @property
    def is_plain(self) -> bool:
        """Whether `choose` is no more than the argmax, which a batch may do for all at once."""
        unchanged = self._penalised is None and self._allowed is None and not self._opening_bias
        return self._how.temperature == 0 and unchanged

    def choose(self, logits_V: torch.Tensor) -> int:
        """Choose the next token and remember it; leaves the logits as they are."""
        logits_V = self._masked(self._less_repetitive(self._opened(logits_V)))
        token = int(logits_V.argmax()) if self._how.temperature == 0 else self._draw(logits_V)
        if self._penalised is not None:
            self._penalised.add(token)
        if self._allowed is not None:
            self._allowed.advance(token)
        return token

    def _opened(self, logits_V: torch.Tensor) -> torch.Tensor:
        """Bias the first choice, and no later one."""
        if self._opening_bias:
            logits_V = logits_V.clone()
            for token, bias in self._opening_bias.items():
                logits_V[token] += bias
            self._opening_bias.clear()
        return logits_V

    def _less_repetitive(self, logits_V: torch.Tensor) -> torch.Tensor:
        if not self._penalised:
            return logits_V
        token_P = torch.tensor(sorted(self._penalised), device=logits_V.device)
        logit_P = logits_V[token_P]
        penalty = self._how.repetition_penalty
        lower_P = torch.where(logit_P < 0, logit_P * penalty, logit_P / penalty)
        return logits_V.index_copy(0, token_P, lower_P)

    def _masked(self, logits_V: torch.Tensor) -> torch.Tensor:
        mask_V = self._allowed.mask() if self._allowed is not None else None
        if mask_V is None:
            return logits_V
        return logits_V.masked_fill(~mask_V.to(logits_V.device), -torch.inf)

    def _draw(self, logits_V: torch.Tensor) -> int:
        share_N, token_N = self._candidates(logits_V / self._how.temperature)
        upto_N = share_N.double().cumsum(dim=0)
        total = upto_N[-1].item()
        drawn = torch.rand((), generator=self._random, dtype=torch.float64).item() * total
        # Below the total, so that the place found is of a token with a share.
        below = upto_N.new_tensor(min(drawn, math.nextafter(total, 0)))
        place = int(torch.searchsorted(upto_N, below, right=True))
        return place if token_N is None else int(token_N[place])

    def _candidates(self, logits_V: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Return shares and tokens, likeliest first; None for the tokens: all, in their order."""
        how = self._how
        if how.top_k is not None:
            logit_K, token_K = logits_V.topk(min(how.top_k, len(logits_V)))
            return _nucleus(logit_K.softmax(dim=0), how.top_p), token_K
        share_V = logits_V.softmax(dim=0)
        if how.top_p >= 1:
            return share_V, None
        share_N, token_N = share_V.topk(min(FIRST_LOOK, len(share_V)))
        if share_N.sum() < how.top_p:
            share_N, token_N = share_V.sort(descending=True)
        return _nucleus(share_N, how.top_p), token_N


def _nucleus(share_N: torch.Tensor, top_p: float) -> torch.Tensor:
    """Keep the first shares until they reach `top_p` together (Holtzman et al. 2020), at least one.

    `share_N` is in descending order.
    """
    before_N = share_N.double().cumsum(dim=0) - share_N
    return share_N[: max(1, int((before_N < top_p).sum()))]
