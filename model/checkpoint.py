"""Checkpoints in Hugging Face layout: `config.json` and safetensors files, one or several.

The weights are memory-mapped: opening takes milliseconds, and processes share the pages. Only what
a family stores in another form than the decoder uses (see `model.families`) is copied.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from model.config import DecoderConfig, Shape
from model.errors import CheckpointError
from model.families import FAMILIES, from_hugging_face, to_hugging_face
from model.families.values import ConfigValues
from model.transformer import HEAD, Decoder, parameter_shapes

CONFIG = "config.json"
GENERATION_CONFIG = "generation_config.json"
WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
EXPERTS = ".mlp.experts."
"""What the names of routed experts' parameters have in common."""
Weights = dict[str, torch.Tensor]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A decoder's numbers and its weights.

    Weights are named as the decoder's parameters, with "model." before all but the head's: for a
    dense model these are the names on disk; experts are stacked.
    """

    config: DecoderConfig
    weights: Weights

    @classmethod
    def open(cls, folder: Path, *, experts: bool = True) -> "Checkpoint":
        """Map a checkpoint folder and check that it is whole; without routed experts if so asked.

        Raises:
            CheckpointError: it is not, or the family is unknown.
        """
        config = read_config(folder)
        path, tensors = _read_folder(folder)
        shapes = parameter_shapes(config)
        if not experts:
            shapes = {name: shape for name, shape in shapes.items() if EXPERTS not in name}
        return cls(config, _parameters(path, config, shapes, tensors))

    def decoder(self, prepare: Callable[[Decoder], None] | None = None) -> Decoder:
        """Return a decoder that takes the weights over without copying: they stay memory-mapped.

        `prepare` may replace parts of it before the weights come.
        """
        weights = {name.removeprefix("model."): tensor for name, tensor in self.weights.items()}
        if self.config.head_tied_to_embedding:
            weights[HEAD] = weights["embed_tokens.weight"]
        with torch.device("meta"):
            decoder = Decoder(self.config)
        if prepare:
            prepare(decoder)
        decoder.load_state_dict(weights, assign=True)
        return decoder.eval().requires_grad_(requires_grad=False)

    def save(self, folder: Path) -> None:
        """Write `config.json` and the weights into an existing folder.

        Raises:
            CheckpointError: the disk is full or may not be written, or the family is only read.
        """
        try:
            text = json.dumps(to_hugging_face(self.config), indent=2)
        except ValueError as error:
            raise CheckpointError(folder / CONFIG, str(error)) from error
        (folder / CONFIG).write_text(text, encoding="utf-8")
        family = FAMILIES[self.config.family]
        on_disk: Weights = {}
        for name, parameter in self.weights.items():
            prefix, source = family.source(name)
            on_disk |= source.write(prefix, parameter)
        write_tensors(on_disk, folder / WEIGHTS)


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


def _parameters(
    path: Path, config: DecoderConfig, shapes: Mapping[str, Shape], tensors: Weights
) -> Weights:
    """Make the decoder's parameters of what is on disk, one by one."""
    family = FAMILIES[config.family]
    found = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    parameters: Weights = {}
    for name, shape in shapes.items():
        prefix, source = family.source(name)
        needed = source.shapes(prefix, shape)
        check_shapes(path, found, needed)
        parts = {part: tensors[part] for part in needed}
        _check_formats(path, parts)
        parameters[name] = source.read(list(parts.values()))
    return parameters


def _check_formats(path: Path, tensors: Weights) -> None:
    for name, tensor in tensors.items():
        if tensor.dtype not in {torch.float32, torch.bfloat16, torch.float16}:
            format_name = str(tensor.dtype).removeprefix("torch.")
            raise CheckpointError(path, f"tensor {name} has the format {format_name}")


def shard_paths(folder: Path) -> list[Path]:
    """Return the safetensors files of a checkpoint folder.

    Raises:
        CheckpointError: its index is damaged.
    """
    index = folder / INDEX
    return (
        [folder / name for name in sorted(_shards(index))] if index.exists() else [folder / WEIGHTS]
    )


def _read_folder(folder: Path) -> tuple[Path, Weights]:
    """Map all tensors, and return the file that should name a missing one."""
    tensors: Weights = {}
    for path in shard_paths(folder):
        tensors |= read_tensors(path)
    return folder / (INDEX if (folder / INDEX).exists() else WEIGHTS), tensors


def _shards(index: Path) -> set[str]:
    """Return the file names in an index, which is not trusted: all must lie beside it."""
    files = _read_json(index).get("weight_map")
    if not isinstance(files, dict) or not files:
        raise CheckpointError(index, "weight_map is missing")
    for name in files.values():
        if not isinstance(name, str) or Path(name).name != name:
            raise CheckpointError(index, f"{name!r} is not the name of a file in the same folder")
    return set(files.values())


def read_config(folder: Path) -> DecoderConfig:
    """Read a checkpoint folder's configuration.

    Raises:
        CheckpointError: it is missing or damaged, or the family is unknown.
    """
    path = folder / CONFIG
    values = _read_json(path)
    try:
        config = from_hugging_face(values)
        more_ends = _generation_end_tokens(folder)
    except KeyError as error:
        raise CheckpointError(path, f"{error} is missing") from error
    except ValueError as error:
        raise CheckpointError(path, str(error)) from error
    return replace(config, end_tokens=tuple(dict.fromkeys((*config.end_tokens, *more_ends))))


def _generation_end_tokens(folder: Path) -> tuple[int, ...]:
    """Return the end tokens of `generation_config.json`, where chat models name them all."""
    path = folder / GENERATION_CONFIG
    return ConfigValues(_read_json(path)).counts("eos_token_id") if path.exists() else ()


def _read_json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(path, str(error)) from error
    if not isinstance(values, dict):
        raise CheckpointError(path, "is not a JSON object")
    return values
