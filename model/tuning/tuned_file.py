"""The tuned weights on disk: one small safetensors file that belongs to one base file.

Tensors are named as the decoder's parameters, from "layers." on; adapters as their projection with
".a" and ".b". The metadata say what they were tuned on and how.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from model.errors import CheckpointError
from model.tuning.recipe import Recipe
from model.tuning.trained import EXPERTS, ROUTER

FILE = "experts.safetensors"
_FORMAT = "1"


@dataclass(frozen=True, slots=True)
class TunedWeights:
    """Tuned weights by layer, from the recipe's first layer to the last."""

    layers: tuple[Mapping[str, torch.Tensor], ...]
    recipe: Recipe
    base_sha256: str
    """Hash of the GGUF file that they were tuned on, and fit."""
    earlier: tuple[Recipe, ...] = ()
    """The passes before the last one, in their order; `recipe` is that of the last."""

    def save(self, path: Path) -> None:
        """Write the file; experts in bfloat16, as they are served, the rest in float32.

        Raises:
            CheckpointError: the disk is full or may not be written.
        """
        tensors = {
            f"layers.{layer}.{name}": tensor.detach().to(_stored_type(name)).contiguous()
            for layer, of_layer in enumerate(self.layers, start=self.recipe.first_layer)
            for name, tensor in of_layer.items()
        }
        metadata = {
            "format": _FORMAT,
            "base_sha256": self.base_sha256,
            "recipe": self.recipe.to_json(),
            "earlier": json.dumps([recipe.to_json() for recipe in self.earlier]),
        }
        try:
            save_file(tensors, path, metadata)
        except (OSError, SafetensorError) as error:
            raise CheckpointError(path, f"cannot be written: {error}") from error

    @classmethod
    def open(cls, path: Path) -> "TunedWeights":
        """Read the file.

        Raises:
            CheckpointError: it is missing, damaged or of another format.
        """
        try:
            with safe_open(path, framework="pt") as file:
                metadata = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no dict
            recipe = _read_recipe(metadata)
            return cls(
                layers=_by_layer(tensors, recipe.first_layer),
                recipe=recipe,
                base_sha256=metadata["base_sha256"],
                earlier=_read_earlier(metadata),
            )
        except KeyError as error:
            raise CheckpointError(path, f"{error} is missing") from error
        except (OSError, SafetensorError, ValueError) as error:
            raise CheckpointError(path, f"cannot be read: {error}") from error


def read_recipe(path: Path) -> Recipe:
    """Read the recipe of the last pass, without the weights.

    Raises:
        CheckpointError: the file is missing, damaged or of another format.
    """
    return read_passes(path)[-1]


def read_passes(path: Path) -> tuple[Recipe, ...]:
    """Read how tuned weights came about, one recipe a pass, without the weights.

    Raises:
        CheckpointError: the file is missing, damaged or of another format.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            return (*_read_earlier(metadata), _read_recipe(metadata))
    except (KeyError, OSError, SafetensorError, ValueError) as error:
        raise CheckpointError(path, f"cannot be read: {error}") from error


def _stored_type(name: str) -> torch.dtype:
    return torch.bfloat16 if name in {ROUTER, *EXPERTS} else torch.float32


def _read_recipe(metadata: Mapping[str, str]) -> Recipe:
    if metadata.get("format") != _FORMAT:
        raise ValueError("it is no file of tuned weights, or of another version")
    return Recipe.from_json(metadata["recipe"])


def _read_earlier(metadata: Mapping[str, str]) -> tuple[Recipe, ...]:
    return tuple(Recipe.from_json(text) for text in json.loads(metadata.get("earlier", "[]")))


def _by_layer(
    tensors: Mapping[str, torch.Tensor], first_layer: int
) -> tuple[Mapping[str, torch.Tensor], ...]:
    layers: dict[int, dict[str, torch.Tensor]] = {}
    for name, tensor in tensors.items():
        prefix, number, parameter = name.split(".", 2)
        if prefix != "layers" or not number.isdecimal():
            raise ValueError(f"the tensor {name} is not known")
        layers.setdefault(int(number), {})[parameter] = tensor
    if sorted(layers) != list(range(first_layer, first_layer + len(layers))):
        raise ValueError(f"layers are missing after layer {first_layer}")
    return tuple(layers[number] for number in sorted(layers))


def parameters(layers: Sequence[Mapping[str, torch.Tensor]]) -> int:
    """Count the numbers in tuned layers."""
    return sum(tensor.numel() for of_layer in layers for tensor in of_layer.values())
