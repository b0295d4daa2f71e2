"""How rounded weights lie in memory and on disk: in the order in which a processor reads them.

16 rows make a block, 32 columns a group. Blocks follow each other, and in a block its groups. A
group holds 8 quads of 4 columns, a quad 16 rows x 4 columns, a byte each. At 4 bits the low halves
of a group's bytes are quads 0-3, the high halves quads 4-7. At 5, 64 bytes follow with the highest
bits: bit q of each byte belongs to quad q. A group's scales lie together for the rows of a block;
where groups have offsets, these follow, and both are float16 instead of bfloat16.
`kernels/source/quantised.h` says the same in C++.

Shapes: values_EG32, scales_EG; packed_NGX, N blocks of rows, X bytes of a group; scales_NGR,
R = 16 rows of a block, or 32 with offsets.
"""

import torch
import torch.nn.functional as F

from model.quantised.rounding import GROUP, INT4, INT5, INT8, ZERO_POINT, Bits

BLOCK = 16
_QUADS = GROUP // 4
BITS_OF_BYTES: dict[int, Bits] = {BLOCK * GROUP * bits // 8: bits for bits in (INT4, INT5, INT8)}
"""The precision by the bytes of a group."""


def packed_shape(rows: int, columns: int, bits: Bits) -> tuple[int, int, int]:
    """Return the shape of a packed matrix."""
    group_bytes = BLOCK * GROUP * bits // 8
    return -(-rows // BLOCK), -(-columns // GROUP), group_bytes


def scales_shape(rows: int, columns: int, *, offsets: bool = False) -> tuple[int, int, int]:
    """Return the shape of a packed matrix' scales."""
    return -(-rows // BLOCK), -(-columns // GROUP), (1 + offsets) * BLOCK


def pack_values(values_EG32: torch.Tensor, bits: Bits) -> torch.Tensor:
    """Bring rounded values into the order above; missing rows of the last block are zero."""
    rows, groups, _ = values_EG32.shape
    padding = (0, 0, 0, 0, 0, -rows % BLOCK)
    padded_EG32 = F.pad(values_EG32, padding, value=ZERO_POINT[bits])
    quads = padded_EG32.view(-1, BLOCK, groups, _QUADS, 4).permute(0, 2, 3, 1, 4)
    if bits == INT8:
        return quads.reshape(quads.shape[0], groups, -1)
    low = quads & 15
    packed = low[:, :, : _QUADS // 2] | low[:, :, _QUADS // 2 :] << 4
    if bits == INT5:
        high = (quads >> 4 << _quad_numbers(quads)).sum(dim=2, keepdim=True, dtype=torch.uint8)
        packed = torch.cat([packed, high], dim=2)
    return packed.reshape(packed.shape[0], groups, -1)


def pack_scales(scales_EG: torch.Tensor) -> torch.Tensor:
    """Bring scales into the order of the blocks."""
    rows, groups = scales_EG.shape
    padded_EG = F.pad(scales_EG, (0, 0, 0, -rows % BLOCK))
    return padded_EG.view(-1, BLOCK, groups).transpose(1, 2).contiguous()


def pack_offsets(scales_EG: torch.Tensor, offsets_EG: torch.Tensor) -> torch.Tensor:
    """Bring scales and offsets into the order of the blocks."""
    return torch.cat([pack_scales(scales_EG), pack_scales(offsets_EG)], dim=2)


def have_offsets(scales_NGR: torch.Tensor) -> bool:
    """Tell whether offsets lie beside the scales."""
    return scales_NGR.shape[-1] == 2 * BLOCK


def bits_of(packed_NGX: torch.Tensor) -> Bits:
    """Tell the precision from the bytes of a group."""
    return BITS_OF_BYTES[packed_NGX.shape[-1]]


def unpack(packed_NGX: torch.Tensor, scales_NGR: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Return the weights that the packed ones stand for, with the padding: 16 N rows, 32 G columns.

    The product of value and scale is computed in float32 and rounded once.
    """
    blocks, groups, _ = packed_NGX.shape
    quads = packed_NGX.view(blocks, groups, -1, BLOCK, 4)
    bits = bits_of(packed_NGX)
    if bits != INT8:
        halves, high = quads[:, :, : _QUADS // 2], quads[:, :, _QUADS // 2 :]
        quads = torch.cat([halves & 15, halves >> 4], dim=2)
        if bits == INT5:
            quads = quads | (high >> _quad_numbers(quads) & 1) << 4
    signed = quads.to(torch.int16) - ZERO_POINT[bits]
    weights = signed * scales_NGR.float()[:, :, None, :BLOCK, None]
    if have_offsets(scales_NGR):
        weights += scales_NGR.float()[:, :, None, BLOCK:, None]
    return weights.to(dtype).permute(0, 3, 1, 2, 4).reshape(blocks * BLOCK, groups * GROUP)


def _quad_numbers(quads: torch.Tensor) -> torch.Tensor:
    return torch.arange(_QUADS, dtype=torch.uint8, device=quads.device).view(-1, 1, 1)
