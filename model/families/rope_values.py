"""The rotary settings of a `config.json`.

Newer files have them all in `rope_parameters`; older ones have `rope_theta` at the top level and
the scaling in `rope_scaling`, where its kind may be called `type`.
"""

import math

from model.config import RopeConfig
from model.families.values import ConfigValues
from model.rope_scaling import (
    DynamicScaling,
    LinearScaling,
    Llama3Scaling,
    LongScaling,
    Scaling,
    YarnScaling,
    yarn_magnitude,
)


def read_rope(
    values: ConfigValues, head_size: int, *, default_base: float = 10_000.0
) -> RopeConfig:
    """Return the rotary embedding of heads of this size.

    Raises:
        KeyError: a value of the scaling is missing.
        ValueError: the scaling is not known, or a value is nonsense.
    """
    rope = rope_section(values)
    share = rope.number("partial_rotary_factor", values.number("partial_rotary_factor", 1.0))
    return RopeConfig(
        base=rope.number("rope_theta", values.number("rope_theta", default_base)),
        width=int(head_size * share),
        scaling=_read_scaling(rope, values.size("max_position_embeddings")),
    )


def rope_section(values: ConfigValues) -> ConfigValues:
    """Return the group of rotary settings, by its newer or its older name."""
    return values.section("rope_parameters" if values.has("rope_parameters") else "rope_scaling")


def rope_kind(rope: ConfigValues) -> str:
    """Return the kind of scaling."""
    return rope.word("rope_type", rope.word("type", "default"))


def _read_scaling(rope: ConfigValues, context: int) -> Scaling | None:
    match rope_kind(rope):
        case "default":
            return None
        case "linear":
            return LinearScaling(_positive(rope, "factor"))
        case "dynamic":
            return DynamicScaling(_positive(rope, "factor"), context)
        case "yarn":
            return _yarn(rope, context)
        case "llama3":
            return _llama3(rope, context)
        case "longrope":
            return _long(rope, context)
        case kind:
            raise ValueError(f"the rotary scaling {kind!r} is not known")


def _yarn(rope: ConfigValues, context: int) -> YarnScaling:
    original = _original_context(rope, context)
    factor = _positive(rope, "factor", context / original)
    return YarnScaling(
        factor=factor,
        original_context=original,
        fast=_positive(rope, "beta_fast", 32.0),
        slow=_positive(rope, "beta_slow", 1.0),
        truncate=rope.flag("truncate", default=True),
        magnitude=_positive(rope, "attention_factor", _default_yarn_magnitude(rope, factor)),
    )


def _default_yarn_magnitude(rope: ConfigValues, factor: float) -> float:
    weight, all_weight = (rope.number(name, 0.0) for name in ("mscale", "mscale_all_dim"))
    if weight and all_weight:
        return yarn_magnitude(factor, weight) / yarn_magnitude(factor, all_weight)
    return yarn_magnitude(factor)


def _llama3(rope: ConfigValues, context: int) -> Llama3Scaling:
    low, high = _positive(rope, "low_freq_factor"), _positive(rope, "high_freq_factor")
    if low >= high:
        raise ValueError(f"low_freq_factor is {low}; it must be below high_freq_factor, {high}")
    return Llama3Scaling(_positive(rope, "factor"), _original_context(rope, context), low, high)


def _long(rope: ConfigValues, context: int) -> LongScaling:
    original = _original_context(rope, context)
    factor = _positive(rope, "factor", context / original)
    stretch = math.log(factor) / math.log(original) if factor > 1 else 0.0
    short, long = rope.numbers("short_factor"), rope.numbers("long_factor")
    if min((*short, *long), default=0.0) <= 0:
        raise ValueError("short_factor and long_factor must be lists of numbers above 0")
    magnitude = _positive(rope, "attention_factor", math.sqrt(1 + stretch))
    return LongScaling(original, short, long, magnitude)


def _original_context(rope: ConfigValues, context: int) -> int:
    original = rope.count("original_max_position_embeddings", context)
    if original <= 1:
        raise ValueError(f"original_max_position_embeddings is {original}; it must be above 1")
    return original


def _positive(rope: ConfigValues, name: str, default: float | None = None) -> float:
    number = rope.number(name, default)
    if number <= 0:
        raise ValueError(f"{name} of the rotary scaling is {number}; it must be above 0")
    return number
