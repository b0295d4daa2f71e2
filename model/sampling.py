"""How the next token is chosen from its logits. Shapes: see config.py."""

import torch


class Sampler:
    """Greedy at temperature 0; otherwise nucleus sampling (Holtzman et al. 2020), seeded."""

    def __init__(self, temperature: float, top_p: float, seed: int) -> None:
        self._temperature = temperature
        self._top_p = top_p
        self._random = torch.Generator().manual_seed(seed)

    def choose(self, logits_V: torch.Tensor) -> int:
        """Choose one token; advances the random state unless greedy."""
        if self._temperature == 0:
            return int(logits_V.argmax())
        share_V, token_V = (logits_V / self._temperature).softmax(dim=-1).sort(descending=True)
        before_V = share_V.cumsum(dim=-1) - share_V
        kept_V = share_V.where(before_V < self._top_p, 0.0)
        place = torch.multinomial(kept_V, 1, generator=self._random)
        return int(token_V[place])
