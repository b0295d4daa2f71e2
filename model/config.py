"""The numbers that describe a decoder, whatever its family.

Shape legend, used in the whole package:
    T tokens of this step, over all sequences    R of them whose logits are wanted
    S tokens of one sequence in the cache, this step's included
    D hidden    V vocabulary    I width of a feed-forward layer
    H query heads    K key/value heads    C width of one head
    E routed experts    A of them active per token
"""

import math
from dataclasses import dataclass
from typing import Literal

from model.rope_scaling import LongScaling, Scaling

Shape = tuple[int, ...]
# More than any model has; a damaged number must not keep us building layers.
LAYERS_MAX = 1_000
EXPERTS_MAX = 10_000
WIDTH_MAX = 1 << 22
"""Beyond any model, and so small that the bytes of a matrix stay within 64 bits."""


@dataclass(frozen=True, slots=True)
class RopeConfig:
    """The rotary embedding."""

    base: float
    width: int
    """Channels of each head that are rotated; the others stay."""
    scaling: Scaling | None = None
    interleaved: bool = False
    """Whether a pair is two neighbours, not one channel of each half."""

    def __post_init__(self) -> None:
        _check(self.base > 1 and math.isfinite(self.base), f"the rotary base is {self.base}")
        _check(self.width > 0 and self.width % 2 == 0, f"the rotary width is {self.width}")
        if isinstance(self.scaling, LongScaling):
            counts = {len(self.scaling.short), len(self.scaling.long)}
            _check(counts == {self.width // 2}, f"longrope needs {self.width // 2} factors")


@dataclass(frozen=True, slots=True)
class LatentConfig:
    """Multi-head latent attention (DeepSeek-V2): keys and values made from one small vector."""

    key_value_rank: int
    """Width of the vector that is cached, without the rotary key."""
    query_rank: int | None
    """Width of the vector that queries are made from; None for the hidden state itself."""
    plain_width: int
    """Channels of a query or key head that are not rotated."""
    rope_width: int
    """Channels that are; the key's are shared by all heads."""
    value_width: int

    def __post_init__(self) -> None:
        _positive(
            latent_rank=self.key_value_rank,
            latent_query_rank=1 if self.query_rank is None else self.query_rank,
            unrotated_head_width=self.plain_width,
            rotated_head_width=self.rope_width,
            value_head_width=self.value_width,
        )

    @property
    def query_width(self) -> int:
        """Width of one query head."""
        return self.plain_width + self.rope_width


@dataclass(frozen=True, slots=True)
class MoeConfig:
    """One mixture-of-experts layer's sizes, and how its router chooses."""

    experts: int
    experts_per_token: int
    expert_width: int
    shared_width: int = 0
    """Width of the experts that every token uses, fused to one; 0 for none."""
    shared_gated: bool = False
    """Whether a sigmoid gate scales the shared expert (Qwen2-MoE)."""
    score: Literal["softmax", "sigmoid"] = "softmax"
    softmax_over_chosen: bool = False
    """Whether the softmax is taken over the chosen experts only."""
    renormalise: bool = False
    """Whether the chosen experts' weights are scaled to sum to 1."""
    routed_scale: float = 1.0
    groups: int = 1
    """Groups of experts; a token's experts come from `groups_per_token` of them (DeepSeek-V2)."""
    groups_per_token: int = 1
    group_score: Literal["max", "top2"] = "max"
    """A group's score: its best expert's, or the sum of its two best (DeepSeek-V3)."""
    correction_bias: bool = False
    """Whether a bias joins in the choice of experts, but not in their weights (DeepSeek-V3)."""
    biases: bool = False
    """Whether router and experts have biases (gpt-oss)."""
    activation: Literal["silu", "clamped_swiglu"] = "silu"

    def __post_init__(self) -> None:
        _positive(
            experts=self.experts,
            experts_per_token=self.experts_per_token,
            expert_width=self.expert_width,
            expert_groups=self.groups,
            expert_groups_per_token=self.groups_per_token,
        )
        _check(self.experts <= EXPERTS_MAX, f"there are {self.experts} experts")
        _check(self.shared_width >= 0, f"the shared expert's width is {self.shared_width}")
        _check(
            self.experts % self.groups == 0,
            f"{self.experts} experts cannot be split into {self.groups} groups",
        )
        _check(
            self.group_score == "max" or self.experts >= 2 * self.groups,
            f"groups of {self.experts // self.groups} expert have no best two",
        )
        eligible = self.experts // self.groups * self.groups_per_token
        _check(
            self.groups_per_token <= self.groups and self.experts_per_token <= eligible,
            f"a token cannot use {self.experts_per_token} experts out of {eligible}, "
            f"from {self.groups_per_token} of {self.groups} groups",
        )


@dataclass(frozen=True, slots=True)
class DecoderConfig:
    """A decoder's sizes and options; the defaults are a plain Llama's."""

    family: str
    """Hugging Face's `model_type`; says how tensors are named on disk."""
    vocabulary_size: int
    hidden_size: int
    feed_forward_size: int
    layer_count: int
    query_heads: int
    key_value_heads: int
    head_size: int
    context_tokens_max: int
    rope: RopeConfig
    norm_epsilon: float
    head_tied_to_embedding: bool
    end_tokens: tuple[int, ...]
    query_key_value_bias: bool = False
    output_bias: bool = False
    feed_forward_bias: bool = False
    query_key_norm: Literal["none", "head", "projection"] = "none"
    """Whether queries and keys are normalised, each head by itself or the whole projection."""
    query_key_value_clip: float | None = None
    """Bound of the absolute values of queries, keys and values (OLMoE)."""
    attention_sinks: bool = False
    """Whether each head has a learned score for looking at nothing (gpt-oss)."""
    windows: tuple[int, ...] = ()
    """For each layer how far back a token sees, itself included; 0 for all. () for all layers."""
    global_tokens: int = 0
    """First tokens of a sequence that windows do not hide (Xiao et al. 2023, attention sinks)."""
    latent: LatentConfig | None = None
    moe: MoeConfig | None = None
    dense_layers: frozenset[int] = frozenset()
    """Layers with a dense feed-forward where the others have experts."""
    attention_scale: float | None = None
    """Factor of the attention scores; None for 1/sqrt(width of a query head)."""
    embedding_scale: float = 1.0
    residual_scale: float = 1.0
    logit_scale: float = 1.0

    def __post_init__(self) -> None:
        _positive(
            vocabulary_size=self.vocabulary_size,
            hidden_size=self.hidden_size,
            feed_forward_size=self.feed_forward_size,
            layer_count=self.layer_count,
            query_heads=self.query_heads,
            key_value_heads=self.key_value_heads,
            head_size=self.head_size,
            context_tokens_max=self.context_tokens_max,
        )
        _check(self.layer_count <= LAYERS_MAX, f"there are {self.layer_count} layers")
        widest = max(
            self.vocabulary_size,
            self.hidden_size,
            self.feed_forward_size,
            self.query_heads * self.head_size,
        )
        _check(widest <= WIDTH_MAX, f"a matrix is {widest} wide")
        _check(
            self.query_heads % self.key_value_heads == 0,
            f"{self.query_heads} query heads cannot share {self.key_value_heads} key/value heads",
        )
        _check(self.rope.width <= self.head_size, "the rotary width is beyond a head's")
        _check(
            len(self.windows) in {0, self.layer_count} and min((*self.windows, 0)) == 0,
            "the attention windows are not one for each layer",
        )
        _check(self.global_tokens >= 0, f"there are {self.global_tokens} global tokens")

    @property
    def cache_heads(self) -> int:
        """Heads of each layer that the cache keeps."""
        return 1 if self.latent else self.key_value_heads

    @property
    def key_width(self) -> int:
        """Width of one cached key."""
        if self.latent:
            return self.latent.key_value_rank + self.latent.rope_width
        return self.head_size

    @property
    def value_width(self) -> int:
        """Width of one cached value."""
        return 0 if self.latent else self.head_size

    @property
    def score_scale(self) -> float:
        """Factor of the attention scores."""
        if self.attention_scale is not None:
            return self.attention_scale
        width = self.latent.query_width if self.latent else self.head_size
        return float(width**-0.5)

    def window(self, layer: int) -> int:
        """Tokens that a layer's token sees, itself included; 0 for all."""
        return self.windows[layer] if self.windows else 0

    def moe_of(self, layer: int) -> MoeConfig | None:
        """Return a layer's mixture of experts; None where its feed-forward is dense."""
        return None if layer in self.dense_layers else self.moe


def _positive(**numbers: int) -> None:
    for name, number in numbers.items():
        _check(number > 0, f"{name.replace('_', ' ')} is {number}; it must be above 0")


def _check(holds: bool, problem: str) -> None:  # noqa: FBT001 - reads as an assertion
    if not holds:
        raise ValueError(problem)
