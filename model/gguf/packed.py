"""Packed rows of a GGUF file -> torch tensors, a few megabytes at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import gguf
import numpy as np
import numpy.typing as npt
import torch

from model.errors import CheckpointError
from model.gguf.file import GgufTensor, Shape

CHUNK_BYTES = 4_194_304  # packed; unpacked to float32 on the way at most eightfold and a bit


@dataclass(frozen=True, slots=True)
class PackedRows:
    """Some rows of one tensor, in the file's order or in another."""

    tensor: GgufTensor
    rows: npt.NDArray[np.uint8]
    order: npt.NDArray[np.intp] | None = None

    @classmethod
    def all_of(cls, tensor: GgufTensor, order: npt.NDArray[np.intp] | None = None) -> "PackedRows":
        """Take the whole tensor."""
        return cls(tensor, tensor.rows, order)

    @classmethod
    def expert_of(cls, tensor: GgufTensor, expert: int) -> "PackedRows":
        """Take one matrix of a stack of them."""
        count = tensor.shape[1]
        return cls(tensor, tensor.rows[expert * count : (expert + 1) * count])


@dataclass(frozen=True, slots=True)
class PackedTensor:
    """A tensor of the Hugging Face folder: its rows are those of the parts, one after the other."""

    shape: Shape
    parts: tuple[PackedRows, ...]


def unpack(path: Path, tensor: PackedTensor, dtype: torch.dtype) -> Iterator[torch.Tensor]:
    """Yield the values, flat, piece by piece.

    Raises:
        CheckpointError: the format is not known, or a value is no number.
    """
    for part in tensor.parts:
        for packed in _chunks(part):
            values = torch.from_numpy(_dequantise(path, part.tensor, packed))
            if not torch.isfinite(values).all():
                reason = f"the tensor {part.tensor.name} has values that are no numbers"
                raise CheckpointError(path, reason)
            yield values.reshape(-1).to(dtype)


def _chunks(part: PackedRows) -> Iterator[npt.NDArray[np.uint8]]:
    step = max(1, CHUNK_BYTES // part.rows.shape[1])
    for start in range(0, len(part.rows), step):
        if part.order is None:
            yield part.rows[start : start + step]
        else:
            yield part.rows[part.order[start : start + step]]


def _dequantise(
    path: Path, tensor: GgufTensor, packed: npt.NDArray[np.uint8]
) -> npt.NDArray[np.float32]:
    try:
        # numpy warns when the float16 scale of a damaged block is infinite; the caller refuses it.
        with np.errstate(all="ignore"):
            values = gguf.quants.dequantize(np.array(packed), tensor.format)
    except NotImplementedError as error:
        raise CheckpointError(path, f"the format {tensor.format.name} is not known") from error
    return np.ascontiguousarray(values, dtype=np.float32)
