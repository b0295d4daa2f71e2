from pathlib import Path

import pytest
import torch

from model.checkpoint import Checkpoint
from model.errors import CheckpointError
from model.projection import Projection, projections, quantise_rows
from model.single_token_weights import FILE, use_int8_for_single_tokens
from model.step import Step
from model.transformer import Decoder


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_rows_are_rounded_to_within_half_a_step(dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    weight = torch.randn(16, 64).to(dtype)
    rounded, scale = quantise_rows(weight)
    error = (rounded * scale.float()[:, None] - weight.float()).abs()
    # A scale rounded down clips the row's largest value by up to its own rounding error.
    assert (error <= scale.float()[:, None] * 1.01).all()
    assert error.mean() < scale.float().mean() / 3


def test_row_of_zeros_stays_zero() -> None:
    rounded, scale = quantise_rows(torch.zeros(2, 8))
    assert not rounded.any()
    assert torch.isfinite(scale).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@torch.inference_mode()
def test_single_token_uses_the_rounded_weights(dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    layer = Projection(64, 32).to(dtype)
    x = torch.randn(1, 1, 64).to(dtype)
    rounded, scale = quantise_rows(layer.weight)
    expected = x.float() @ (rounded * scale.float()[:, None]).T + layer.bias.float()
    layer.single_token = (rounded, scale)
    torch.testing.assert_close(layer(x).float(), expected, atol=3e-2, rtol=2e-2)


@torch.inference_mode()
def test_several_tokens_use_the_exact_weights() -> None:
    layer = Projection(64, 32)
    x = torch.randn(1, 2, 64)
    exact = layer(x)
    layer.single_token = quantise_rows(torch.zeros(32, 64))
    assert torch.equal(layer(x), exact)


def test_int8_logits_are_close(checkpoint_folder: Path, decoder: Decoder, tmp_path: Path) -> None:
    quick = Decoder.from_checkpoint(Checkpoint.open(checkpoint_folder))
    use_int8_for_single_tokens(quick, tmp_path)
    token = Step.of_one([7])
    exact, rounded = (d(token, d.new_cache(1))[0] for d in (decoder, quick))
    assert torch.cosine_similarity(exact, rounded, dim=0) > 0.999
    assert not torch.equal(exact, rounded)


def test_int8_copies_are_made_once(checkpoint_folder: Path, tmp_path: Path) -> None:
    first = Decoder.from_checkpoint(Checkpoint.open(checkpoint_folder))
    use_int8_for_single_tokens(first, tmp_path)
    made = (tmp_path / FILE).stat()
    second = Decoder.from_checkpoint(Checkpoint.open(checkpoint_folder))
    use_int8_for_single_tokens(second, tmp_path)
    assert (tmp_path / FILE).stat().st_ino == made.st_ino
    for name, layer in projections(second).items():
        assert layer.single_token is not None
        made_first = projections(first)[name].single_token
        assert made_first is not None
        assert torch.equal(layer.single_token[0], made_first[0])


def test_damaged_int8_copies_are_refused(checkpoint_folder: Path, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"damaged")
    decoder = Decoder.from_checkpoint(Checkpoint.open(checkpoint_folder))
    with pytest.raises(CheckpointError, match=FILE):
        use_int8_for_single_tokens(decoder, tmp_path)
