"""The numbers that describe a decoder, read from a Hugging Face `config.json`.

Shape legend, used in the whole package:
    T tokens of this step, over all sequences    R of them whose logits are wanted
    S tokens of one sequence in the cache, this step's included
    D hidden    V vocabulary    I width of a feed-forward layer
    H query heads    K key/value heads    C width of one head
    E routed experts    A of them active per token
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Shape = tuple[int, ...]


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


@dataclass(frozen=True, slots=True)
class DecoderConfig:
    """A dense Qwen2 decoder's sizes."""

    vocabulary_size: int
    hidden_size: int
    feed_forward_size: int
    layer_count: int
    query_heads: int
    key_value_heads: int
    context_tokens_max: int
    rope_base: float
    norm_epsilon: float
    head_tied_to_embedding: bool
    end_tokens: tuple[int, ...]

    @property
    def head_size(self) -> int:
        """Width of one attention head."""
        return self.hidden_size // self.query_heads

    @property
    def cache_heads(self) -> int:
        """Heads of each layer that the cache keeps."""
        return self.key_value_heads

    @property
    def key_width(self) -> int:
        """Width of one cached key."""
        return self.head_size

    @property
    def value_width(self) -> int:
        """Width of one cached value."""
        return self.head_size

    @classmethod
    def from_hugging_face(cls, values: Mapping[str, Any]) -> "DecoderConfig":
        """Read the values of a `config.json`.

        Raises:
            KeyError: one is missing.
            ValueError: the family or one of its options is not known here.
        """
        _refuse_unknown(values)
        end = values.get("eos_token_id")
        return cls(
            vocabulary_size=values["vocab_size"],
            hidden_size=values["hidden_size"],
            feed_forward_size=values["intermediate_size"],
            layer_count=values["num_hidden_layers"],
            query_heads=values["num_attention_heads"],
            key_value_heads=values["num_key_value_heads"],
            context_tokens_max=values["max_position_embeddings"],
            rope_base=_rope(values)["rope_theta"],
            norm_epsilon=values["rms_norm_eps"],
            head_tied_to_embedding=values.get("tie_word_embeddings", False),
            end_tokens=tuple(end if isinstance(end, list) else [end]) if end is not None else (),
        )

    def to_hugging_face(self) -> dict[str, Any]:
        """Return the values of a `config.json` that `transformers` reads too."""
        return {
            "architectures": ["Qwen2ForCausalLM"],
            "model_type": "qwen2",
            "hidden_act": "silu",
            "vocab_size": self.vocabulary_size,
            "hidden_size": self.hidden_size,
            "intermediate_size": self.feed_forward_size,
            "num_hidden_layers": self.layer_count,
            "num_attention_heads": self.query_heads,
            "num_key_value_heads": self.key_value_heads,
            "max_position_embeddings": self.context_tokens_max,
            "rope_parameters": {"rope_type": "default", "rope_theta": self.rope_base},
            "rms_norm_eps": self.norm_epsilon,
            "tie_word_embeddings": self.head_tied_to_embedding,
            "eos_token_id": list(self.end_tokens),
        }

    def tensor_shapes(self) -> dict[str, Shape]:
        """Name every tensor of a whole checkpoint, Hugging Face style, with its shape."""
        shapes: dict[str, Shape] = {
            "model.embed_tokens.weight": (self.vocabulary_size, self.hidden_size),
            "model.norm.weight": (self.hidden_size,),
        }
        if not self.head_tied_to_embedding:
            shapes["lm_head.weight"] = (self.vocabulary_size, self.hidden_size)
        for layer in range(self.layer_count):
            for name, shape in self._layer_shapes().items():
                shapes[f"model.layers.{layer}.{name}"] = shape
        return shapes

    def _layer_shapes(self) -> dict[str, Shape]:
        hidden, wide = self.hidden_size, self.feed_forward_size
        queries = self.query_heads * self.head_size
        keys = self.key_value_heads * self.head_size
        return {
            "input_layernorm.weight": (hidden,),
            "self_attn.q_proj.weight": (queries, hidden),
            "self_attn.q_proj.bias": (queries,),
            "self_attn.k_proj.weight": (keys, hidden),
            "self_attn.k_proj.bias": (keys,),
            "self_attn.v_proj.weight": (keys, hidden),
            "self_attn.v_proj.bias": (keys,),
            "self_attn.o_proj.weight": (hidden, queries),
            "post_attention_layernorm.weight": (hidden,),
            "mlp.gate_proj.weight": (wide, hidden),
            "mlp.up_proj.weight": (wide, hidden),
            "mlp.down_proj.weight": (hidden, wide),
        }


def _rope(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the rotary settings, which older files keep at the top level."""
    rope: Mapping[str, Any] = values.get("rope_parameters") or values
    return rope


def _refuse_unknown(values: Mapping[str, Any]) -> None:
    if (family := values.get("model_type")) != "qwen2":
        raise ValueError(f"the family {family!r} is not known; known is 'qwen2'")
    if (activation := values.get("hidden_act", "silu")) != "silu":
        raise ValueError(f"the activation {activation!r} is not known; known is 'silu'")
    if values.get("use_sliding_window"):
        raise ValueError("sliding-window attention is not known")
    if values.get("rope_scaling") or _rope(values).get("rope_type", "default") != "default":
        raise ValueError("scaled rotary embeddings are not known")
