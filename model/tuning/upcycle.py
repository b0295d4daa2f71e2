"""Sparse upcycling (Komatsuzaki et al. 2022): a dense Qwen2 made a Qwen2-MoE by tuned weights.

The dense feed-forward becomes the shared expert. That one's sigmoid gate has weight 0, so gives one
half, and its output projection is doubled: both exact in binary. While the routed experts' output
projections are zero, as tuning starts, the result equals the dense model bit for bit.

Shapes: see config.py.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch

from model.checkpoint import Checkpoint
from model.config import DecoderConfig, MoeConfig
from model.errors import CheckpointError
from model.progress import Progress, unreported
from model.tuning.trained import EXPERTS, ROUTER, adapted, served
from model.tuning.tuned_file import TunedWeights

_DENSE = ("gate_proj", "up_proj", "down_proj")


def upcycle(
    dense: Checkpoint, tuned: TunedWeights, path: Path, progress: Progress = unreported
) -> Checkpoint:
    """Return the dense model with tuned attention and routed experts in its upper layers.

    `path` names the tuned file in errors. Tensors that do not change are shared, not copied.
    Progress is told in bytes of the tuned file.

    Raises:
        CheckpointError: the tuned weights do not fit the dense model.
    """
    _check_fit(dense.config, tuned, path)
    weights = dict(dense.weights)
    done, total = 0, sum(_size_bytes(of_layer) for of_layer in tuned.layers)
    progress(done, total)
    for layer, of_layer in enumerate(tuned.layers, start=tuned.recipe.first_layer):
        prefix = f"model.layers.{layer}."
        frozen = {
            name.removeprefix(prefix): weights.pop(name)
            for name in dense.weights
            if name.startswith(prefix)
        }
        _check_shapes(frozen, of_layer, tuned, path)
        changed = _share(served(frozen, of_layer))
        weights |= {prefix + name: tensor for name, tensor in changed.items()}
        done += _size_bytes(of_layer)
        progress(done, total)
    return Checkpoint(_config(dense.config, tuned), weights)


def _size_bytes(layer: Mapping[str, torch.Tensor]) -> int:
    return sum(tensor.nbytes for tensor in layer.values())


def _share(layer: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Turn the dense feed-forward into the shared expert."""
    for part in _DENSE:
        layer[f"mlp.shared_expert.{part}.weight"] = layer.pop(f"mlp.{part}.weight")
    layer["mlp.shared_expert.down_proj.weight"] = 2 * layer["mlp.shared_expert.down_proj.weight"]
    layer["mlp.shared_expert_gate.weight"] = torch.zeros_like(layer[ROUTER][:1])
    return layer


def _config(dense: DecoderConfig, tuned: TunedWeights) -> DecoderConfig:
    moe = MoeConfig(
        experts=tuned.recipe.experts,
        experts_per_token=tuned.recipe.experts_per_token,
        expert_width=tuned.recipe.expert_width,
        shared_width=dense.feed_forward_size,
        shared_gated=True,
    )
    layers = frozenset(range(tuned.recipe.first_layer))
    return replace(dense, family="qwen2_moe", moe=moe, dense_layers=layers)


def _check_fit(dense: DecoderConfig, tuned: TunedWeights, path: Path) -> None:
    if dense.family != "qwen2":
        raise CheckpointError(path, f"belongs to a qwen2, not to a {dense.family}")
    if tuned.recipe.first_layer + len(tuned.layers) != dense.layer_count:
        raise CheckpointError(path, f"does not end with the model's layer {dense.layer_count - 1}")


def _check_shapes(
    frozen: Mapping[str, torch.Tensor],
    layer: Mapping[str, torch.Tensor],
    tuned: TunedWeights,
    path: Path,
) -> None:
    """Check every tensor before any is used: a file that was tampered with must not get far."""
    hidden = len(frozen["input_layernorm.weight"])
    experts, width = tuned.recipe.experts, tuned.recipe.expert_width
    wanted: dict[str, tuple[int, ...]] = {ROUTER: (experts, hidden)}
    wanted |= dict.fromkeys(EXPERTS[:2], (experts, width, hidden))
    wanted[EXPERTS[2]] = (experts, hidden, width)
    for name in adapted(layer):
        rank = layer[f"{name}.a"].shape[0]
        output, read = frozen[f"{name}.weight"].shape if f"{name}.weight" in frozen else (0, 0)
        wanted |= {f"{name}.a": (rank, read), f"{name}.b": (output, rank)}
    found = {name: tuple(tensor.shape) for name, tensor in layer.items()}
    if found != wanted:
        raise CheckpointError(path, "has missing, unknown or wrongly shaped tensors")
    if not all(torch.isfinite(tensor).all() for tensor in layer.values()):
        raise CheckpointError(path, "has values that are no numbers")
