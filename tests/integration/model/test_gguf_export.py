"""Exported GGUF files: llama.cpp writes what transformers writes from the folder."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, PreTrainedModel

from model.checkpoint import Checkpoint
from model.errors import CheckpointError
from model.gguf.export import PackedType, export_gguf
from model.gguf.unpack import unpacked_folder
from tests.integration.model.llama_cpp import llama_cpp_writes, log_shares
from tests.integration.model.tiny_gguf import FAMILIES, Family, random_model, write

QWEN2, QWEN2_MOE = FAMILIES["qwen2"], FAMILIES["qwen2_moe"]
# As upcycling leaves them: dense layers below, and a shared expert's gate at zero.
UPCYCLED = Family(
    QWEN2_MOE.architecture,
    "qwen2_moe",
    QWEN2_MOE.options
    | {"mlp_only_layers": [0], "shared_expert_intermediate_size": 96, "tie_word_embeddings": True},
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a checkpoint folder of a dense model, with tokenizer and template."""
    path = tmp_path / "tiny.gguf"
    write(path, QWEN2, random_model(QWEN2), tmp_path / "saved")
    return unpacked_folder(path, torch.float32)


def save_over(folder: Path, family: Family) -> PreTrainedModel:
    model = random_model(family)
    if family is UPCYCLED:
        model.get_parameter("model.layers.1.mlp.shared_expert_gate.weight").data.zero_()
    model.save_pretrained(folder)
    return model


@pytest.mark.parametrize("packed_type", ["f16", "bf16", "q8_0", "q4_0"])
@pytest.mark.parametrize("family", [QWEN2, QWEN2_MOE, UPCYCLED], ids=["dense", "moe", "upcycled"])
@torch.inference_mode()
def test_llama_cpp_writes_the_same(folder: Path, family: Family, packed_type: PackedType) -> None:
    model = save_over(folder, family)
    export_gguf(folder, folder / "exported.gguf", packed_type)
    written, theirs_TV = llama_cpp_writes(folder / "exported.gguf")
    expected_TV = log_shares(model, written)
    if packed_type == "f16":
        assert written == expected_TV.argmax(dim=-1).tolist()
    both = torch.stack([theirs_TV.flatten(), expected_TV.flatten()])
    least = {"f16": 0.9999, "bf16": 0.999, "q8_0": 0.99, "q4_0": 0.7}[packed_type]
    assert both.corrcoef()[0, 1] > least


@torch.inference_mode()
def test_export_is_read_back(folder: Path) -> None:
    """A dense layer comes back as a shared expert beside idle ones: the same function."""
    model = save_over(folder, UPCYCLED)
    export_gguf(folder, folder / "exported.gguf", "f16")
    back = unpacked_folder(folder / "exported.gguf", torch.float32)
    again = AutoModelForCausalLM.from_pretrained(back, dtype=torch.float32).eval()
    expected_TV, found_TV = (log_shares(each, [1, 2, 3]) for each in (model, again))
    torch.testing.assert_close(found_TV, expected_TV, atol=0.02, rtol=0)
    for name in ("tokenizer.json", "chat_template.jinja"):
        assert (back / name).read_text() == (folder / name).read_text()
    ends, expected_ends = (Checkpoint.open(each).config.end_tokens for each in (back, folder))
    assert ends[0] == expected_ends[0]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"norm_topk_prob": True}, "does not renormalise"),
        ({"rope_parameters": {"rope_type": "linear", "rope_theta": 1e4, "factor": 2.0}}, "long"),
    ],
)
def test_what_gguf_cannot_express_is_refused(
    folder: Path, change: dict[str, Any], reason: str
) -> None:
    save_over(folder, QWEN2_MOE)
    values = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(values | change))
    with pytest.raises(CheckpointError, match=reason):
        export_gguf(folder, folder / "exported.gguf")
    assert not (folder / "exported.gguf").exists()


def test_dense_layers_of_another_width_are_refused(folder: Path) -> None:
    wider = UPCYCLED.options | {"shared_expert_intermediate_size": 160}
    save_over(folder, Family(UPCYCLED.architecture, "qwen2_moe", wider))
    with pytest.raises(CheckpointError, match="not as wide"):
        export_gguf(folder, folder / "exported.gguf")


def test_other_family_is_refused(folder: Path) -> None:
    save_over(folder, FAMILIES["olmoe"])
    with pytest.raises(CheckpointError, match="olmoe cannot be written"):
        export_gguf(folder, folder / "exported.gguf")


def test_folder_without_tokenizer_is_refused(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    with pytest.raises(CheckpointError, match=r"^tokenizer\.json: "):
        export_gguf(folder, folder / "exported.gguf")
