"""The int8 copies of a decoder's weights, made once and kept beside its checkpoint."""

from pathlib import Path

from model.checkpoint import Weights, check_shapes, read_tensors, write_tensors
from model.durable_files import exclusive, publish
from model.projection import Projection, projections, quantise_rows
from model.transformer import Decoder

FILE = "single_token.int8.safetensors"


def use_int8_for_single_tokens(decoder: Decoder, folder: Path) -> None:
    """Give every projection its int8 copy, memory-mapped from the folder.

    Raises:
        CheckpointError: the file there is damaged (once deleted, it is made anew), or cannot be
            written.
    """
    layers = projections(decoder)
    path = folder / FILE
    with exclusive(folder / f".{FILE}.lock"):
        if not path.exists():
            _write(layers, path)
    weights = read_tensors(path)
    check_shapes(path, {name: tuple(t.shape) for name, t in weights.items()}, _shapes(layers))
    for name, layer in layers.items():
        layer.single_token = (weights[f"{name}.weight"], weights[f"{name}.scale"])


def _write(layers: dict[str, Projection], path: Path) -> None:
    weights: Weights = {}
    for name, layer in layers.items():
        weights[f"{name}.weight"], weights[f"{name}.scale"] = quantise_rows(layer.weight)
    unfinished = path.with_name(f".{path.name}.unfinished")
    write_tensors(weights, unfinished)
    publish(unfinished, path)


def _shapes(layers: dict[str, Projection]) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    for name, layer in layers.items():
        shapes[f"{name}.weight"] = (layer.out_features, layer.in_features)
        shapes[f"{name}.scale"] = (layer.out_features,)
    return shapes
