"""Qwen2, 2.5 (dense): biases on queries, keys and values; maybe windows in the upper layers."""

from dataclasses import replace
from typing import Any

from model.config import DecoderConfig
from model.families.base import read_base, read_windows, sliding_from, write_base
from model.families.family import Family
from model.families.values import ConfigValues


def read(values: ConfigValues) -> DecoderConfig:
    """Return the configuration."""
    return replace(
        read_base(values),
        query_key_value_bias=True,
        windows=read_windows(values, default_types=sliding_from(values)),
    )


def write(config: DecoderConfig) -> dict[str, Any]:
    """Return the `config.json`."""
    return write_base(config) | {"architectures": ["Qwen2ForCausalLM"], **write_windows(config)}


def write_windows(config: DecoderConfig) -> dict[str, Any]:
    """Return Qwen's values for windows."""
    types = ["sliding_attention" if window else "full_attention" for window in config.windows]
    if not types:
        return {"use_sliding_window": False}
    return {
        "use_sliding_window": True,
        "sliding_window": max(config.windows),
        "layer_types": types,
    }


FAMILY = Family(read, write=write)
