"""The experts of a Hugging Face folder, as they are stored there. Shapes: see config.py."""

from collections.abc import Mapping
from pathlib import Path

import torch

from model.checkpoint import CONFIG, EXPERTS, check_shapes, shard_paths
from model.config import DecoderConfig, Shape
from model.errors import CheckpointError
from model.expert_cache.stored_experts import Part, StoredExperts
from model.expert_cache.stored_tensors import StoredTensor, stored_tensors
from model.experts import ACTIVATIONS, Expert, FloatExpert
from model.families import FAMILIES
from model.families.family import Derived
from model.transformer import parameter_shapes


def checkpoint_experts(folder: Path, config: DecoderConfig) -> StoredExperts:
    """Find a checkpoint's experts.

    Raises:
        CheckpointError: a file is missing or damaged, or lacks an expert.
    """
    if config.moe is None:
        raise CheckpointError(folder / CONFIG, "has no experts; leave expert_memory_bytes_max out")
    tensors: dict[str, StoredTensor] = {}
    for path in shard_paths(folder):
        tensors |= stored_tensors(path)
    layers: dict[int, list[Part]] = {}
    for name, shape in parameter_shapes(config).items():
        if EXPERTS in name:
            layer = int(name.split(".")[2])
            layers.setdefault(layer, []).append(_part(folder, config, name, shape, tensors))
    _check_formats(folder, layers)
    activation = ACTIVATIONS[config.moe.activation]

    def build(parts: Mapping[str, torch.Tensor]) -> Expert:
        return FloatExpert(activation, **parts)

    return StoredExperts(layers, config.moe.experts, build)


def _part(
    folder: Path,
    config: DecoderConfig,
    parameter: str,
    shape: Shape,
    tensors: Mapping[str, StoredTensor],
) -> Part:
    prefix, source = FAMILIES[config.family].source(parameter)
    needed = source.shapes(prefix, shape)
    check_shapes(folder, {name: tensor.shape for name, tensor in tensors.items()}, needed)
    stored = [tensors[name] for name in needed]
    name = parameter.rpartition(".")[2].replace("E", "", 1)  # gate_EID -> gate_ID
    pick = source.pick if isinstance(source, Derived) else None
    return Part(name, shape[1:], stored[0].dtype, stored, pick)


def _check_formats(folder: Path, layers: Mapping[int, list[Part]]) -> None:
    parts = [part for layer in layers.values() for part in layer]
    formats = {str(stored.dtype) for part in parts for stored in part.stored}
    if len(formats) > 1:
        raise CheckpointError(folder, f"its experts have several formats: {sorted(formats)}")
