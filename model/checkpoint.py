"""Checkpoints in Hugging Face layout: `config.json`, safetensors, `tokenizer.json`, template.

The weights are memory-mapped: opening takes milliseconds, and processes share the pages.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from model.config import DecoderConfig, Shape
from model.errors import CheckpointError

CONFIG = "config.json"
WEIGHTS = "model.safetensors"
Weights = dict[str, torch.Tensor]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A decoder's numbers and its weights, under their Hugging Face names."""

    config: DecoderConfig
    weights: Weights

    @classmethod
    def open(cls, folder: Path) -> "Checkpoint":
        """Map a checkpoint folder and check that it is whole.

        Raises:
            CheckpointError: it is not, or the family is unknown.
        """
        config = _read_config(folder / CONFIG)
        weights = read_tensors(folder / WEIGHTS)
        check_shapes(
            folder / WEIGHTS,
            {name: tuple(tensor.shape) for name, tensor in weights.items()},
            config.tensor_shapes(),
        )
        return cls(config, weights)

    def save(self, folder: Path) -> None:
        """Write `config.json` and the weights into an existing folder.

        Raises:
            CheckpointError: the disk is full or may not be written.
        """
        text = json.dumps(self.config.to_hugging_face(), indent=2)
        (folder / CONFIG).write_text(text, encoding="utf-8")
        write_tensors(self.weights, folder / WEIGHTS)


def read_tensors(path: Path) -> Weights:
    """Map every tensor of a safetensors file.

    Raises:
        CheckpointError: the file is missing or damaged.
    """
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no dict
    except (OSError, SafetensorError) as error:
        raise CheckpointError(path, f"cannot be read: {error}") from error


def write_tensors(weights: Weights, path: Path) -> None:
    """Write a safetensors file.

    Raises:
        CheckpointError: the disk is full or may not be written.
    """
    try:
        save_file(weights, path, metadata={"format": "pt"})
    except (OSError, SafetensorError) as error:
        raise CheckpointError(path, f"cannot be written: {error}") from error


def check_shapes(path: Path, found: Mapping[str, Shape], expected: Mapping[str, Shape]) -> None:
    """Check that every expected tensor is there in its shape.

    Raises:
        CheckpointError: one is missing or has another shape.
    """
    for name, shape in expected.items():
        if name not in found:
            raise CheckpointError(path, f"tensor {name} is missing")
        if found[name] != shape:
            raise CheckpointError(path, f"tensor {name} has shape {found[name]}, not {shape}")


def _read_config(path: Path) -> DecoderConfig:
    try:
        return DecoderConfig.from_hugging_face(json.loads(path.read_text(encoding="utf-8")))
    except KeyError as error:
        raise CheckpointError(path, f"{error} is missing") from error
    except (OSError, ValueError) as error:
        raise CheckpointError(path, str(error)) from error
