"""A decoder that reads its experts as it needs them writes what one with all in memory does."""

import gc
import threading
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from model.checkpoint import Checkpoint
from model.decoder_loading import load_decoder
from model.errors import CheckpointError, ExpertMemoryTooSmall
from model.expert_cache.experts import CachedExperts
from model.expert_cache.loading import (
    open_quantised_with_expert_cache,
    open_with_expert_cache,
)
from model.expert_cache.stored_tensors import stored_tensors
from model.quantised.decoder_file import open_quantised
from model.quantised.parts import Precision
from model.settings import ModelSettings
from model.step import Span, Step
from model.transformer import Decoder

SIZES = {
    "vocab_size": 97,
    "hidden_size": 32,
    "intermediate_size": 24,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "initializer_range": 0.3,
    "tie_word_embeddings": False,
}
QWEN2 = {"moe_intermediate_size": 24, "shared_expert_intermediate_size": 20}
LAYOUTS: dict[str, dict[str, Any]] = {  # one tensor an expert, two halves in one, both swapped
    "Qwen2Moe": QWEN2 | {"num_experts": 8, "num_experts_per_tok": 2, "mlp_only_layers": [1]},
    "GraniteMoe": {"num_local_experts": 8, "num_experts_per_tok": 2},
    "GptOss": {"num_local_experts": 8, "num_experts_per_tok": 2, "head_dim": 8},
}
PROMPT = [3, 50, 17, 90, 4, 4, 80, 31, 8]


@pytest.fixture(scope="module", params=LAYOUTS)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(3)
    config = getattr(transformers, f"{request.param}Config")(**SIZES, **LAYOUTS[request.param])
    reference = getattr(transformers, f"{request.param}ForCausalLM")(config)
    for name, tensor in reference.named_parameters():
        if name.endswith(("bias", "gate.weight", "router.weight")):
            torch.nn.init.normal_(tensor, std=0.5)
    folder = tmp_path_factory.mktemp(request.param)
    reference.save_pretrained(folder, max_shard_size="40KB")
    return folder


def written(decoder: Decoder, count: int = 12) -> list[torch.Tensor]:
    """Read the prompt and write greedily; return the logits of each step."""
    cache = decoder.new_cache(len(PROMPT) + count)
    logits = [decoder(Step(torch.tensor(PROMPT), (Span(0, 0, len(PROMPT)),)), cache)]
    for place in range(len(PROMPT), len(PROMPT) + count):
        token = int(logits[-1].argmax())
        logits.append(decoder(Step(torch.tensor([token]), (Span(0, place, 1),)), cache))
    return logits


@pytest.fixture(scope="module")
def whole(folder: Path) -> Decoder:
    return Checkpoint.open(folder).decoder()


@pytest.mark.parametrize("budget", [60_000, 150_000, 10**8])
def test_logits_equal_those_with_all_experts_in_memory(
    folder: Path, whole: Decoder, budget: int
) -> None:
    expected = written(whole)
    decoder, cache = open_with_expert_cache(folder, budget)
    for ours, theirs in zip(written(decoder), expected, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)
    assert cache.resident_bytes <= budget
    assert cache.statistics.reads > 0
    cache.close()


@pytest.mark.parametrize("precision", ["int8", "int4"])
def test_rounded_experts_are_cached_alike(folder: Path, precision: Precision) -> None:
    expected = written(open_quantised(folder, precision))
    decoder, cache = open_quantised_with_expert_cache(folder, precision, 160_000)
    for ours, theirs in zip(written(decoder), expected, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)
    assert 0 < cache.resident_bytes <= 160_000
    cache.close()


def test_cache_is_closed_with_its_decoder(folder: Path) -> None:
    def readers() -> set[threading.Thread]:
        return {t for t in threading.enumerate() if t.name.startswith("expert-reader")}

    before = readers()
    decoder, cache = open_with_expert_cache(folder, 200_000)
    own = readers() - before
    del decoder, cache
    gc.collect()
    for thread in own:
        thread.join(timeout=20)
    assert own
    assert not any(thread.is_alive() for thread in own)


def test_next_layers_experts_are_foreseen(folder: Path) -> None:
    decoder, cache = open_with_expert_cache(folder, 400_000)
    written(decoder, 20)
    assert cache.statistics.hit_rate > 0.3
    cache.close()


def test_experts_are_not_loaded_with_the_rest(folder: Path) -> None:
    decoder, cache = open_with_expert_cache(folder, 200_000)
    assert not any("experts" in name for name in decoder.state_dict())
    assert cache.resident_bytes == 0
    cache.close()


def test_too_little_memory_is_refused(folder: Path) -> None:
    with pytest.raises(ExpertMemoryTooSmall, match="expert_memory_bytes_max is 1000"):
        open_with_expert_cache(folder, 1000)


def test_dense_checkpoint_is_refused(checkpoint_folder: Path) -> None:
    with pytest.raises(CheckpointError, match=r"leave expert_memory_bytes_max out"):
        open_with_expert_cache(checkpoint_folder, 10**6)


def test_setting_opens_a_decoder_with_a_cache(folder: Path) -> None:
    settings = ModelSettings(precision="float32", kernels="off", expert_memory_bytes_max=160_000)
    decoder = load_decoder(folder, settings).decoder
    assert isinstance(decoder.layers[0].mlp.experts, CachedExperts)
    rounded = load_decoder(folder, settings.model_copy(update={"precision": "int4"})).decoder
    assert isinstance(rounded.layers[0].mlp.experts, CachedExperts)


def copied(folder: Path, to: Path) -> list[Path]:
    """Copy a checkpoint; return its files with nothing but experts, as the others are mapped."""
    for path in folder.iterdir():
        (to / path.name).write_bytes(path.read_bytes())
    routed = ("experts.", "block_sparse_moe.input_linear", "block_sparse_moe.output_linear")
    files = [
        path
        for path in to.glob("*.safetensors")
        if all(any(part in name for part in routed) for name in stored_tensors(path))
    ]
    assert files
    return files


def test_file_cut_short_while_in_use_is_said(folder: Path, tmp_path: Path) -> None:
    files = copied(folder, tmp_path)
    decoder, cache = open_with_expert_cache(tmp_path, 60_000)
    written(decoder, 1)
    for path in files:
        with path.open("r+b") as file:
            file.truncate(0)
    with pytest.raises(CheckpointError, match=r"\.safetensors: is cut short"):
        written(decoder, 12)
    cache.close()


def test_missing_file_is_refused(folder: Path, tmp_path: Path) -> None:
    missing = copied(folder, tmp_path)[0]
    missing.unlink()
    with pytest.raises(CheckpointError, match=rf"{missing.name}: cannot be read"):
        open_with_expert_cache(tmp_path, 60_000)
