"""Multi-head latent attention (DeepSeek-V2, 2024).

Keys and values of all heads are made from one small vector per token, the latent. Only it and a
rotary key that all heads share are cached, as one wide "key": a fraction of the usual cache.

Many new tokens make the keys and values of the whole sequence and attend as usual ("expanded").
For a few that is too much work: they move the matrices to the query and the output instead and
look at the latents themselves ("absorbed"), which gives the same.

Shapes: see config.py; N unrotated, P rotated channels of a head; L latent's width; C = L + P in the
cache; W width of a value.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from model.attend import attend
from model.cache import Cache
from model.config import DecoderConfig, LatentConfig
from model.norm import RmsNorm
from model.projection import Projection
from model.rope import Rotation, rotate
from model.step import Span, rows_of
from model.visibility import Visibility

_NORM_EPSILON = 1e-6  # the family's own, whatever the layers' norms use


class LatentAttention(nn.Module):
    """One layer's attention; reads and extends the cache."""

    def __init__(self, config: DecoderConfig, latent: LatentConfig, layer: int) -> None:
        super().__init__()
        self._config = config
        self._latent = latent
        self._layer = layer
        self._sees = Visibility(config.window(layer), config.global_tokens)
        hidden, bias = config.hidden_size, config.query_key_value_bias
        self._add_query_projections(hidden, config.query_heads * latent.query_width, bias=bias)
        self.kv_a_proj_with_mqa = Projection(
            hidden, latent.key_value_rank + latent.rope_width, bias=bias
        )
        self.kv_a_layernorm = RmsNorm(latent.key_value_rank, _NORM_EPSILON)
        # Not a Projection: the absorbed form needs the matrix itself. It is small.
        self.kv_b_proj = nn.Linear(
            latent.key_value_rank,
            config.query_heads * (latent.plain_width + latent.value_width),
            bias=False,
        )
        self.o_proj = Projection(
            config.query_heads * latent.value_width, hidden, bias=config.output_bias
        )

    def forward(
        self, x_TD: torch.Tensor, spans: Sequence[Span], by: Rotation, cache: Cache
    ) -> torch.Tensor:
        """Let each token look at itself and at all it sees before it in its sequence."""
        q_plain_THN, q_rope_THP = self._queries(x_TD, by)
        key_T1C = self._keys(x_TD, by)
        cache.extend(self._layer, spans, key_T1C, key_T1C[..., :0])
        y_THW = []
        for span, rows in rows_of(spans):
            key_1SC, _ = cache.read(self._layer, span)
            attend_by = self.absorbed if self._few(span.count) else self.expanded
            y_THW.append(attend_by(q_plain_THN[rows], q_rope_THP[rows], key_1SC, span))
        y_TD: torch.Tensor = self.o_proj(torch.cat(y_THW).flatten(1))
        return y_TD

    def expanded(
        self, q_plain_THN: torch.Tensor, q_rope_THP: torch.Tensor, key_1SC: torch.Tensor, span: Span
    ) -> torch.Tensor:
        """Make every head's keys and values, then attend; return THW."""
        latent_SL, rope_1SP = self._split(key_1SC)
        both_SHX = self._by_head(self.kv_b_proj(latent_SL))
        plain = self._latent.plain_width
        plain_SHN, value_SHW = both_SHX[..., :plain], both_SHX[..., plain:]
        rope_HSP = rope_1SP.expand(plain_SHN.shape[1], -1, -1)
        # torch's fused attention wants values as wide as keys.
        missing = max(self._latent.query_width - self._latent.value_width, 0)
        y_THC = attend(
            torch.cat([q_plain_THN, q_rope_THP], dim=-1),
            torch.cat([plain_SHN.transpose(0, 1), rope_HSP], dim=-1),
            F.pad(value_SHW, (0, missing)).transpose(0, 1),
            span,
            sees=self._sees,
            scale=self._config.score_scale,
        )
        return y_THC[..., : self._latent.value_width]

    def absorbed(
        self, q_plain_THN: torch.Tensor, q_rope_THP: torch.Tensor, key_1SC: torch.Tensor, span: Span
    ) -> torch.Tensor:
        """Turn queries to the latents and answers back from them; return THW."""
        rank = self._latent.key_value_rank
        to_both_HXL = self.kv_b_proj.weight.view(self._config.query_heads, -1, rank)
        plain = self._latent.plain_width
        to_key_HNL, to_value_HWL = to_both_HXL[:, :plain], to_both_HXL[:, plain:]
        q_latent_THL = torch.einsum("thn,hnl->thl", q_plain_THN, to_key_HNL)
        y_THC = attend(  # keys as values too: what they have besides the latent is dropped
            torch.cat([q_latent_THL, q_rope_THP], dim=-1),
            key_1SC,
            key_1SC,
            span,
            sees=self._sees,
            scale=self._config.score_scale,
        )
        return torch.einsum("thl,hwl->thw", y_THC[..., :rank], to_value_HWL)

    def _few(self, count: int) -> bool:
        """Tell whether the absorbed form is less work, by multiplications per cached token."""
        size = self._latent
        absorbed = count * (2 * size.key_value_rank + size.rope_width)
        attending = count * (size.query_width + size.value_width)
        making = size.key_value_rank * (size.plain_width + size.value_width)
        return absorbed < attending + making

    def _add_query_projections(self, hidden: int, queries: int, *, bias: bool) -> None:
        rank = self._latent.query_rank
        if rank is None:
            self.q_proj = Projection(hidden, queries, bias=False)
            return
        self.q_a_proj = Projection(hidden, rank, bias=bias)
        self.q_a_layernorm = RmsNorm(rank, _NORM_EPSILON)
        self.q_b_proj = Projection(rank, queries, bias=False)

    def _queries(self, x_TD: torch.Tensor, by: Rotation) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the unrotated and the rotated part, THN and THP."""
        if self._latent.query_rank is None:
            q_TX = self.q_proj(x_TD)
        else:
            q_TX = self.q_b_proj(self.q_a_layernorm(self.q_a_proj(x_TD)))
        q_THC, plain = self._by_head(q_TX), self._latent.plain_width
        return q_THC[..., :plain], rotate(
            q_THC[..., plain:], by, interleaved=self._config.rope.interleaved
        )

    def _keys(self, x_TD: torch.Tensor, by: Rotation) -> torch.Tensor:
        """Return what is cached: the latent and the shared rotary key, T1C."""
        key_T1C, rank = self.kv_a_proj_with_mqa(x_TD)[:, None], self._latent.key_value_rank
        turned_T1P = rotate(key_T1C[..., rank:], by, interleaved=self._config.rope.interleaved)
        return torch.cat([self.kv_a_layernorm(key_T1C[..., :rank]), turned_T1P], dim=-1)

    def _by_head(self, x_TX: torch.Tensor) -> torch.Tensor:
        return x_TX.view(len(x_TX), self._config.query_heads, -1)

    def _split(self, key_1SC: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        rank = self._latent.key_value_rank
        return key_1SC[0, :, :rank], key_1SC[..., rank:]
