"""Each format that published files use is read as its specification lays it out."""

from pathlib import Path

import gguf
import numpy as np
import numpy.typing as npt
import pytest
import torch

from model.errors import CheckpointError
from model.gguf.file import GgufFile
from model.gguf.packed import PackedRows, PackedTensor, unpack

Kind = gguf.GGMLQuantizationType
ONE = np.array([1], np.float16).tobytes()
ROWS, COLUMNS = 3, 256
ERRORS = {  # for weights up to 1: half a step of the format, or a whole one at its end
    Kind.F16: 1 / 2048,
    Kind.BF16: 1 / 256,
    Kind.Q8_0: 1 / 240,
    Kind.Q4_0: 1 / 7,
    Kind.Q4_1: 1 / 14,
}


def read(path: Path, packed: npt.NDArray[np.uint8], kind: Kind) -> torch.Tensor:
    writer = gguf.GGUFWriter(path, "qwen2")
    writer.add_tensor("w", packed, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    stored = GgufFile.open(path).tensors["w"]
    whole = PackedTensor(stored.shape, (PackedRows.all_of(stored),))
    return torch.cat(list(unpack(path, whole, torch.float32))).view(stored.shape)


@pytest.mark.parametrize("kind", ERRORS)
def test_weights_come_back_within_the_format_s_rounding(tmp_path: Path, kind: Kind) -> None:
    weights = np.random.default_rng(1).uniform(-1, 1, (ROWS, COLUMNS)).astype(np.float32)
    packed = gguf.quants.quantize(weights, kind)
    found = read(tmp_path / "one.gguf", packed.view(np.uint8), kind)
    assert found.shape == weights.shape
    assert np.abs(found.numpy() - weights).max() <= ERRORS[kind]


def test_q4_k_has_scales_and_minima_of_6_bits(tmp_path: Path) -> None:
    # Eight groups of 32: scale 2 and minimum 3 for the first four, 5 and 1 for the others.
    scales = bytes([2] * 4 + [3] * 4 + [5 | 1 << 4] * 4)
    nibbles = bytes(range(16)) * 8  # of both halves: low 0 to 15, high 0
    block = ONE + ONE + scales + nibbles
    found = read(tmp_path / "one.gguf", np.frombuffer(block, np.uint8)[None], Kind.Q4_K)
    low, high = torch.arange(16).repeat(2), torch.zeros(32)
    groups = [2 * low - 3, 2 * high - 3, 2 * low - 3, 2 * high - 3]
    groups += [5 * low - 1, 5 * high - 1, 5 * low - 1, 5 * high - 1]
    assert found.tolist() == [torch.cat(groups).tolist()]


def test_q6_k_has_signed_scales_for_16_each(tmp_path: Path) -> None:
    lower, upper = bytes([7]) * 128, bytes([0b11]) * 64  # the first quarter has high bits 3
    scales = np.arange(-8, 8, dtype=np.int8).tobytes()
    block = lower + upper + scales + ONE
    found = read(tmp_path / "one.gguf", np.frombuffer(block, np.uint8)[None], Kind.Q6_K)
    # 32 weights have 7 and the high bits 3, 32 only 7, 64 neither; less 32, and again.
    half = [7 + 48 - 32] * 32 + [7 - 32] * 32 + [-32] * 64
    expected = [q * (i // 16 - 8) for i, q in enumerate(half + half)]
    assert found.tolist() == [expected]


def test_a_format_that_is_not_known_is_named(tmp_path: Path) -> None:
    block = np.zeros((1, gguf.GGML_QUANT_SIZES[Kind.Q8_1][1]), np.uint8)
    with pytest.raises(CheckpointError, match="Q8_1 is not known"):
        read(tmp_path / "one.gguf", block, Kind.Q8_1)
