"""Products of one square by tiles and by dot products, whichever of them this processor has."""

import ctypes
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from model.kernels.build import COMPILERS, FLAGS
from model.kernels.processor import processor_flags
from retrieval.embedding.kernels.kernel_layers import _tiles
from retrieval.embedding.kernels.loading import SOURCE

SIDE = 32
CALL = """
#include "products.h"

using namespace encoder;

extern "C" int64_t square(const BFloat16* left, int64_t row_step, int64_t depth_step, int64_t rows,
                          const BFloat16* right, int64_t depths, float* sums, int64_t add) {
  const TilesInUse tiles;
  const Steps steps{row_step, depth_step};
  int64_t turns = 0;
  if (add) multiply_add(left, steps, rows, right, depths, sums, kSquare);
  else multiply(left, steps, rows, right, depths, sums, kSquare, [&] { ++turns; });
  return turns;
}
"""


WAYS = {
    "tiles": ("-include", Path(__file__).parents[3] / "model" / "emulated_tiles.h"),
    "dot products": ("-U__AMX_BF16__",),
}


class Square:
    """The functions of `products.h`, compiled for a test."""

    def __init__(self, compiler: str, way: str, folder: Path) -> None:
        source, library = folder / "call.cpp", folder / "call.so"
        source.write_text(CALL)
        subprocess.run(
            [compiler, *FLAGS, *WAYS[way], "-I", SOURCE.folder, source, "-o", library],
            check=True,
            capture_output=True,
        )
        self._square = ctypes.CDLL(str(library)).square
        number, address = ctypes.c_int64, ctypes.c_void_p
        self._square.argtypes = (address, *[number] * 3, address, number, address, number)
        self._square.restype = number

    def multiply(
        self, left: torch.Tensor, rows: int, right: torch.Tensor, sums: torch.Tensor, *, add: bool
    ) -> int:
        """Multiply `left` (depths, rows, 32) with `right` (32, 32 depths); returns the turns."""
        tiles = _tiles(right)
        turns: int = self._square(
            left.data_ptr(),
            left.stride(1),
            left.stride(0),
            rows,
            tiles.data_ptr(),
            len(left),
            sums.data_ptr(),
            int(add),
        )
        return turns


@pytest.fixture(scope="module", params=WAYS)
def square(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Square:
    compiler = next(filter(None, map(shutil.which, COMPILERS)), None)
    if compiler is None or SOURCE.needed - processor_flags():
        pytest.skip("there is no compiler, or the processor has no such products")
    return Square(compiler, request.param, tmp_path_factory.mktemp("square"))


def whole(*shape: int) -> torch.Tensor:
    """Return numbers whose products and sums are exact."""
    seeded = torch.Generator().manual_seed(sum(shape))
    return torch.randint(-9, 10, shape, generator=seeded).to(torch.bfloat16)


def tiled(depths: int) -> torch.Tensor:
    """Return a left side that lies as activations do: 32 columns of all rows, then the next."""
    return whole(depths, SIDE, SIDE)


def by_rows(depths: int) -> torch.Tensor:
    """Return a left side that lies as shares do: row by row, with room between the rows."""
    rows = whole(SIDE, (depths + 1) * SIDE)[:, : depths * SIDE]
    return rows.view(SIDE, depths, SIDE).transpose(0, 1)


@pytest.mark.parametrize("rows", [1, 4, 5, 8, 13, 23, 32])
@pytest.mark.parametrize(("lay_out", "depths"), [(tiled, 1), (tiled, 3), (by_rows, 2)])
def test_the_rows_asked_for_are_multiplied(
    square: Square, rows: int, lay_out: Callable[[int], torch.Tensor], depths: int
) -> None:
    left, right = lay_out(depths), whole(SIDE, depths * SIDE)
    flat = left.transpose(0, 1).reshape(SIDE, -1)
    product, before = flat.float() @ right.float().T, whole(SIDE, SIDE).float()
    sums, added = torch.full((SIDE, SIDE), torch.nan), before.clone()
    assert square.multiply(left, rows, right, sums, add=False) == depths
    square.multiply(left, rows, right, added, add=True)
    assert torch.equal(sums[:rows], product[:rows])
    assert torch.equal(added[:rows], (before + product)[:rows])
