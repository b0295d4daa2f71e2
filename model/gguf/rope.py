"""Rotary settings of a GGUF file -> Hugging Face's `rope_parameters`."""

import math
from typing import Any

import numpy as np

from model.errors import CheckpointError
from model.gguf.metadata import Metadata

FACTORS = "rope_freqs.weight"
_LLAMA3 = {
    "rope_type": "llama3",
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8192,
}
_YARN_DEFAULTS = {"beta_fast": 32.0, "beta_slow": 1.0}


def rope_parameters(metadata: Metadata) -> dict[str, Any]:
    """Return the base and the scaling.

    Raises:
        CheckpointError: the scaling is not known.
    """
    base = {"rope_theta": metadata.get("rope.freq_base", 10_000.0)}
    if FACTORS in metadata.file.tensors:
        return base | _llama3(metadata, base["rope_theta"])
    kind = metadata.text("rope.scaling.type", "none")
    factor = metadata.get("rope.scaling.factor", 1.0)
    if kind == "none" or factor == 1.0:
        return base | {"rope_type": "default"}
    if kind == "linear":
        return base | {"rope_type": "linear", "factor": factor}
    if kind == "yarn":
        return base | {"rope_type": "yarn", "factor": factor} | _yarn(metadata)
    raise CheckpointError(metadata.file.path, f"the rotary scaling {kind!r} is not known")


def _yarn(metadata: Metadata) -> dict[str, Any]:
    return {
        "original_max_position_embeddings": metadata["rope.scaling.original_context_length"],
        **{
            name: metadata.get(f"rope.scaling.yarn_{name}", default)
            for name, default in _YARN_DEFAULTS.items()
        },
    }


def _llama3(metadata: Metadata, base: float) -> dict[str, Any]:
    """Find the settings from which the file's factors, one per frequency, were computed.

    llama.cpp's converter writes the factors but not the settings. All Llama 3 models share all
    settings but one, so they are computed again and compared.
    """
    tensor = metadata.file.tensors[FACTORS]
    if tensor.format.name != "F32":
        raise CheckpointError(metadata.file.path, f"the tensor {FACTORS} is not F32")
    found = np.array(tensor.rows).view(np.float32).reshape(-1)
    settings = {**_LLAMA3, "factor": float(found.max())}
    if not np.allclose(found, _llama3_factors(base, metadata.head_width, settings), rtol=1e-3):
        raise CheckpointError(metadata.file.path, f"the scaling in {FACTORS} is not Llama 3's")
    return settings


def _llama3_factors(base: float, width: int, settings: dict[str, Any]) -> np.ndarray[Any, Any]:
    """Return what each frequency is divided by: Llama 3.1's smooth step between 1 and `factor`."""
    frequencies = base ** (-np.arange(0, width, 2) / width)
    turns = settings["original_max_position_embeddings"] * frequencies / (2 * math.pi)
    low, high = settings["low_freq_factor"], settings["high_freq_factor"]
    smooth = np.clip((turns - low) / (high - low), 0, 1)
    factors: np.ndarray[Any, Any] = 1 / ((1 - smooth) / settings["factor"] + smooth)
    return factors
