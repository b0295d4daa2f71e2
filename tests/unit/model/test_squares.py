"""Products of one square by tiles and by dot products, whichever of them this processor has."""

import ctypes
import shutil
import subprocess
from pathlib import Path

import pytest
import torch

from model.kernels.build import COMPILERS, FLAGS
from model.kernels.loading import SOURCE
from model.kernels.processor import processor_flags

SIDE = 32
CALL = """
#include "squares.h"

using namespace sourcebook;

extern "C" void square(const BFloat16* left, int64_t row_stride, int64_t group_step,
                       const BFloat16* tiles, int64_t groups, float* sums, int64_t stride,
                       int64_t fresh) {
  const SquareUnit unit;
  multiply_square({left, row_stride, group_step}, tiles, groups, sums, stride, fresh);
}
"""
WAYS = {
    "tiles": ("-include", Path(__file__).with_name("emulated_tiles.h")),
    "dot products": ("-U__AMX_BF16__",),
}


@pytest.fixture(scope="module", params=WAYS)
def square(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    compiler = next(filter(None, map(shutil.which, COMPILERS)), None)
    if compiler is None or "avx512_bf16" not in processor_flags():
        pytest.skip("there is no compiler, or the processor has no such products")
    folder = tmp_path_factory.mktemp("square")
    source, library = folder / "call.cpp", folder / "call.so"
    source.write_text(CALL)
    flags = [*FLAGS, *WAYS[request.param], "-I", SOURCE.folder]
    subprocess.run([compiler, *flags, source, "-o", library], check=True, capture_output=True)
    made = ctypes.CDLL(str(library))
    number, address = ctypes.c_int64, ctypes.c_void_p
    made.square.argtypes = (address, number, number, address, number, address, number, number)
    made.square.restype = None
    return made


def whole(*shape: int) -> torch.Tensor:
    """Return numbers whose products and sums are exact."""
    seeded = torch.Generator().manual_seed(sum(shape))
    return torch.randint(-9, 10, shape, generator=seeded).to(torch.bfloat16)


def tiles_of(right: torch.Tensor) -> torch.Tensor:
    """Lay 32 outputs' columns out: for each group of 32 the tiles of 16 outputs and of 16 more."""
    pairs = right.unflatten(0, (2, 16)).unflatten(2, (-1, 16, 2))  # side, output, group, pair, 2
    return pairs.permute(2, 0, 3, 1, 4).contiguous()


@pytest.mark.parametrize("groups", [1, 3])
@pytest.mark.parametrize("stride", [SIDE, SIDE + 16])
@pytest.mark.parametrize("by_group", [False, True])
def test_a_square_is_exact(square: ctypes.CDLL, groups: int, stride: int, by_group: bool) -> None:
    left, right = whole(SIDE, groups * SIDE), whole(SIDE, groups * SIDE)
    lying = left.unflatten(1, (groups, SIDE)).transpose(0, 1).contiguous() if by_group else left
    row_stride, group_step = (SIDE, SIDE * SIDE) if by_group else (groups * SIDE, SIDE)
    tiles, product = tiles_of(right), left.float() @ right.float().T
    for fresh in (True, False):
        sums = whole(SIDE, stride).float()
        expected = sums.clone()
        expected[:, :SIDE] = product if fresh else product + sums[:, :SIDE]
        square.square(
            lying.data_ptr(),
            row_stride,
            group_step,
            tiles.data_ptr(),
            groups,
            sums.data_ptr(),
            stride,
            int(fresh),
        )
        assert torch.equal(sums, expected)
