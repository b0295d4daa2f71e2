import pytest
import torch

from model.errors import KernelsUnavailable
from model.feed_forward import FeedForward
from model.kernels.loading import load_kernels, without_kernels
from model.quantised.rounding import Bits
from model.quantised.weight import QuantisedWeight


def rounded(layer: FeedForward, bits: tuple[Bits, Bits, Bits]) -> None:
    projections = (layer.gate_proj, layer.up_proj, layer.down_proj)
    for projection, own in zip(projections, bits, strict=True):
        projection.use(QuantisedWeight.of(projection.weight, own))


@pytest.mark.parametrize("tokens", [1, 7, 40, 545])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize(("hidden", "width"), [(64, 96), (72, 40), (33, 1100), (2080, 48)])
@pytest.mark.parametrize("bits", [(8, 8, 8), (4, 4, 4), (5, 4, 8)])
@torch.inference_mode()
def test_one_call_equals_three(
    tokens: int, bias: bool, hidden: int, width: int, bits: tuple[Bits, Bits, Bits]
) -> None:
    torch.manual_seed(0)
    layer = FeedForward(hidden, width, bias=bias).bfloat16()
    rounded(layer, bits)
    x_TD = torch.randn(tokens, hidden).bfloat16()
    with without_kernels():
        expected = layer(x_TD).float()
    try:
        load_kernels()
    except KernelsUnavailable as error:
        pytest.skip(str(error))
    assert (layer(x_TD).float() - expected).norm() <= 0.03 * expected.norm()
