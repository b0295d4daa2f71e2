import pytest
import torch

from model.errors import KernelsUnavailable
from model.feed_forward import FeedForward
from model.kernels.loading import load_kernels, without_kernels
from model.quantised.rounding import Bits
from model.quantised.weight import QuantisedWeight


def rounded(layer: FeedForward, bits: Bits) -> None:
    for projection in (layer.gate_proj, layer.up_proj, layer.down_proj):
        projection.use(QuantisedWeight.of(projection.weight, bits))


@pytest.mark.parametrize("tokens", [1, 7, 40])
@pytest.mark.parametrize("bias", [False, True])
@torch.inference_mode()
def test_one_call_equals_three(tokens: int, bias: bool) -> None:
    torch.manual_seed(0)
    layer = FeedForward(64, 96, bias=bias).bfloat16()
    rounded(layer, 4)
    x_TD = torch.randn(tokens, 64).bfloat16()
    with without_kernels():
        expected = layer(x_TD).float()
    try:
        load_kernels()
    except KernelsUnavailable as error:
        pytest.skip(str(error))
    assert (layer(x_TD).float() - expected).norm() <= 0.03 * expected.norm()
