"""Qwen3 (dense): queries and keys are normalised, head by head."""

from dataclasses import replace

from model.config import DecoderConfig
from model.families.base import read_base, read_windows, sliding_from
from model.families.family import Family
from model.families.values import ConfigValues


def read(values: ConfigValues) -> DecoderConfig:
    """Return the configuration."""
    bias = values.flag("attention_bias", default=False)
    return replace(
        read_base(values, head_size=values.count("head_dim", 128)),
        query_key_value_bias=bias,
        output_bias=bias,
        query_key_norm="head",
        windows=read_windows(values, default_types=sliding_from(values)),
    )


FAMILY = Family(read)
