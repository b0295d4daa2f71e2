"""A dense model made a mixture of experts: exact at the start, and what others load too."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from model.checkpoint import Checkpoint
from model.errors import CheckpointError
from model.gguf.unpack import unpacked_folder
from model.step import Span, Step
from model.transformer import Decoder
from model.tuning.base import FrozenBase
from model.tuning.recipe import Recipe
from model.tuning.trained import EXPERTS, ROUTER, initial
from model.tuning.tuned_file import TunedWeights
from model.tuning.upcycle import upcycle
from tests.product import model_folder

PROMPT = [3, 200, 17, 99, 4, 4, 250, 31, 8, 120, 77]
HERE = Path("experts.safetensors")


def all_logits(decoder: Decoder, tokens: list[int]) -> torch.Tensor:
    count = len(tokens)
    step = Step(torch.tensor(tokens), (Span(0, 0, count),), torch.arange(count))
    return decoder(step, decoder.new_cache(count))


def test_untrained_experts_change_no_bit(dense: Checkpoint, untrained: TunedWeights) -> None:
    plain, upcycled = (
        checkpoint.decoder() for checkpoint in (dense, upcycle(dense, untrained, HERE))
    )
    assert upcycled.config.moe is not None
    assert torch.equal(all_logits(plain, PROMPT), all_logits(upcycled, PROMPT))


def test_trained_experts_change_the_logits(dense: Checkpoint, changed: TunedWeights) -> None:
    plain, upcycled = (
        checkpoint.decoder() for checkpoint in (dense, upcycle(dense, changed, HERE))
    )
    assert (all_logits(plain, PROMPT) - all_logits(upcycled, PROMPT)).abs().max() > 0.1


def test_transformers_loads_the_upcycled_folder(
    dense: Checkpoint, changed: TunedWeights, tmp_path: Path
) -> None:
    upcycled = upcycle(dense, changed, HERE)
    upcycled.save(tmp_path)
    reference = AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.float32).eval()
    with torch.inference_mode():
        expected = reference(torch.tensor([PROMPT])).logits[0]
    assert type(reference).__name__ == "Qwen2MoeForCausalLM"
    found = all_logits(Checkpoint.open(tmp_path).decoder(), PROMPT)
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=0)


def test_only_upper_layers_have_experts(dense: Checkpoint, untrained: TunedWeights) -> None:
    upcycled = upcycle(dense, untrained, HERE)
    assert upcycled.config.dense_layers == {0}
    untouched = "model.layers.0.mlp.down_proj.weight"
    assert upcycled.weights[untouched] is dense.weights[untouched]


def test_the_file_keeps_weights_recipe_and_bias(changed: TunedWeights, tmp_path: Path) -> None:
    changed.save(tmp_path / "a")
    found = TunedWeights.open(tmp_path / "a")
    assert (found.recipe, found.base_sha256) == (changed.recipe, changed.base_sha256)
    for before, after in zip(changed.layers, found.layers, strict=True):
        assert before.keys() == after.keys()
        for name, tensor in before.items():
            assert torch.equal(after[name].float(), tensor)


def test_a_cut_file_is_refused(changed: TunedWeights, tmp_path: Path) -> None:
    path = tmp_path / "experts.safetensors"
    changed.save(path)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CheckpointError, match=r"experts\.safetensors"):
        TunedWeights.open(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError):
        TunedWeights.open(tmp_path / "absent.safetensors")


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"format": "2"},
        {"recipe": "{}"},
        {"recipe": '{"temperature": 3}'},
        {"recipe": "[1"},
    ],
)
def test_wrong_metadata_are_refused(
    changed: TunedWeights, tmp_path: Path, metadata: dict[str, str]
) -> None:
    path = tmp_path / "experts.safetensors"
    changed.save(path)
    with safe_open(path, framework="pt") as file:
        kept = file.metadata() if metadata else {}
    save_file(load_file(path), path, kept | metadata)
    with pytest.raises(CheckpointError, match=r"experts\.safetensors"):
        TunedWeights.open(path)


@pytest.mark.parametrize("name", [ROUTER, EXPERTS[1], EXPERTS[2], "self_attn.q_proj.b"])
@pytest.mark.parametrize("damage", ["absent", "shape", "infinite"])
def test_tensors_that_do_not_fit_are_refused(
    dense: Checkpoint, changed: TunedWeights, name: str, damage: str
) -> None:
    layers = [dict(layer) for layer in changed.layers]
    tensor = layers[1].pop(name)
    if damage == "shape":
        layers[1][name] = tensor[..., 1:]
    if damage == "infinite":
        layers[1][name] = torch.full_like(tensor, torch.inf)
    with pytest.raises(CheckpointError):
        upcycle(dense, replace(changed, layers=tuple(layers)), HERE)


def test_too_few_layers_are_refused(dense: Checkpoint, changed: TunedWeights) -> None:
    with pytest.raises(CheckpointError, match="layer 2"):
        upcycle(dense, replace(changed, layers=changed.layers[:1]), HERE)


def test_a_model_with_experts_is_not_upcycled_again(
    dense: Checkpoint, changed: TunedWeights
) -> None:
    with pytest.raises(CheckpointError, match="qwen2_moe"):
        upcycle(upcycle(dense, changed, HERE), changed, HERE)


@pytest.mark.models
def test_the_real_model_is_unchanged_bit_for_bit() -> None:
    gguf = model_folder() / "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"
    dense = Checkpoint.open(unpacked_folder(gguf, torch.bfloat16))
    dense = Checkpoint(dense.config, {n: t.float() for n, t in dense.weights.items()})
    base = FrozenBase.from_checkpoint(dense, "")
    recipe, generator = Recipe(), torch.Generator().manual_seed(1)
    frozen = base.layers[recipe.first_layer :]
    tuned = TunedWeights(tuple(initial(f, recipe, generator) for f in frozen), recipe, "")
    plain = dense.decoder()
    upcycled = upcycle(dense, tuned, HERE).decoder()
    assert torch.equal(all_logits(plain, PROMPT), all_logits(upcycled, PROMPT))
