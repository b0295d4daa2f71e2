import json
import os
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from transformers import Qwen2MoeConfig, Qwen2MoeForCausalLM

from model.errors import CheckpointError
from model.projection import Projection
from model.quantised.decoder_file import open_quantised, quantised_path
from model.quantised.experts import QuantisedExperts
from model.quantised.parts import Precision
from model.step import Step
from model.transformer import Decoder


@pytest.fixture(scope="module")
def moe_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(1)
    config = Qwen2MoeConfig(
        vocab_size=80,
        hidden_size=64,
        intermediate_size=96,
        moe_intermediate_size=32,
        shared_expert_intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        num_experts=4,
        num_experts_per_tok=2,
        tie_word_embeddings=True,
    )
    folder = tmp_path_factory.mktemp("moe")
    Qwen2MoeForCausalLM(config).save_pretrained(folder)
    return folder


def logits(decoder: Decoder) -> torch.Tensor:
    return decoder(Step.of_one([7, 3, 11]), decoder.new_cache(3))[0]


@pytest.mark.parametrize(("precision", "least"), [("int8", 0.999), ("int4", 0.97)])
def test_rounded_decoder_is_close(
    copied_folder: Path, decoder: Decoder, precision: Precision, least: float
) -> None:
    rounded = open_quantised(copied_folder, precision)
    assert torch.cosine_similarity(logits(rounded), logits(decoder), dim=0) > least
    layers = [layer for layer in rounded.modules() if isinstance(layer, Projection)]
    assert all(layer.quantised is not None and layer.weight is None for layer in layers)


def test_attention_and_head_keep_8_bits(copied_folder: Path) -> None:
    rounded = open_quantised(copied_folder, "int4")
    for name, layer in rounded.named_modules():
        if isinstance(layer, Projection):
            assert layer.quantised is not None
            assert layer.quantised.bits == (4 if ".mlp." in name else 8)


@pytest.mark.parametrize("precision", ["int8", "int4"])
def test_experts_are_rounded(moe_folder: Path, precision: Precision) -> None:
    rounded = open_quantised(moe_folder, precision)
    layers = [layer for layer in rounded.modules() if isinstance(layer, QuantisedExperts)]
    assert len(layers) == 2
    assert layers[0].gate[3].bits == (8 if precision == "int8" else 4)
    assert torch.isfinite(logits(rounded)).all()


def test_file_is_made_once_and_again_when_the_weights_change(copied_folder: Path) -> None:
    open_quantised(copied_folder, "int8")
    path = quantised_path(copied_folder, "int8")
    made = path.stat()
    open_quantised(copied_folder, "int8")
    assert path.stat().st_mtime_ns == made.st_mtime_ns
    (copied_folder / "model.safetensors").touch()
    open_quantised(copied_folder, "int8")
    assert path.stat().st_mtime_ns != made.st_mtime_ns


def test_file_is_enough_without_the_weights(copied_folder: Path) -> None:
    first = open_quantised(copied_folder, "int8")
    weights = copied_folder / "model.safetensors"
    status = weights.stat()
    weights.write_bytes(b"\0" * status.st_size)
    os.utime(weights, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert torch.equal(logits(open_quantised(copied_folder, "int8")), logits(first))


def test_packed_weights_are_aligned_to_cache_lines(copied_folder: Path) -> None:
    rounded = open_quantised(copied_folder, "int8")
    for layer in rounded.modules():
        if isinstance(layer, Projection) and layer.quantised is not None:
            assert layer.quantised.packed_NGX.data_ptr() % 64 == 0


def test_damaged_file_is_refused(copied_folder: Path) -> None:
    path = quantised_path(copied_folder, "int8")
    path.write_bytes(b"damaged")
    with pytest.raises(CheckpointError, match="delete it"):
        open_quantised(copied_folder, "int8")


def test_file_of_another_model_is_refused(copied_folder: Path) -> None:
    open_quantised(copied_folder, "int8")
    config = copied_folder / "config.json"
    values = json.loads(config.read_text())
    config.write_text(json.dumps(values | {"num_hidden_layers": 4}))
    with pytest.raises(CheckpointError, match="is missing"):
        open_quantised(copied_folder, "int8")


def test_no_unrounded_copy_is_kept(copied_folder: Path) -> None:
    open_quantised(copied_folder, "int4")
    with safe_open(quantised_path(copied_folder, "int4"), framework="pt") as file:
        names = set(file.keys())
    assert "lm_head.weight.packed" in names
    assert not {"lm_head.weight", "layers.0.mlp.up_proj.weight"} & names
