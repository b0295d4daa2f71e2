"""A layer's experts behind the cache. Shapes: see config.py."""

from collections.abc import Callable, Iterator, Sequence

import torch

from model.config import MoeConfig
from model.expert_cache.cache import ExpertCache
from model.experts import Expert, Experts
from model.router import Router, Routing


class CachedExperts(Experts):
    """Experts that may have to be read from disk first."""

    def __init__(
        self,
        config: MoeConfig,
        cache: ExpertCache,
        layer: int,
        foresee: Callable[[torch.Tensor], None] | None,
    ) -> None:
        """`foresee` is told the hidden states TD before the experts are used."""
        super().__init__(config)
        self._cache = cache
        self._layer = layer
        self._foresee = foresee

    def forward(self, x_TD: torch.Tensor, routing: Routing) -> torch.Tensor:
        """Add up, for each token, what its experts make of it."""
        if self._foresee:
            self._foresee(x_TD)
        return super().forward(x_TD, routing)

    def each(self, experts: Sequence[int]) -> Iterator[tuple[int, Expert]]:
        """Yield experts as they are in memory."""
        return self._cache.use(self._layer, experts)


def foresight(cache: ExpertCache, layer: int, router: Router) -> Callable[[torch.Tensor], None]:
    """Guess what a layer will ask for: what its router makes of an earlier layer's input.

    A layer changes the hidden state little, so the guess is mostly right.
    """
    route, experts = router.forward, router.config.experts

    def foresee(x_TD: torch.Tensor) -> None:
        experts_TA = route(x_TD).experts_TA
        if len(experts_TA) == 1:
            cache.foresee(layer, experts_TA[0].tolist())
            return
        tokens_E = torch.bincount(experts_TA.flatten(), minlength=experts)
        most_wanted = tokens_E.argsort(descending=True)[: int(tokens_E.count_nonzero())]
        cache.foresee(layer, most_wanted.tolist())

    return foresee
