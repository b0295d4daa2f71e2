import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from model.checkpoint import CONFIG, WEIGHTS, Checkpoint
from model.errors import CheckpointError
from model.families import from_hugging_face, to_hugging_face

BIAS = "model.layers.1.self_attn.k_proj.bias"


def rewrite_config(folder: Path, **changes: object) -> None:
    path = folder / CONFIG
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def rewrite_weights(folder: Path, changes: dict[str, torch.Tensor | None]) -> None:
    weights = {**load_file(folder / WEIGHTS), **changes}
    kept = {name: tensor for name, tensor in weights.items() if tensor is not None}
    (folder / WEIGHTS).unlink()
    save_file(kept, folder / WEIGHTS)


def test_config_survives_a_round_trip(checkpoint_folder: Path) -> None:
    config = Checkpoint.open(checkpoint_folder).config
    assert from_hugging_face(to_hugging_face(config)) == config


def test_saved_checkpoint_opens_alike(checkpoint_folder: Path, tmp_path: Path) -> None:
    checkpoint = Checkpoint.open(checkpoint_folder)
    checkpoint.save(tmp_path)
    again = Checkpoint.open(tmp_path)
    assert again.config == checkpoint.config
    for name, tensor in checkpoint.weights.items():
        assert torch.equal(again.weights[name], tensor)


def test_older_config_with_rope_at_the_top_level(copied_folder: Path) -> None:
    rewrite_config(copied_folder, rope_parameters=None, rope_theta=123.0)
    assert Checkpoint.open(copied_folder).config.rope.base == 123.0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model_type": "gpt2"}, "family 'gpt2'"),
        ({"hidden_act": "gelu"}, "activation 'gelu'"),
        ({"hidden_size": 32}, "has shape"),
    ],
)
def test_unknown_config_is_refused(
    copied_folder: Path, change: dict[str, object], words: str
) -> None:
    rewrite_config(copied_folder, **change)
    with pytest.raises(CheckpointError, match=words):
        Checkpoint.open(copied_folder)


def test_config_without_a_value_is_refused(copied_folder: Path) -> None:
    (copied_folder / CONFIG).write_text('{"model_type": "qwen2"}')
    with pytest.raises(CheckpointError, match=r"config\.json: 'num_attention_heads' is missing"):
        Checkpoint.open(copied_folder)


def test_missing_tensor_is_named(copied_folder: Path) -> None:
    rewrite_weights(copied_folder, {BIAS: None})
    with pytest.raises(CheckpointError, match=rf"model\.safetensors: tensor {BIAS} is missing"):
        Checkpoint.open(copied_folder)


def test_wrong_shape_is_named(copied_folder: Path) -> None:
    rewrite_weights(copied_folder, {BIAS: torch.zeros(3)})
    with pytest.raises(CheckpointError, match=rf"tensor {BIAS} has shape \(3,\), not \(32,\)"):
        Checkpoint.open(copied_folder)


@pytest.mark.parametrize("size", [0, 5, 1000, 100_000])
def test_truncated_weights_are_refused(copied_folder: Path, size: int) -> None:
    path = copied_folder / WEIGHTS
    content = path.read_bytes()[:size]
    path.unlink()
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"model\.safetensors: cannot be read"):
        Checkpoint.open(copied_folder)


def test_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"config\.json"):
        Checkpoint.open(tmp_path / "absent")


def test_disk_that_cannot_be_written_is_said(checkpoint_folder: Path, tmp_path: Path) -> None:
    (tmp_path / WEIGHTS).mkdir()
    with pytest.raises(CheckpointError, match=r"model\.safetensors: cannot be written"):
        Checkpoint.open(checkpoint_folder).save(tmp_path)
