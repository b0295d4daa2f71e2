"""Scaled dot-product attention of one sequence's new tokens, in the ways that are quick.

Shapes: see config.py; G query heads for each key/value head.
"""

import torch
import torch.nn.functional as F

from model.kernels.loading import kernels_used, squares_used
from model.step import Span
from model.visibility import Visibility

FEW_TOKENS = 16
"""Up to so many, sharing the keys among query heads is quicker than repeating them for each."""

SQUARE_CHANNELS = 32
"""Of more tokens, only heads of a multiple of so many channels fit the kernel's squares."""

SINK_TOKENS = 64
"""With sinks, so many at once: scores are held as numbers, which long sequences make many."""


def attend(
    q_THC: torch.Tensor,
    k_KSC: torch.Tensor,
    v_KSC: torch.Tensor,
    span: Span,
    *,
    sees: Visibility,
    scale: float,
    sink_H: torch.Tensor | None = None,
) -> torch.Tensor:
    """Let the span's tokens look at its sequence, so far as they may; return THC.

    Args:
        q_THC: queries of the span's tokens.
        k_KSC: keys of the whole sequence.
        v_KSC: values of the whole sequence; may have another width.
        span: where the tokens stand in the sequence.
        sees: what each token may look at.
        scale: factor of the scores.
        sink_H: each head's score for looking at nothing.
    """
    if sink_H is not None:
        return _attend_with_sinks(q_THC, k_KSC, v_KSC, span, sees=sees, scale=scale, sink_H=sink_H)
    if sees.sees_all(span) and _kernel_is_quick(q_THC, k_KSC, v_KSC):
        y_THC: torch.Tensor = torch.ops.sourcebook.attend(q_THC.contiguous(), k_KSC, v_KSC, scale)
        return y_THC
    shared = span.count <= FEW_TOKENS or len(k_KSC) == 1
    if sees.is_plainly_causal(span) and not shared:
        return _attend_fused(q_THC, k_KSC, v_KSC, None, scale, is_causal=True)
    k_KSC, v_KSC = sees.needed(k_KSC, span), sees.needed(v_KSC, span)
    attend_by = _attend_shared if shared else _attend_fused
    return attend_by(q_THC, k_KSC, v_KSC, sees.mask(span, q_THC.device), scale)


def _kernel_is_quick(q_THC: torch.Tensor, k_KSC: torch.Tensor, v_KSC: torch.Tensor) -> bool:
    if len(q_THC) <= FEW_TOKENS:
        return kernels_used(q_THC, k_KSC)
    whole_squares = (
        k_KSC.shape[-1] % SQUARE_CHANNELS == 0 and v_KSC.shape[-1] % SQUARE_CHANNELS == 0
    )
    return whole_squares and squares_used(q_THC, k_KSC, v_KSC)


def _attend_fused(
    q_THC: torch.Tensor,
    k_KSC: torch.Tensor,
    v_KSC: torch.Tensor,
    mask_TS: torch.Tensor | None,
    scale: float,
    *,
    is_causal: bool = False,
) -> torch.Tensor:
    y_1HTC = F.scaled_dot_product_attention(
        q_THC.transpose(0, 1)[None],
        k_KSC[None],
        v_KSC[None],
        attn_mask=mask_TS,
        is_causal=is_causal,
        scale=scale,
        enable_gqa=True,
    )
    return y_1HTC[0].transpose(0, 1)


def _attend_shared(
    q_THC: torch.Tensor,
    k_KSC: torch.Tensor,
    v_KSC: torch.Tensor,
    mask_TS: torch.Tensor | None,
    scale: float,
) -> torch.Tensor:
    """Treat the query heads of one key head as further tokens, so that no key is repeated."""
    q_KXC = _by_key_head(q_THC, k_KSC.shape[0])
    mask_XS = None if mask_TS is None else mask_TS.repeat(q_KXC.shape[1] // len(mask_TS), 1)
    y_1KXC = F.scaled_dot_product_attention(
        q_KXC[None], k_KSC[None], v_KSC[None], attn_mask=mask_XS, scale=scale
    )
    return _by_token(y_1KXC[0], len(q_THC))


def _attend_with_sinks(
    q_THC: torch.Tensor,
    k_KSC: torch.Tensor,
    v_KSC: torch.Tensor,
    span: Span,
    *,
    sees: Visibility,
    scale: float,
    sink_H: torch.Tensor,
) -> torch.Tensor:
    """Let each head's sink join in the softmax, then drop its share (gpt-oss)."""
    y_THC = []
    for first in range(0, span.count, SINK_TOKENS):
        piece_THC = q_THC[first : first + SINK_TOKENS]
        part = Span(span.sequence, span.start + first, len(piece_THC))
        keys_KSC, values_KSC = (sees.needed(x_KSC[:, : part.end], part) for x_KSC in (k_KSC, v_KSC))
        score_KGTS = _scores(piece_THC, keys_KSC, sees.mask(part, q_THC.device), scale)
        sink_KGT1 = sink_H.view(len(keys_KSC), -1, 1, 1).expand(-1, -1, part.count, -1).float()
        share_KGTS = torch.cat([score_KGTS, sink_KGT1], dim=-1).softmax(dim=-1)[..., :-1]
        y_KXC = share_KGTS.flatten(1, 2).to(values_KSC.dtype) @ values_KSC
        y_THC.append(_by_token(y_KXC, part.count))
    return torch.cat(y_THC)


def _scores(
    q_THC: torch.Tensor, k_KSC: torch.Tensor, mask_TS: torch.Tensor | None, scale: float
) -> torch.Tensor:
    """Return the scores KGTS in float32, minus infinity where a token may not look."""
    score_KXS = _by_key_head(q_THC, len(k_KSC)) @ k_KSC.transpose(1, 2) * scale
    score_KGTS = score_KXS.view(len(k_KSC), -1, len(q_THC), k_KSC.shape[1]).float()
    return score_KGTS if mask_TS is None else score_KGTS.masked_fill(~mask_TS, -torch.inf)


def _by_key_head(q_THC: torch.Tensor, key_heads: int) -> torch.Tensor:
    """Return the queries of each key head, K(GT)C."""
    return q_THC.view(len(q_THC), key_heads, -1, q_THC.shape[-1]).permute(1, 2, 0, 3).flatten(1, 2)


def _by_token(y_KXC: torch.Tensor, count: int) -> torch.Tensor:
    """Undo `_by_key_head`; return THC."""
    return y_KXC.reshape(len(y_KXC), -1, count, y_KXC.shape[-1]).permute(2, 0, 1, 3).flatten(1, 2)
