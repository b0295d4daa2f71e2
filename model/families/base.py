"""The values that all families share, and the checks that all need."""

from typing import Any

from model.config import DecoderConfig, RopeConfig
from model.families.rope_values import read_rope, rope_section
from model.families.values import ConfigValues
from model.rope_scaling import DynamicScaling, YarnScaling

_FULL, _SLIDING = "full_attention", "sliding_attention"


def read_base(
    values: ConfigValues, *, head_size: int | None = None, default_rope_base: float = 10_000.0
) -> DecoderConfig:
    """Return what every family has; the rest is a plain Llama's.

    Args:
        values: the `config.json`.
        head_size: width of a head, where it is neither `head_dim` nor an even share of the hidden
            width.
        default_rope_base: the rotary base where the file does not say it.

    Raises:
        KeyError: a value is missing.
        ValueError: a value is nonsense or an option is not supported.
    """
    _refuse_unsupported(values)
    heads = values.size("num_attention_heads")
    size = head_size or _head_size(values, heads)
    rope = read_rope(values, size, default_base=default_rope_base)
    return DecoderConfig(
        family=values.word("model_type"),
        vocabulary_size=values.size("vocab_size"),
        hidden_size=values.size("hidden_size"),
        feed_forward_size=values.size("intermediate_size"),
        layer_count=values.size("num_hidden_layers"),
        query_heads=heads,
        key_value_heads=values.size("num_key_value_heads", heads),
        head_size=size,
        context_tokens_max=_context(values, rope),
        rope=rope,
        norm_epsilon=values.number("rms_norm_eps"),
        head_tied_to_embedding=values.flag("tie_word_embeddings", default=False),
        end_tokens=values.counts("eos_token_id"),
    )


def write_base(config: DecoderConfig) -> dict[str, Any]:
    """Return the values of a `config.json` that every family has.

    Raises:
        ValueError: the rotary embedding is scaled, which is not written.
    """
    if config.rope.scaling is not None:
        raise ValueError("a scaled rotary embedding cannot be written")
    return {
        "model_type": config.family,
        "hidden_act": "silu",
        "vocab_size": config.vocabulary_size,
        "hidden_size": config.hidden_size,
        "intermediate_size": config.feed_forward_size,
        "num_hidden_layers": config.layer_count,
        "num_attention_heads": config.query_heads,
        "num_key_value_heads": config.key_value_heads,
        "max_position_embeddings": config.context_tokens_max,
        "rope_parameters": {"rope_type": "default", "rope_theta": config.rope.base},
        "rms_norm_eps": config.norm_epsilon,
        "tie_word_embeddings": config.head_tied_to_embedding,
        "eos_token_id": list(config.end_tokens),
    }


def read_windows(values: ConfigValues, *, default_types: list[str]) -> tuple[int, ...]:
    """Return each layer's window from `layer_types`; () if all layers see everything.

    Raises:
        ValueError: a layer is of another type, or the window is missing or nonsense.
    """
    types = values.words("layer_types") if values.has("layer_types") else default_types
    if unknown := set(types) - {_FULL, _SLIDING}:
        raise ValueError(f"layer_types has {sorted(unknown)}; known are {_FULL} and {_SLIDING}")
    if _SLIDING not in types:
        return ()
    window = read_window(values)
    return tuple(window if kind == _SLIDING else 0 for kind in types)


def read_window(values: ConfigValues) -> int:
    """Return how far back a sliding layer's token sees, itself included.

    Raises:
        KeyError: it is missing.
        ValueError: it is not above 0.
    """
    return values.size("sliding_window")


def sliding_from(values: ConfigValues) -> list[str]:
    """Return Qwen's default layer types: `use_sliding_window` from `max_window_layers` on."""
    layers = range(values.count("num_hidden_layers"))
    if not values.flag("use_sliding_window", default=False):
        return [_FULL for _ in layers]
    first = values.count("max_window_layers", 28)
    return [_SLIDING if layer >= first else _FULL for layer in layers]


def _head_size(values: ConfigValues, heads: int) -> int:
    if values.has("head_dim"):
        return values.size("head_dim")
    hidden = values.size("hidden_size")
    if hidden % heads:
        raise ValueError(f"hidden_size {hidden} cannot be split into {heads} attention heads")
    return hidden // heads


def _context(values: ConfigValues, rope: RopeConfig) -> int:
    """Return the longest sequence; files differ in whether they say the stretched one."""
    context = values.size("max_position_embeddings")
    match rope.scaling:
        case DynamicScaling() | YarnScaling() as stretched:
            return max(context, int(stretched.original_context * stretched.factor))
        case _:
            return context


def _refuse_unsupported(values: ConfigValues) -> None:
    if (activation := values.word("hidden_act", "silu")) != "silu":
        raise ValueError(f"the activation {activation!r} is not known; known is 'silu'")
    if values.has("quantization_config"):
        method = values.section("quantization_config").word("quant_method", "unknown")
        raise ValueError(
            f"its weights are quantised ({method}); use a checkpoint in bfloat16, float16 or "
            "float32, or a GGUF file"
        )
    if rope_section(values).has("full_attention"):
        raise ValueError("rotary embeddings that differ between layers are not known")
