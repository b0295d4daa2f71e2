"""One decoder layer's arithmetic on several examples laid end to end, with or without gradients.

It repeats what the house's decoder computes, in a shape that tuning needs: the first tokens of
each example (the past, P) are read without gradients, and only the last ones (live, G) carry them,
against the past's keys and values. `tests/unit/model/tuning/test_layer.py` holds both equal.

Shapes: see config.py and this package's __init__.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from model.router import Routing

Weights = Mapping[str, torch.Tensor]
"""One layer's weights, under their Hugging Face names without the layer's prefix."""

CHUNK_TOKENS = 256
"""Feed-forward activations of so many tokens stay in a processor's cache."""


@dataclass(frozen=True, slots=True)
class LayerSizes:
    """What a layer's weights do not say by their shapes."""

    query_heads: int
    key_value_heads: int
    head_width: int
    norm_epsilon: float
    rope_base: float
    experts_per_token: int = 0


@dataclass(frozen=True, slots=True)
class Stretch:
    """A run of tokens of one example: rows [begin, end) of a flat tensor, from a position on."""

    begin: int
    end: int
    position: int

    @property
    def rows(self) -> slice:
        """The rows, to index with."""
        return slice(self.begin, self.end)


@dataclass(frozen=True, slots=True)
class Read:
    """What a layer makes of some tokens: its output, and the keys and values for later tokens."""

    output_TD: torch.Tensor
    keys_TKC: torch.Tensor
    values_TKC: torch.Tensor
    routing: Routing | None
    own: Sequence[Stretch]


def stretches(counts: Sequence[int], positions: Sequence[int] | None = None) -> list[Stretch]:
    """Lay runs of `counts` tokens end to end, each from its position (default 0)."""
    laid, begin = [], 0
    for number, count in enumerate(counts):
        position = 0 if positions is None else positions[number]
        laid.append(Stretch(begin, begin + count, position))
        begin += count
    return laid


def read(
    weights: Weights,
    sizes: LayerSizes,
    x_TD: torch.Tensor,
    own: Sequence[Stretch],
    past: Read | None = None,
) -> Read:
    """Run one layer over tokens that see themselves and, if given, their examples' past."""
    normed_TD = _norm(x_TD, weights["input_layernorm.weight"], sizes)
    q_THC, k_TKC, v_TKC = _heads(weights, sizes, normed_TD, own)
    # Split, as the gradient of a slice is as large as what it was cut from.
    counts = [stretch.end - stretch.begin for stretch in own]
    parts = zip(*(torch.split(x, counts) for x in (q_THC, k_TKC, v_TKC)), strict=True)
    attended = [
        _attend(q_SHC, torch.cat([*keys, k_SKC]), torch.cat([*values, v_SKC]))
        for (q_SHC, k_SKC, v_SKC), (keys, values) in zip(parts, _pasts(past, len(own)), strict=True)
    ]
    x_TD = x_TD + F.linear(torch.cat(attended), weights["self_attn.o_proj.weight"])
    normed_TD = _norm(x_TD, weights["post_attention_layernorm.weight"], sizes)
    y_TD, routing = feed_forward(weights, sizes, normed_TD)
    return Read(x_TD + y_TD, k_TKC, v_TKC, routing, own)


def read_keys(
    weights: Weights, sizes: LayerSizes, x_TD: torch.Tensor, own: Sequence[Stretch]
) -> Read:
    """Compute keys and values only: all that the last layer needs of the past."""
    normed_TD = _norm(x_TD, weights["input_layernorm.weight"], sizes)
    _, k_TKC, v_TKC = _heads(weights, sizes, normed_TD, own)
    return Read(x_TD, k_TKC, v_TKC, None, own)


def feed_forward(
    weights: Weights, sizes: LayerSizes, x_TD: torch.Tensor
) -> tuple[torch.Tensor, Routing | None]:
    """Apply the dense feed-forward and add the routed experts, where the layer has some."""
    chunks_TD = torch.split(x_TD, CHUNK_TOKENS)
    y_TD = torch.cat([_dense(weights, chunk_TD) for chunk_TD in chunks_TD])
    if "mlp.gate.weight" not in weights:
        return y_TD, None
    routing = route(weights["mlp.gate.weight"], x_TD, sizes.experts_per_token)
    return y_TD + _routed(weights, x_TD, routing), routing


def route(router_ED: torch.Tensor, x_TD: torch.Tensor, experts_per_token: int) -> Routing:
    """Choose experts by their softmax probability; in float32, as rounding would change choices."""
    logits_TE = F.linear(x_TD.float(), router_ED.float())
    weights_TA, experts_TA = logits_TE.softmax(dim=-1).topk(experts_per_token, dim=-1)
    return Routing(experts_TA, weights_TA, logits_TE)


def _dense(weights: Weights, x_TD: torch.Tensor) -> torch.Tensor:
    gate_TI = F.linear(x_TD, weights["mlp.gate_proj.weight"])
    up_TI = F.linear(x_TD, weights["mlp.up_proj.weight"])
    return F.linear(F.silu(gate_TI) * up_TI, weights["mlp.down_proj.weight"])


def _routed(weights: Weights, x_TD: torch.Tensor, routing: Routing) -> torch.Tensor:
    """Compute every expert for every token and weigh it by 0 where it was not chosen.

    The experts are so small that this is quicker than gathering tokens, and the gradients are the
    same.
    """
    gate_EID, up_EID = weights["mlp.experts.gate_EID"], weights["mlp.experts.up_EID"]
    down_EDI = weights["mlp.experts.down_EDI"]
    experts, width, hidden = gate_EID.shape
    share_TE = torch.zeros_like(routing.logits_TE)
    share_TE = share_TE.scatter(1, routing.experts_TA, routing.weights_TA)
    gate_Tx = F.linear(x_TD, gate_EID.reshape(-1, hidden))
    gated_Tx = F.silu(gate_Tx) * F.linear(x_TD, up_EID.reshape(-1, hidden))
    weighed_TEI = gated_Tx.view(-1, experts, width) * share_TE.to(x_TD.dtype)[:, :, None]
    return F.linear(weighed_TEI.flatten(1), down_EDI.transpose(0, 1).reshape(hidden, -1))


def _norm(x_TD: torch.Tensor, weight_D: torch.Tensor, sizes: LayerSizes) -> torch.Tensor:
    return F.rms_norm(x_TD, weight_D.shape, weight_D, sizes.norm_epsilon)


def _heads(
    weights: Weights, sizes: LayerSizes, x_TD: torch.Tensor, own: Sequence[Stretch]
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    def project(name: str, heads: int) -> torch.Tensor:
        weight, bias = (weights[f"self_attn.{name}_proj.{kind}"] for kind in ("weight", "bias"))
        return F.linear(x_TD, weight, bias).view(-1, heads, sizes.head_width)

    cos_TC, sin_TC = rotation(sizes, own, x_TD.dtype)
    q_THC = _rotate(project("q", sizes.query_heads), cos_TC, sin_TC)
    k_TKC = _rotate(project("k", sizes.key_value_heads), cos_TC, sin_TC)
    return q_THC, k_TKC, project("v", sizes.key_value_heads)


def rotation(
    sizes: LayerSizes, own: Sequence[Stretch], dtype: torch.dtype
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return cosine and sine, TC each, of the rotary embedding for every token."""
    position_T = torch.cat(
        [torch.arange(s.position, s.position + s.end - s.begin, dtype=torch.float32) for s in own]
    )
    exponent_C = torch.arange(0, sizes.head_width, 2, dtype=torch.float32) / sizes.head_width
    angle_TC = torch.outer(position_T, 1.0 / sizes.rope_base**exponent_C).repeat(1, 2)
    return angle_TC.cos().to(dtype), angle_TC.sin().to(dtype)


def _rotate(x_THC: torch.Tensor, cos_TC: torch.Tensor, sin_TC: torch.Tensor) -> torch.Tensor:
    first, second = x_THC.chunk(2, dim=-1)
    turned_THC = torch.cat([-second, first], dim=-1)
    return x_THC * cos_TC[:, None] + turned_THC * sin_TC[:, None]


_Earlier = tuple[list[torch.Tensor], list[torch.Tensor]]


def _pasts(past: Read | None, examples: int) -> list[_Earlier]:
    """Return each example's earlier keys and values: one tensor of each, or none."""
    if past is None:
        return [([], [])] * examples
    return [([past.keys_TKC[s.rows]], [past.values_TKC[s.rows]]) for s in past.own]


def _attend(q_THC: torch.Tensor, k_SKC: torch.Tensor, v_SKC: torch.Tensor) -> torch.Tensor:
    """Let each of the last T of S tokens look at itself and all before it."""
    if q_THC.requires_grad:
        return _attend_few(q_THC, k_SKC, v_SKC)
    repeats = q_THC.shape[1] // k_SKC.shape[1]
    q_HTC = q_THC.transpose(0, 1)
    k_HSC = k_SKC.repeat_interleave(repeats, dim=1).transpose(0, 1)
    v_HSC = v_SKC.repeat_interleave(repeats, dim=1).transpose(0, 1)
    mask_TS = _causal_mask(q_HTC.shape[1], k_HSC.shape[1])
    y_1HTC = F.scaled_dot_product_attention(
        q_HTC[None], k_HSC[None], v_HSC[None], attn_mask=mask_TS, is_causal=mask_TS is None
    )
    y_TD: torch.Tensor = y_1HTC[0].transpose(0, 1).flatten(1)
    return y_TD


def _attend_few(q_THC: torch.Tensor, k_SKC: torch.Tensor, v_SKC: torch.Tensor) -> torch.Tensor:
    """Attend by plain products: for few queries, several times quicker backwards than a kernel.

    The queries of all R heads that share a key are its rows, so that nothing is repeated.
    """
    (count, heads, width), (total, shared, _) = q_THC.shape, k_SKC.shape
    repeats = heads // shared
    q_KRTC = (q_THC / width**0.5).view(count, shared, repeats, width).permute(1, 2, 0, 3)
    score_KxS = q_KRTC.reshape(shared, -1, width) @ k_SKC.permute(1, 2, 0)
    hidden_TS = torch.ones(count, total, dtype=torch.bool).triu(total - count + 1)
    score_KRTS = score_KxS.float().view(shared, repeats, count, total)
    share_KRTS = score_KRTS.masked_fill(hidden_TS, -torch.inf).softmax(dim=-1)
    share_KxS = share_KRTS.to(v_SKC.dtype).view(shared, -1, total)
    y_KRTC = (share_KxS @ v_SKC.transpose(0, 1)).view(shared, repeats, count, width)
    y_TD: torch.Tensor = y_KRTC.permute(2, 0, 1, 3).reshape(count, heads * width)
    return y_TD


def _causal_mask(count: int, total: int) -> torch.Tensor | None:
    """Return what the last `count` of `total` tokens may see, TS; None if these are all."""
    if count == total:
        return None
    return torch.ones(count, total, dtype=torch.bool).tril(total - count)
