"""Grouped-query attention with biases on queries, keys and values (Qwen2).

Shapes: see config.py.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from model.cache import Cache
from model.config import DecoderConfig
from model.projection import Projection
from model.rope import Rotation, rotate
from model.step import Span, rows_of


class Attention(nn.Module):
    """One layer's attention; reads and extends the cache."""

    def __init__(self, config: DecoderConfig, layer: int) -> None:
        super().__init__()
        self._layer = layer
        self._head_size = config.head_size
        queries = config.query_heads * config.head_size
        keys = config.key_value_heads * config.head_size
        self.q_proj = Projection(config.hidden_size, queries)
        self.k_proj = Projection(config.hidden_size, keys)
        self.v_proj = Projection(config.hidden_size, keys)
        self.o_proj = Projection(queries, config.hidden_size, bias=False)

    def forward(
        self, x_TD: torch.Tensor, spans: Sequence[Span], by: Rotation, cache: Cache
    ) -> torch.Tensor:
        """Let each token look at itself and at all before it in its sequence."""
        q_THC = rotate(self._heads(self.q_proj(x_TD)), by)
        k_TKC = rotate(self._heads(self.k_proj(x_TD)), by)
        cache.extend(self._layer, spans, k_TKC, self._heads(self.v_proj(x_TD)))
        y_THC = [
            _attend(q_THC[rows], *cache.read(self._layer, span), span)
            for span, rows in rows_of(spans)
        ]
        y_TD: torch.Tensor = self.o_proj(torch.cat(y_THC).flatten(1))
        return y_TD

    def _heads(self, x_TE: torch.Tensor) -> torch.Tensor:
        return x_TE.view(x_TE.shape[0], -1, self._head_size)


def _attend(
    q_THC: torch.Tensor, k_KSC: torch.Tensor, v_KSC: torch.Tensor, span: Span
) -> torch.Tensor:
    """Let one sequence's new tokens look at all of it; return THC."""
    y_1HTC = F.scaled_dot_product_attention(
        q_THC.transpose(0, 1)[None],
        k_KSC[None],
        v_KSC[None],
        attn_mask=_causal_mask(span),
        enable_gqa=True,
    )
    return y_1HTC[0].transpose(0, 1)


def _causal_mask(span: Span) -> torch.Tensor | None:
    """Return what each new token may see, TS; a single one sees all."""
    if span.count == 1:
        return None
    return torch.ones(span.count, span.end, dtype=torch.bool).tril(span.start)
