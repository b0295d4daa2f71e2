"""Grouped-query attention (Ainslie et al. 2023), with the options of the families.

Shapes: see config.py; X queries or keys of all heads.
"""

from collections.abc import Sequence

import torch
from torch import nn

from model.attend import attend
from model.cache import Cache
from model.config import DecoderConfig
from model.norm import RmsNorm
from model.projection import Projection
from model.rope import Rotation, rotate
from model.step import Span, rows_of
from model.visibility import Visibility


class Attention(nn.Module):
    """One layer's attention; reads and extends the cache."""

    def __init__(self, config: DecoderConfig, layer: int) -> None:
        super().__init__()
        self._config = config
        self._layer = layer
        self._sees = Visibility(config.window(layer), config.global_tokens)
        queries = config.query_heads * config.head_size
        keys = config.key_value_heads * config.head_size
        bias = config.query_key_value_bias
        self.q_proj = Projection(config.hidden_size, queries, bias=bias)
        self.k_proj = Projection(config.hidden_size, keys, bias=bias)
        self.v_proj = Projection(config.hidden_size, keys, bias=bias)
        self.o_proj = Projection(queries, config.hidden_size, bias=config.output_bias)
        self.q_norm = _norm(config, queries)
        self.k_norm = _norm(config, keys)
        self.sinks: nn.Parameter | None = None
        if config.attention_sinks:
            self.sinks = nn.Parameter(torch.zeros(config.query_heads))

    def forward(
        self, x_TD: torch.Tensor, spans: Sequence[Span], by: Rotation, cache: Cache
    ) -> torch.Tensor:
        """Let each token look at itself and at all it sees before it in its sequence."""
        interleaved = self._config.rope.interleaved
        q_THC = rotate(self._heads(self.q_norm(self.q_proj(x_TD))), by, interleaved=interleaved)
        k_TKC = rotate(self._heads(self.k_norm(self.k_proj(x_TD))), by, interleaved=interleaved)
        cache.extend(self._layer, spans, k_TKC, self._heads(self.v_proj(x_TD)))
        y_THC = torch.cat([self._attend(q_THC[rows], span, cache) for span, rows in rows_of(spans)])
        y_TD: torch.Tensor = self.o_proj(y_THC.flatten(1))
        return y_TD

    def _heads(self, x_TX: torch.Tensor) -> torch.Tensor:
        if (bound := self._config.query_key_value_clip) is not None:
            x_TX = x_TX.clamp(-bound, bound)
        return x_TX.view(len(x_TX), -1, self._config.head_size)

    def _attend(self, q_THC: torch.Tensor, span: Span, cache: Cache) -> torch.Tensor:
        keys_KSC, values_KSC = cache.read(self._layer, span)
        return attend(
            q_THC,
            keys_KSC,
            values_KSC,
            span,
            sees=self._sees,
            scale=self._config.score_scale,
            sink_H=self.sinks,
        )


class HeadNorm(RmsNorm):
    """Normalises each head by itself, all with the same weights."""

    def forward(self, x_TX: torch.Tensor) -> torch.Tensor:
        """Return TX."""
        x_THC = x_TX.view(len(x_TX), -1, self.normalized_shape[0])
        return super().forward(x_THC).flatten(1)


def _norm(config: DecoderConfig, width: int) -> nn.Module:
    if config.query_key_norm == "head":
        return HeadNorm(config.head_size, config.norm_epsilon)
    if config.query_key_norm == "projection":
        return RmsNorm(width, config.norm_epsilon)
    return nn.Identity()
