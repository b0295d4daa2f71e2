"""The experts of a decoder with rounded weights, in the file that was made for it.

Shapes: see config.py and quantised/packing.py.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import torch

from model.config import MoeConfig
from model.errors import CheckpointError
from model.expert_cache.stored_experts import Part, StoredExperts
from model.expert_cache.stored_tensors import StoredTensor, stored_tensors
from model.experts import ACTIVATIONS, Expert
from model.quantised.experts import QuantisedExpert, QuantisedExperts
from model.quantised.weight import QuantisedWeight
from model.transformer import Decoder

_STACKS = {"gate": "gate_EID", "up": "up_EID", "down": "down_EDI"}
_BIASES = {"gate_I": "gate_EI", "up_I": "up_EI", "down_D": "down_ED"}


def quantised_experts(path: Path, decoder: Decoder) -> StoredExperts:
    """Find the experts of a decoder that was mapped from a file.

    Raises:
        CheckpointError: the file is damaged, or the decoder has no experts.
    """
    moe, found = decoder.config.moe, _experts(decoder)
    if moe is None or not found:
        raise CheckpointError(path, "has no experts; leave expert_memory_bytes_max out")
    tensors = stored_tensors(path)
    layers = {number: _parts(f"layers.{number}.mlp.experts", moe, tensors) for number in found}
    return StoredExperts(layers, moe.experts, _builder(moe, next(iter(found.values()))))


def _experts(decoder: Decoder) -> dict[int, QuantisedExperts]:
    named = ((n, getattr(layer.mlp, "experts", None)) for n, layer in enumerate(decoder.layers))
    return {number: experts for number, experts in named if isinstance(experts, QuantisedExperts)}


def _parts(prefix: str, moe: MoeConfig, tensors: Mapping[str, StoredTensor]) -> list[Part]:
    names = {
        f"{matrix}.{kind}": f"{prefix}.{stack}.{kind}"
        for matrix, stack in _STACKS.items()
        for kind in ("packed", "scales")
    }
    if moe.biases:
        names |= {bias: f"{prefix}.{stack}" for bias, stack in _BIASES.items()}
    stored = {name: tensors[whole] for name, whole in names.items()}
    return [Part(name, whole.shape[1:], whole.dtype, [whole]) for name, whole in stored.items()]


def _builder(
    moe: MoeConfig, experts: QuantisedExperts
) -> Callable[[Mapping[str, torch.Tensor]], Expert]:
    sizes = {
        matrix: (stack.outputs, stack.inputs)
        for matrix, stack in zip(_STACKS, (experts.gate, experts.up, experts.down), strict=True)
    }

    def build(parts: Mapping[str, torch.Tensor]) -> Expert:
        gate, up, down = (
            QuantisedWeight(parts[f"{matrix}.packed"], parts[f"{matrix}.scales"], *size)
            for matrix, size in sizes.items()
        )
        biases = (parts.get(bias) for bias in _BIASES)
        return QuantisedExpert(ACTIVATIONS[moe.activation], gate, up, down, *biases)

    return build
