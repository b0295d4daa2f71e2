"""Llama 1 to 3 (dense)."""

from dataclasses import replace

from model.config import DecoderConfig
from model.families.base import read_base
from model.families.family import Family
from model.families.values import ConfigValues


def read(values: ConfigValues) -> DecoderConfig:
    """Return the configuration."""
    bias = values.flag("attention_bias", default=False)
    return replace(
        read_base(values),
        query_key_value_bias=bias,
        output_bias=bias,
        feed_forward_bias=values.flag("mlp_bias", default=False),
    )


FAMILY = Family(read)
