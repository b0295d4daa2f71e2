"""The families of models that the decoder knows, by Hugging Face's `model_type`.

Each module says how one family's `config.json` is read and where its tensors are on disk.
"""

from collections.abc import Mapping
from typing import Any

from model.config import DecoderConfig
from model.families import (
    deepseek_v2,
    deepseek_v3,
    gpt_oss,
    granitemoe,
    llama,
    mixtral,
    olmoe,
    qwen2,
    qwen2_moe,
    qwen3,
    qwen3_moe,
)
from model.families.family import Family
from model.families.values import ConfigValues

FAMILIES: Mapping[str, Family] = {
    "deepseek_v2": deepseek_v2.FAMILY,
    "deepseek_v3": deepseek_v3.FAMILY,
    "gpt_oss": gpt_oss.FAMILY,
    "granitemoe": granitemoe.FAMILY,
    "granitemoeshared": granitemoe.FAMILY,
    "llama": llama.FAMILY,
    "mixtral": mixtral.FAMILY,
    "olmoe": olmoe.FAMILY,
    "qwen2": qwen2.FAMILY,
    "qwen2_moe": qwen2_moe.FAMILY,
    "qwen3": qwen3.FAMILY,
    "qwen3_moe": qwen3_moe.FAMILY,
}


def from_hugging_face(values: Mapping[str, Any]) -> DecoderConfig:
    """Read the values of a `config.json`.

    Raises:
        KeyError: one is missing.
        ValueError: the family is not known, or a value is nonsense or not supported.
    """
    family = values.get("model_type")
    if not isinstance(family, str) or family not in FAMILIES:
        known = ", ".join(FAMILIES)
        raise ValueError(f"the family {family!r} is not known; known are {known}")
    return FAMILIES[family].read(ConfigValues(values))


def to_hugging_face(config: DecoderConfig) -> dict[str, Any]:
    """Return the values of a `config.json` that `transformers` reads too.

    Raises:
        ValueError: files of this family are only read here.
    """
    write = FAMILIES[config.family].write
    if write is None:
        raise ValueError(f"a checkpoint of the family {config.family} is only read, not written")
    return write(config)
