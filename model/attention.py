"""Grouped-query attention with biases on queries, keys and values (Qwen2).

Shapes: see config.py.
"""

import torch
import torch.nn.functional as F
from torch import nn

from model.config import DecoderConfig
from model.kv_cache import KeyValueCache
from model.projection import Projection
from model.rope import Rotation, rotate


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

    def forward(self, x_BTD: torch.Tensor, by: Rotation, cache: KeyValueCache) -> torch.Tensor:
        """Let each token look at itself and at all before it."""
        q_BHTC = rotate(self._heads(self.q_proj(x_BTD)), by)
        k_BKTC = rotate(self._heads(self.k_proj(x_BTD)), by)
        v_BKTC = self._heads(self.v_proj(x_BTD))
        k_BKSC, v_BKSC = cache.extend(self._layer, k_BKTC, v_BKTC)
        y_BHTC = F.scaled_dot_product_attention(
            q_BHTC,
            k_BKSC,
            v_BKSC,
            attn_mask=_causal_mask(q_BHTC.shape[2], k_BKSC.shape[2]),
            enable_gqa=True,
        )
        y_BTD: torch.Tensor = self.o_proj(y_BHTC.transpose(1, 2).flatten(2))
        return y_BTD

    def _heads(self, x_BTE: torch.Tensor) -> torch.Tensor:
        batch, count, _ = x_BTE.shape
        return x_BTE.view(batch, count, -1, self._head_size).transpose(1, 2)


def _causal_mask(new: int, total: int) -> torch.Tensor | None:
    """Return what each of the last `new` of `total` tokens may see, TS; a single one sees all."""
    if new == 1:
        return None
    return torch.ones(new, total, dtype=torch.bool).tril(total - new)
