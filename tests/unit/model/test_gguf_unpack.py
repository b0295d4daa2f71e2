import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from model.checkpoint import WEIGHTS, Checkpoint
from model.errors import CheckpointError
from model.gguf.unpack import unpacked_folder
from model.tokenizer import ChatTokenizer
from model.transformer import parameter_shapes

Weights = dict[str, torch.Tensor]
GgufWriter = Callable[..., None]
GATE = "model.layers.0.mlp.gate_proj.weight"


def test_weights_come_through_quantisation(tiny_gguf: Path, weights: Weights) -> None:
    checkpoint = Checkpoint.open(unpacked_folder(tiny_gguf, torch.float32))
    assert checkpoint.weights.keys() == weights.keys()
    for name, tensor in weights.items():
        # Q8_0 rounds to 1/127 of the largest value of 32; vectors are kept exactly.
        tolerance = 0.0 if tensor.dim() == 1 else float(tensor.abs().max()) / 200
        torch.testing.assert_close(checkpoint.weights[name], tensor, atol=tolerance, rtol=0)


def test_config_is_read(tiny_gguf: Path, checkpoint_folder: Path) -> None:
    config = Checkpoint.open(unpacked_folder(tiny_gguf, torch.float32)).config
    expected = Checkpoint.open(checkpoint_folder).config
    assert set(config.end_tokens) == set(expected.end_tokens)
    assert parameter_shapes(config) == parameter_shapes(expected)
    assert config.norm_epsilon == pytest.approx(expected.norm_epsilon)
    assert config.rope == expected.rope


def test_file_without_head_is_tied(
    tmp_path: Path, weights: Weights, gguf_writer: GgufWriter
) -> None:
    path = tmp_path / "tied.gguf"
    gguf_writer(path, {name: w for name, w in weights.items() if name != "lm_head.weight"})
    folder = unpacked_folder(path, torch.float32)
    assert Checkpoint.open(folder).config.head_tied_to_embedding


def test_bfloat16_is_the_rounded_float32(tiny_gguf: Path) -> None:
    exact, rounded = (
        Checkpoint.open(unpacked_folder(tiny_gguf, dtype)).weights
        for dtype in (torch.float32, torch.bfloat16)
    )
    for name, tensor in exact.items():
        assert torch.equal(rounded[name], tensor.bfloat16()), name


def test_tokenizer_and_template_are_unpacked(tiny_gguf: Path) -> None:
    assert ChatTokenizer.open(unpacked_folder(tiny_gguf, torch.bfloat16)).encode("the")


def test_unpacking_happens_once(tiny_gguf: Path) -> None:
    weights = unpacked_folder(tiny_gguf, torch.float32) / WEIGHTS
    before = weights.stat()
    unpacked_folder(tiny_gguf, torch.float32)
    assert weights.stat().st_ino == before.st_ino


def test_touched_file_is_not_unpacked_again(tiny_gguf: Path) -> None:
    weights = unpacked_folder(tiny_gguf, torch.float32) / WEIGHTS
    before = weights.stat()
    os.utime(tiny_gguf, ns=(1, 1))
    unpacked_folder(tiny_gguf, torch.float32)
    assert weights.stat().st_ino == before.st_ino


def test_changed_file_is_unpacked_again(
    tiny_gguf: Path, weights: Weights, gguf_writer: GgufWriter
) -> None:
    unpacked_folder(tiny_gguf, torch.float32)
    gguf_writer(tiny_gguf, {**weights, GATE: torch.zeros_like(weights[GATE])})
    folder = unpacked_folder(tiny_gguf, torch.float32)
    assert not Checkpoint.open(folder).weights[GATE].any()


def test_left_over_of_a_crash_is_replaced(tiny_gguf: Path) -> None:
    unfinished = tiny_gguf.with_name(".tiny.float32.unfinished")
    unfinished.mkdir()
    (unfinished / WEIGHTS).write_text("half a file")
    Checkpoint.open(unpacked_folder(tiny_gguf, torch.float32))
    assert not unfinished.exists()


def test_full_disk_is_said_and_leaves_nothing_half_unpacked(
    tiny_gguf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(path: Path, *_: object, **__: object) -> None:
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("model.gguf.unpack.stream_safetensors", fill)
    with pytest.raises(CheckpointError, match=r"tiny\.gguf: .*No space left"):
        unpacked_folder(tiny_gguf, torch.float32)
    assert [path.name for path in tiny_gguf.parent.iterdir() if "float32" in path.name] == [
        ".tiny.float32.lock"
    ]


@pytest.mark.parametrize("share", [0.0, 0.001, 0.01, 0.1, 0.5, 0.999])
def test_truncated_file_is_refused(tiny_gguf: Path, share: float) -> None:
    content = tiny_gguf.read_bytes()
    tiny_gguf.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(CheckpointError, match=r"^tiny\.gguf: "):
        unpacked_folder(tiny_gguf, torch.float32)


def test_other_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "letter.gguf"
    path.write_bytes(b"Dear Sir or Madam, " * 100)
    with pytest.raises(CheckpointError, match=r"letter\.gguf: is damaged or no GGUF file"):
        unpacked_folder(path, torch.float32)


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"absent\.gguf"):
        unpacked_folder(tmp_path / "absent.gguf", torch.float32)


def refused(path: Path, words: str) -> None:
    with pytest.raises(CheckpointError, match=rf"^{path.name}: .*{words}"):
        unpacked_folder(path, torch.float32)


def test_unknown_architecture_is_refused(
    tmp_path: Path, weights: Weights, gguf_writer: GgufWriter
) -> None:
    gguf_writer(tmp_path / "a.gguf", weights, architecture="mamba")
    refused(tmp_path / "a.gguf", "architecture 'mamba' is not known")


def test_unknown_tokenizer_is_refused(
    tmp_path: Path, weights: Weights, gguf_writer: GgufWriter
) -> None:
    gguf_writer(tmp_path / "a.gguf", weights, tokenizer="viking")
    refused(tmp_path / "a.gguf", "tokenizer .*viking.* is not known")


def test_missing_tensor_is_refused(
    tmp_path: Path, weights: Weights, gguf_writer: GgufWriter
) -> None:
    gguf_writer(tmp_path / "a.gguf", {n: w for n, w in weights.items() if n != GATE})
    refused(tmp_path / "a.gguf", f"tensor {GATE} is missing")


def test_wrong_shape_is_refused(tmp_path: Path, weights: Weights, gguf_writer: GgufWriter) -> None:
    gguf_writer(tmp_path / "a.gguf", {**weights, GATE: torch.zeros(64, 96)})
    refused(tmp_path / "a.gguf", r"has shape \(64, 96\), not \(96, 64\)")


def test_values_that_are_no_numbers_are_refused(
    tmp_path: Path, weights: Weights, gguf_writer: GgufWriter
) -> None:
    name = "model.norm.weight"
    gguf_writer(tmp_path / "a.gguf", {**weights, name: torch.full((64,), torch.nan)})
    refused(tmp_path / "a.gguf", "values that are no numbers")


def test_progress_rises_to_the_weights_bytes_and_is_not_reported_again(tiny_gguf: Path) -> None:
    seen: list[tuple[int, int]] = []
    folder = unpacked_folder(tiny_gguf, torch.float32, lambda *told: seen.append(told))
    total = sum(tensor.nbytes for tensor in Checkpoint.open(folder).weights.values())
    assert (seen[0], seen[-1]) == ((0, total), (total, total))
    assert seen == sorted(set(seen))
    seen.clear()
    unpacked_folder(tiny_gguf, torch.float32, lambda *told: seen.append(told))
    assert seen == []
