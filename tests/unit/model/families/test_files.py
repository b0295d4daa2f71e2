"""Checkpoint folders of several files, damaged ones, and what we write ourselves."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import Qwen2MoeConfig, Qwen2MoeForCausalLM

from model.checkpoint import CONFIG, GENERATION_CONFIG, INDEX, WEIGHTS, Checkpoint
from model.errors import CheckpointError
from model.families import FAMILIES, from_hugging_face
from model.kv_cache import WholeSequences
from model.step import Span, Step
from model.transformer import Decoder

EXPERT = "model.layers.1.mlp.experts.2.up_proj.weight"
TOKENS = [1, 5, 9, 33, 2]
QWEN2_MOE = {
    "model_type": "qwen2_moe",
    "vocab_size": 40,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "max_position_embeddings": 64,
    "rms_norm_eps": 1e-6,
    "num_experts": 4,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 8,
    "shared_expert_intermediate_size": 24,
}


@pytest.fixture(scope="module")
def theirs() -> Qwen2MoeForCausalLM:
    torch.manual_seed(3)
    config = Qwen2MoeConfig(**QWEN2_MOE, initializer_range=0.3, mlp_only_layers=[0])
    return Qwen2MoeForCausalLM(config).eval()


@pytest.fixture
def folder(theirs: Qwen2MoeForCausalLM, tmp_path: Path) -> Path:
    theirs.save_pretrained(tmp_path / "whole")
    return tmp_path / "whole"


def logits(folder: Path) -> torch.Tensor:
    decoder = Checkpoint.open(folder).decoder()
    return decoder(Step.of_one(TOKENS), WholeSequences())[0]


def rewrite(folder: Path, changes: dict[str, torch.Tensor | None]) -> None:
    weights = {**load_file(folder / WEIGHTS), **changes}
    (folder / WEIGHTS).unlink()
    save_file({n: t for n, t in weights.items() if t is not None}, folder / WEIGHTS)


def test_several_files_are_one_checkpoint(
    theirs: Qwen2MoeForCausalLM, folder: Path, tmp_path: Path
) -> None:
    theirs.save_pretrained(tmp_path / "split", max_shard_size="5KB")
    assert len(list((tmp_path / "split").glob("*.safetensors"))) > 2
    # Not to the last bit: where a tensor lies in memory decides on some processors how it is added.
    torch.testing.assert_close(logits(tmp_path / "split"), logits(folder), atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("name", ["../other.safetensors", "/etc/passwd", 5])
def test_index_may_not_lead_elsewhere(folder: Path, name: object) -> None:
    (folder / INDEX).write_text(json.dumps({"weight_map": {"a": name}}))
    with pytest.raises(CheckpointError, match=r"index\.json: .* is not the name of a file"):
        Checkpoint.open(folder)


def test_missing_file_of_an_index_is_named(folder: Path) -> None:
    (folder / INDEX).write_text(json.dumps({"weight_map": {"a": "model-2.safetensors"}}))
    with pytest.raises(CheckpointError, match=r"model-2\.safetensors: cannot be read"):
        Checkpoint.open(folder)


@pytest.mark.parametrize(
    ("tensor", "words"),
    [
        (None, "is missing"),
        (torch.zeros(16, 8), r"has shape \(16, 8\), not \(8, 16\)"),
        (torch.zeros(8, 16, dtype=torch.int32), "has the format int32"),
    ],
)
def test_wrong_expert_is_named(folder: Path, tensor: torch.Tensor | None, words: str) -> None:
    rewrite(folder, {EXPERT: tensor})
    with pytest.raises(CheckpointError, match=rf"{EXPERT} {words}"):
        Checkpoint.open(folder)


def test_dense_tensors_stay_mapped(folder: Path) -> None:
    checkpoint = Checkpoint.open(folder)
    for name in ("model.embed_tokens.weight", "model.layers.0.mlp.up_proj.weight"):
        assert mapped_file(checkpoint.weights[name]) == str(folder / WEIGHTS)


def mapped_file(tensor: torch.Tensor) -> str:
    for line in Path("/proc/self/maps").read_text().splitlines():
        addresses, *_, file = line.split(maxsplit=5)
        first, last = (int(address, 16) for address in addresses.split("-"))
        if first <= tensor.data_ptr() < last:
            return file
    raise AssertionError("it is nowhere")


@torch.inference_mode()
def test_saved_checkpoint_is_read_by_transformers_and_us(
    theirs: Qwen2MoeForCausalLM, folder: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again"
    again.mkdir()
    Checkpoint.open(folder).save(again)
    assert Checkpoint.open(again).config == Checkpoint.open(folder).config
    assert torch.equal(logits(again), logits(folder))
    reread = Qwen2MoeForCausalLM.from_pretrained(again)
    tokens = torch.tensor([TOKENS])
    assert torch.equal(reread(tokens).logits, theirs(tokens).logits)


def test_family_that_is_only_read_is_not_saved(tmp_path: Path) -> None:
    config = from_hugging_face(
        {k: v for k, v in QWEN2_MOE.items() if "expert" not in k} | {"model_type": "llama"}
    )
    with pytest.raises(CheckpointError, match=r"config\.json: .*llama is only read, not written"):
        Checkpoint(config, {}).save(tmp_path)


def test_generation_config_adds_end_tokens(folder: Path) -> None:
    config = json.loads((folder / CONFIG).read_text())
    (folder / CONFIG).write_text(json.dumps(config | {"eos_token_id": 4}))
    (folder / GENERATION_CONFIG).write_text(json.dumps({"eos_token_id": [9, 4]}))
    assert Checkpoint.open(folder).config.end_tokens == (4, 9)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model_type": "gpt2"}, "family 'gpt2' is not known; known are deepseek_v2"),
        ({"model_type": ["qwen2"]}, "is not known"),
        ({"hidden_act": "gelu"}, "activation 'gelu'"),
        ({"hidden_size": -16}, "hidden_size is -16; it must be above 0"),
        ({"hidden_size": "16"}, "hidden_size is '16', not a whole number"),
        ({"hidden_size": 15}, "cannot be split into 2 attention heads"),
        ({"num_attention_heads": 0}, "num_attention_heads is 0"),
        ({"num_key_value_heads": 3}, "2 query heads cannot share 3"),
        ({"num_hidden_layers": 10**12}, "layers"),
        ({"num_hidden_layers": True}, "num_hidden_layers is True"),
        ({"vocab_size": 0}, "vocab_size is 0"),
        ({"rms_norm_eps": "small"}, "rms_norm_eps is 'small', not a number"),
        ({"num_experts": 0}, "experts is 0"),
        ({"num_experts": 10**9}, "there are 1000000000 experts"),
        ({"num_experts_per_tok": 5}, "cannot use 5 experts out of 4"),
        ({"decoder_sparse_step": 0}, "decoder_sparse_step is 0"),
        ({"norm_topk_prob": "yes"}, "norm_topk_prob is 'yes', not true or false"),
        ({"use_sliding_window": True, "sliding_window": 0}, "sliding_window is 0"),
        ({"layer_types": ["full_attention", "linear_attention"]}, "linear_attention"),
        ({"layer_types": ["sliding_attention"], "sliding_window": 4}, "one for each layer"),
        ({"quantization_config": {"quant_method": "mxfp4"}}, r"quantised \(mxfp4\)"),
        ({"rope_parameters": []}, None),
        ({"rope_parameters": "fast"}, "not a group of values"),
    ],
)
def test_nonsense_is_refused(folder: Path, change: dict[str, Any], words: str | None) -> None:
    (folder / CONFIG).write_text(json.dumps(QWEN2_MOE | {"mlp_only_layers": [0]} | change))
    if words is None:
        Checkpoint.open(folder)  # empty is absent
        return
    with pytest.raises(CheckpointError, match=rf"config\.json: .*{words}"):
        Checkpoint.open(folder)


@pytest.mark.parametrize(
    ("rope", "context"),
    [
        ({"rope_type": "default"}, 64),
        ({"rope_type": "linear", "factor": 4.0}, 64),  # the file says the stretched context
        ({"rope_type": "dynamic", "factor": 4.0}, 256),
        ({"rope_type": "yarn", "factor": 4.0}, 256),
        ({"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16}, 64),
    ],
)
def test_context_is_the_stretched_one(rope: dict[str, Any], context: int) -> None:
    assert from_hugging_face(QWEN2_MOE | {"rope_parameters": rope}).context_tokens_max == context


def test_length_dependent_scaling_is_set_for_the_longest_sequence() -> None:
    """A prompt's beginning is rotated alike whatever follows, so that it can be cached."""
    rope = {"rope_type": "dynamic", "rope_theta": 100.0, "factor": 4.0}
    decoder = Decoder(from_hugging_face(QWEN2_MOE | {"rope_parameters": rope}))
    short, long = (decoder.rotation((Span(0, 0, count),)) for count in (3, 200))
    assert torch.equal(short[0], long[0][:3])
    unscaled = Decoder(from_hugging_face(QWEN2_MOE | {"rope_theta": 100.0}))
    assert not torch.equal(short[0], unscaled.rotation((Span(0, 0, 3),))[0])


@pytest.mark.parametrize("family", FAMILIES)
def test_empty_config_names_what_is_missing(family: str, tmp_path: Path) -> None:
    (tmp_path / CONFIG).write_text(json.dumps({"model_type": family}))
    with pytest.raises(CheckpointError, match=r"config\.json: '\w+' is missing"):
        Checkpoint.open(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{", '"text"', "[" * 100_000])
def test_config_that_is_no_json_object_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / CONFIG).write_text(text)
    with pytest.raises(CheckpointError, match=r"config\.json"):
        Checkpoint.open(tmp_path)
