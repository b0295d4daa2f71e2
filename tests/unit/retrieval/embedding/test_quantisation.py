import struct

import torch

from retrieval.embedding.quantisation import dequantise


def test_low_halves_come_first_and_eight_is_zero() -> None:
    numbers = [0x80 | j for j in range(16)]
    block = struct.pack("<e16B", 0.5, *numbers)
    weights = dequantise(torch.tensor(list(block), dtype=torch.uint8).view(1, 1, 18))
    assert weights.shape == (1, 32)
    assert weights[0].tolist() == [(j - 8) * 0.5 for j in range(16)] + [0.0] * 16


def test_each_block_has_its_own_scale_and_rows_stay_apart() -> None:
    blocks = [struct.pack("<e16B", scale, *[0x99] * 16) for scale in (1, 2, 3, 4)]
    rows = torch.tensor(list(b"".join(blocks)), dtype=torch.uint8).view(2, 2, 18)
    assert dequantise(rows)[:, ::32].tolist() == [[1, 2], [3, 4]]
