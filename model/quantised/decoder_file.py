"""A decoder with rounded weights, made once beside its checkpoint and read or mapped from then on.

The file holds all parameters under the decoder's own names, so that the checkpoint's weights are
not read again: for a rounded one its packed integers and scales, for the others what they are.
Shapes: see packing.py.
"""

from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from model.checkpoint import Checkpoint, Weights, check_shapes, read_config, read_tensors
from model.config import DecoderConfig, Shape
from model.durable_files import exclusive, publish
from model.errors import CheckpointError
from model.experts import StackedExperts
from model.huge_pages import read_into_huge_pages
from model.projection import Projection
from model.quantised.experts import QuantisedExperts
from model.quantised.parts import STACKS, Part, Precision, parts_of
from model.quantised.stack import QuantisedStack
from model.quantised.weight import QuantisedWeight
from model.safetensors_stream import Stored, stream_safetensors
from model.transformer import Decoder

FORMAT = "3"
"""Rises when rounding or packing changes, so that older files are made anew."""
Rounded = tuple[torch.Tensor, torch.Tensor, int, int]
"""Packed integers, scales, outputs and inputs."""
_MADE_FROM = "made_from"


def open_quantised(folder: Path, precision: Precision) -> Decoder:
    """Map a decoder with rounded weights, rounding the checkpoint in the folder if need be.

    Raises:
        CheckpointError: the checkpoint or the file is damaged (once deleted, the file is made
            anew), or it cannot be written.
    """
    path = quantised_path(folder, precision)
    made_from = _stamp(folder)
    with exclusive(folder / f".{path.name}.lock"):
        if _made_from(path) != made_from:
            _make(path, folder, precision, made_from)
    return _map(path, read_config(folder), precision)


def quantised_path(folder: Path, precision: Precision) -> Path:
    """Return where a checkpoint folder's rounded weights are."""
    return folder / f"quantised.{precision}.safetensors"


def _stamp(folder: Path) -> str:
    """Say what a file made now would be made from."""
    weights = sorted(folder.glob("model*.safetensors"))
    status = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in weights]
    return f"format {FORMAT}, {status}"


def _made_from(path: Path) -> str | None:
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            return (file.metadata() or {}).get(_MADE_FROM)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(path, f"cannot be read: {error}; delete it") from error


def _make(path: Path, folder: Path, precision: Precision, made_from: str) -> None:
    decoder = Decoder.from_checkpoint(Checkpoint.open(folder))
    wanted = parts_of(decoder, precision)
    parts = [part.narrowed(decoder.get_parameter(part.name)) for part in wanted]
    others = _others(decoder, parts)
    unfinished = path.with_name(f".{path.name}.unfinished")
    stored = {part.packed_name: Stored(torch.uint8, part.packed_shape) for part in parts}
    stored |= {part.scales_name: Stored(torch.bfloat16, part.scales_shape) for part in parts}
    stored |= {name: Stored(tensor.dtype, tuple(tensor.shape)) for name, tensor in others.items()}
    try:
        pieces = _pieces(decoder, parts, others)
        stream_safetensors(unfinished, stored, pieces, {_MADE_FROM: made_from})
        publish(unfinished, path)
    except OSError as error:
        raise CheckpointError(path, f"cannot be written: {error}") from error


def _pieces(decoder: Decoder, parts: list[Part], others: Weights) -> Iterator[torch.Tensor]:
    """Yield what is stored, in its order; the scales, which are small, wait in memory."""
    scales: list[torch.Tensor] = []
    for part in parts:
        matrices = decoder.get_parameter(part.name).view(-1, *part.shape[-2:])
        for matrix_EK in matrices:
            rounded = QuantisedWeight.of(matrix_EK, part.bits)
            scales.append(rounded.scales_NGR)
            yield rounded.packed_NGX
    yield from scales
    for tensor in others.values():
        yield tensor.contiguous()


def _others(decoder: Decoder, parts: list[Part]) -> Weights:
    rounded = {part.name for part in parts}
    return {name: t for name, t in decoder.state_dict().items() if name not in rounded}


def _map(path: Path, config: DecoderConfig, precision: Precision) -> Decoder:
    with torch.device("meta"):
        decoder = Decoder(config)
    tensors = read_tensors(path)
    parts = [part.as_stored(tensors) for part in parts_of(decoder, precision)]
    _check(path, tensors, decoder, parts)
    tensors |= read_into_huge_pages(path, _of_each_token(parts))
    _use(decoder, {part.name: _taken(tensors, part) for part in parts})
    decoder.load_state_dict(tensors, assign=True)
    return decoder.eval().requires_grad_(requires_grad=False)


def _of_each_token(parts: list[Part]) -> list[str]:
    """Name what is no stack of experts, of which a token reads a few."""
    plain = [part for part in parts if len(part.shape) == 2]  # noqa: PLR2004 - a matrix
    return [name for part in plain for name in (part.packed_name, part.scales_name)]


def _taken(tensors: Weights, part: Part) -> Rounded:
    packed, scales = tensors.pop(part.packed_name), tensors.pop(part.scales_name)
    outputs, inputs = part.shape[-2:]
    return packed, scales, outputs, inputs


def _use(decoder: Decoder, rounded: dict[str, Rounded]) -> None:
    for name, module in list(decoder.named_modules()):
        if isinstance(module, Projection) and f"{name}.weight" in rounded:
            module.use(QuantisedWeight(*rounded[f"{name}.weight"]))
        elif isinstance(module, StackedExperts):
            stacks = (QuantisedStack(*rounded[f"{name}.{stack}"]) for stack in STACKS)
            with torch.device("meta"):  # the biases come with the other parameters
                decoder.set_submodule(name, QuantisedExperts(module.config, *stacks))


def _check(path: Path, tensors: Weights, decoder: Decoder, parts: list[Part]) -> None:
    expected: dict[str, Shape] = {part.packed_name: part.packed_shape for part in parts}
    expected |= {part.scales_name: part.scales_shape for part in parts}
    expected |= {name: tuple(t.shape) for name, t in _others(decoder, parts).items()}
    check_shapes(path, {name: tuple(t.shape) for name, t in tensors.items()}, expected)
