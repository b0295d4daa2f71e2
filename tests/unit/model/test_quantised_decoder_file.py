import errno
import json
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from transformers import Qwen2MoeConfig, Qwen2MoeForCausalLM

from model.errors import CheckpointError
from model.projection import Projection
from model.quantised.decoder_file import discard_damaged, open_quantised, quantised_path
from model.quantised.experts import QuantisedExperts
from model.quantised.packing import have_offsets
from model.quantised.parts import Precision
from model.quantised.weight import QuantisedWeight
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


@pytest.mark.parametrize(
    ("rounding", "form"),
    [
        (partial(QuantisedWeight.of, bits=4), (4, False)),
        (partial(QuantisedWeight.of, bits=5), (5, False)),
        (QuantisedWeight.with_offsets, (4, True)),
    ],
)
def test_weights_that_were_rounded_before_take_no_more_bits(
    copied_folder: Path,
    rounding: Callable[[torch.Tensor], QuantisedWeight],
    form: tuple[int, bool],
) -> None:
    path, name = copied_folder / "model.safetensors", "model.layers.1.mlp.up_proj.weight"
    weights = load_file(path)
    shape = weights[name].shape
    weights[name] = rounding(weights[name]).dequantised(torch.bfloat16).to(weights[name].dtype)
    save_file(weights, path, metadata={"format": "pt"})
    rounded = open_quantised(copied_folder, "int8")
    layers = {n: m for n, m in rounded.named_modules() if isinstance(m, Projection)}
    kept = {n: layer.quantised for n, layer in layers.items() if layer.quantised is not None}
    up = kept.pop("layers.1.mlp.up_proj")
    assert (up.bits, have_offsets(up.scales_NGR)) == form
    assert {other.bits for other in kept.values()} == {8}
    same = up.dequantised(torch.float32)
    assert same.shape == shape
    loss = 2**-7 * float(weights[name].abs().amax()) if form[1] else 0
    torch.testing.assert_close(same, weights[name].float(), rtol=2**-7, atol=loss)


def test_file_with_weights_of_unknown_bits_is_refused(copied_folder: Path) -> None:
    open_quantised(copied_folder, "int8")
    path, name = quantised_path(copied_folder, "int8"), "layers.0.mlp.up_proj.weight.packed"
    with safe_open(path, framework="pt") as file:
        about, weights = file.metadata(), {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - no dict
    weights[name] = weights[name][:, :, :100].contiguous()
    save_file(weights, path, metadata=about)
    with pytest.raises(CheckpointError, match="up_proj"):
        open_quantised(copied_folder, "int8")


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


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def overwritten(path: Path) -> None:
    path.write_bytes(b"damaged")


@pytest.mark.parametrize("damage", [cut, emptied, overwritten])
def test_damaged_file_is_made_anew_and_the_log_says_so(
    copied_folder: Path, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    expected = logits(open_quantised(copied_folder, "int8"))
    damage(quantised_path(copied_folder, "int8"))
    with caplog.at_level("INFO", "sourcebook.model"):
        assert torch.equal(logits(open_quantised(copied_folder, "int8")), expected)
    assert "quantised.int8.safetensors: the one that is there is damaged" in caplog.text


def test_one_changed_bit_is_found_and_the_file_made_anew(copied_folder: Path) -> None:
    open_quantised(copied_folder, "int8")
    path = quantised_path(copied_folder, "int8")
    whole = path.read_bytes()
    assert discard_damaged(copied_folder) == []
    path.write_bytes(whole[:-9] + bytes([whole[-9] ^ 4]) + whole[-8:])
    assert discard_damaged(copied_folder) == [path]
    assert discard_damaged(copied_folder) == []
    open_quantised(copied_folder, "int8")
    assert path.read_bytes() == whole


def test_full_disk_is_said_and_leaves_nothing_half_written(
    copied_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(path: Path, *_: object) -> None:
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    before = set(copied_folder.iterdir())
    with monkeypatch.context() as patch:
        patch.setattr("model.quantised.decoder_file.stream_safetensors", fill)
        with pytest.raises(CheckpointError, match=r"quantised\.int8.*No space left"):
            open_quantised(copied_folder, "int8")
    assert set(copied_folder.iterdir()) - before == {
        copied_folder / ".quantised.int8.safetensors.lock"
    }
    assert torch.isfinite(logits(open_quantised(copied_folder, "int8"))).all()


def test_who_opens_it_at_once_makes_it_once(
    copied_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", "sourcebook.model"), ThreadPoolExecutor(3) as pool:
        decoders = list(pool.map(lambda _: open_quantised(copied_folder, "int8"), range(3)))
    assert caplog.messages.count("Made quantised.int8.safetensors.") == 1
    assert all(torch.equal(logits(decoder), logits(decoders[0])) for decoder in decoders)


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


@pytest.mark.parametrize("precision", ["int8", "int4"])
def test_progress_rises_twice_and_is_not_reported_again(
    moe_folder: Path, tmp_path: Path, precision: Precision
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(moe_folder, folder, ignore=shutil.ignore_patterns("*quantised*"))
    seen: list[tuple[int, int]] = []
    open_quantised(folder, precision, lambda *told: seen.append(told))
    begun = [number for number, (done, _) in enumerate(seen) if done == 0]
    looked, written = seen[: begun[1]], seen[begun[1] :]
    for told in (looked, written):
        assert told == sorted(set(told))
        assert told[-1][0] == told[0][1]
    with safe_open(quantised_path(folder, precision), framework="pt") as file:
        assert written[-1][1] == sum(file.get_tensor(name).nbytes for name in file.keys())  # noqa: SIM118 - no dict
    seen.clear()
    open_quantised(folder, precision, lambda *told: seen.append(told))
    assert seen == []
