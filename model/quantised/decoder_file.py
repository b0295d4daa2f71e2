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
from model.durable_files import exclusive, sha256_of
from model.errors import CheckpointError
from model.experts import StackedExperts
from model.huge_pages import read_into_huge_pages
from model.making import making
from model.progress import Progress, unreported
from model.projection import Projection
from model.quantised.experts import QuantisedExperts
from model.quantised.parts import STACKS, Part, Precision, parts_of
from model.quantised.stack import QuantisedStack
from model.quantised.weight import QuantisedWeight
from model.safetensors_stream import Stored, stream_safetensors
from model.transformer import Decoder

FORMAT = "4"
"""Rises when rounding or packing changes, so that older files are made anew."""
Rounded = tuple[torch.Tensor, torch.Tensor, int, int]
"""Packed integers, scales, outputs and inputs."""
_MADE_FROM = "made_from"
_HASH = ".sha256"
"""Ends the name of the file beside it with its hash, by which damage is found."""


def open_quantised(folder: Path, precision: Precision, progress: Progress = unreported) -> Decoder:
    """Map a decoder with rounded weights, rounding the checkpoint in the folder if need be.

    Raises:
        CheckpointError: the checkpoint is damaged, or the file cannot be written.
    """
    path = quantised_path(folder, precision)
    made_from = _stamp(folder)
    with exclusive(folder / f".{path.name}.lock"):
        if why := _why_to_make(path, made_from):
            _make(folder, precision, made_from, why, progress)
    return _map(path, read_config(folder), precision)


def discard_damaged(folder: Path) -> list[Path]:
    """Read the rounded weights beside a checkpoint; delete and return files that have changed.

    They are made anew when they are next needed.
    """
    noted = {path.with_suffix(""): path for path in folder.glob(f"quantised.*{_HASH}")}
    damaged = [
        path
        for path, note in sorted(noted.items())
        if path.is_file() and sha256_of(path) != note.read_text(encoding="ascii")
    ]
    for path in damaged:
        path.unlink()
    return damaged


def quantised_path(folder: Path, precision: Precision) -> Path:
    """Return where a checkpoint folder's rounded weights are."""
    return folder / f"quantised.{precision}.safetensors"


def _stamp(folder: Path) -> str:
    """Say what a file made now would be made from."""
    weights = sorted(folder.glob("model*.safetensors"))
    status = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in weights]
    return f"format {FORMAT}, {status}"


def _why_to_make(path: Path, made_from: str) -> str | None:
    """Say why a file must be made, if so; one that is cut short or no such file counts as none."""
    if not path.exists():
        return "there is none yet"
    try:
        with safe_open(path, framework="pt") as file:
            found = (file.metadata() or {}).get(_MADE_FROM)
    except (OSError, SafetensorError):
        return "the one that is there is damaged"
    return None if found == made_from else "the one that is there is older"


def _make(folder: Path, precision: Precision, made_from: str, why: str, progress: Progress) -> None:
    path = quantised_path(folder, precision)
    decoder = Checkpoint.open(folder).decoder()
    try:
        with making(path, why) as unfinished:
            parts = _narrowed(decoder, parts_of(decoder, precision), progress)
            others = _others(decoder, parts)
            stored, pieces = _stored(parts, others), _pieces(decoder, parts, others)
            stream_safetensors(unfinished, stored, pieces, {_MADE_FROM: made_from}, progress)
            path.with_name(path.name + _HASH).write_text(sha256_of(unfinished), encoding="ascii")
    except OSError as error:
        raise CheckpointError(path, f"cannot be written: {error}") from error


def _narrowed(decoder: Decoder, parts: list[Part], progress: Progress) -> list[Part]:
    """Look through all weights for the bits that they need; it takes as long as rounding them."""
    matrices = [decoder.get_parameter(part.name) for part in parts]
    done, total = 0, sum(matrix.nbytes for matrix in matrices)
    narrowed: list[Part] = []
    progress(done, total)
    for part, matrix in zip(parts, matrices, strict=True):
        narrowed.append(part.narrowed(matrix))
        done += matrix.nbytes
        progress(done, total)
    return narrowed


def _stored(parts: list[Part], others: Weights) -> dict[str, Stored]:
    stored = {part.packed_name: Stored(torch.uint8, part.packed_shape) for part in parts}
    stored |= {part.scales_name: Stored(part.scales_dtype, part.scales_shape) for part in parts}
    return stored | {name: Stored(t.dtype, tuple(t.shape)) for name, t in others.items()}


def _pieces(decoder: Decoder, parts: list[Part], others: Weights) -> Iterator[torch.Tensor]:
    """Yield what is stored, in its order; the scales, which are small, wait in memory."""
    scales: list[torch.Tensor] = []
    for part in parts:
        matrices = decoder.get_parameter(part.name).view(-1, *part.shape[-2:])
        for matrix_EK in matrices:
            rounded = part.rounded(matrix_EK)
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
