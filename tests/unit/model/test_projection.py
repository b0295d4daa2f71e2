import pytest
import torch

from model.projection import Projection
from model.quantised.weight import QuantisedWeight, linear


def test_projection_is_a_linear_layer_with_gradients() -> None:
    layer = Projection(8, 4)
    x = torch.randn(2, 3, 8)
    torch.testing.assert_close(layer(x), x @ layer.weight.T + layer.bias)
    layer(x).sum().backward()
    assert layer.weight.grad is not None


@torch.inference_mode()
def test_rounded_weights_are_the_only_ones() -> None:
    layer = Projection(40, 20)
    weight = QuantisedWeight.of(layer.weight, 8)
    x = torch.randn(2, 3, 40)
    expected = linear(x.view(6, 40), weight, layer.bias).view(2, 3, 20)
    layer.use(weight)
    assert torch.equal(layer(x), expected)
    assert [name for name, _ in layer.named_parameters()] == ["bias"]


def test_rounded_weights_move_with_the_module() -> None:
    layer = Projection(40, 20)
    layer.use(QuantisedWeight.of(torch.randn(20, 40), 4))
    layer.to("meta")
    assert layer.quantised is not None
    assert layer.quantised.packed_NGX.is_meta
    assert layer.quantised.scales_NGR.is_meta


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@torch.inference_mode()
def test_result_has_the_format_of_the_activations(dtype: torch.dtype) -> None:
    layer = Projection(40, 20).to(dtype)
    layer.use(QuantisedWeight.of(torch.randn(20, 40), 4))
    assert layer(torch.randn(3, 40).to(dtype)).dtype == dtype


def test_no_random_numbers_where_a_checkpoint_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("torch loads much for this")

    monkeypatch.setattr("torch.nn.init.kaiming_uniform_", refuse)
    with torch.device("meta"):
        Projection(8, 4)
    with pytest.raises(AssertionError, match="torch loads much"):
        Projection(8, 4)
