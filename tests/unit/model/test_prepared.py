"""The served folder: base and tuned experts in one, made once, made anew when either changes."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from model.checkpoint import Checkpoint
from model.durable_files import sha256_of
from model.errors import CheckpointError
from model.gguf.unpack import unpacked_folder
from model.known_models import KNOWN_MODELS, KnownModel
from model.prepared import prepared_folder, shipped_experts, shipped_passes
from model.provenance import came_from, note_sources
from model.tokenizer import ChatTokenizer
from model.tuning.base import FrozenBase
from model.tuning.recipe import Recipe
from model.tuning.trained import initial
from model.tuning.tuned_file import TunedWeights
from model.tuning.upcycle import upcycle

TunedMaker = Callable[[Path, Path, int], TunedWeights]


@pytest.fixture
def tuned_for() -> TunedMaker:
    """Write tuned weights for a GGUF file."""

    def make(gguf: Path, path: Path, seed: int) -> TunedWeights:
        dense = Checkpoint.open(unpacked_folder(gguf, torch.float32))
        base = FrozenBase.from_checkpoint(dense, sha256_of(gguf))
        recipe = Recipe(first_layer=1, experts=4, expert_width=8, attention_rank=2)
        generator = torch.Generator().manual_seed(seed)
        layers = [initial(frozen, recipe, generator) for frozen in base.layers[1:]]
        for layer in layers:
            layer["self_attn.q_proj.b"] = torch.randn(64, 2, generator=generator)
        tuned = TunedWeights(tuple(layers), recipe, base.sha256)
        tuned.save(path)
        return tuned

    return make


def test_the_folder_holds_the_upcycled_model(
    tiny_gguf: Path, tmp_path: Path, tuned_for: TunedMaker
) -> None:
    path = tmp_path / "experts.safetensors"
    tuned_for(tiny_gguf, path, 1)
    folder = prepared_folder(tiny_gguf, path, torch.float32)
    dense = Checkpoint.open(unpacked_folder(tiny_gguf, torch.float32))
    expected = upcycle(dense, TunedWeights.open(path), path)
    found = Checkpoint.open(folder)
    assert found.config == expected.config
    assert found.weights.keys() == expected.weights.keys()
    assert all(torch.equal(found.weights[n], t) for n, t in expected.weights.items())
    assert ChatTokenizer.open(folder).encode("the river")
    assert not [left for left in tmp_path.iterdir() if left.name.endswith((".dense", "finished"))]


def test_it_is_made_once_and_anew_for_other_experts(
    tiny_gguf: Path, tmp_path: Path, tuned_for: TunedMaker
) -> None:
    path = tmp_path / "experts.safetensors"
    tuned_for(tiny_gguf, path, 1)
    folder = prepared_folder(tiny_gguf, path, torch.float32)
    inode = folder.stat().st_ino
    path.touch()
    assert prepared_folder(tiny_gguf, path, torch.float32).stat().st_ino == inode
    before = Checkpoint.open(folder).weights["model.layers.1.self_attn.q_proj.weight"].clone()
    tuned_for(tiny_gguf, path, 2)
    assert prepared_folder(tiny_gguf, path, torch.float32) == folder
    after = Checkpoint.open(folder).weights["model.layers.1.self_attn.q_proj.weight"]
    assert not torch.equal(before, after)


def test_progress_rises_for_unpacking_and_for_the_experts(
    tiny_gguf: Path, tmp_path: Path, tuned_for: TunedMaker
) -> None:
    path = tmp_path / "experts.safetensors"
    tuned_for(tiny_gguf, path, 1)
    seen: list[tuple[int, int]] = []
    prepared_folder(tiny_gguf, path, torch.float32, lambda *told: seen.append(told))
    begun = [number for number, (done, _) in enumerate(seen) if done == 0]
    assert len(begun) == 2
    for told in (seen[: begun[1]], seen[begun[1] :]):
        assert told == sorted(set(told))
        assert told[-1][0] == told[0][1]
    seen.clear()
    prepared_folder(tiny_gguf, path, torch.float32, lambda *told: seen.append(told))
    assert seen == []


def test_what_a_crash_left_is_cleared(
    tiny_gguf: Path, tmp_path: Path, tuned_for: TunedMaker
) -> None:
    path = tmp_path / "experts.safetensors"
    tuned_for(tiny_gguf, path, 1)
    for suffix in ("unfinished", "dense"):
        left = tmp_path / f".tiny.tuned.float32.{suffix}"
        left.mkdir()
        (left / "model.safetensors").write_bytes(b"half")
    Checkpoint.open(prepared_folder(tiny_gguf, path, torch.float32))


def test_experts_of_another_base_are_refused(
    tiny_gguf: Path, tmp_path: Path, tuned_for: TunedMaker
) -> None:
    path = tmp_path / "experts.safetensors"
    tuned = tuned_for(tiny_gguf, path, 1)
    replace(tuned, base_sha256="f" * 64).save(path)
    with pytest.raises(CheckpointError, match="was tuned on a file with SHA-256 f"):
        prepared_folder(tiny_gguf, path, torch.float32)


def test_tampered_experts_are_refused_and_nothing_is_left(
    tiny_gguf: Path, tmp_path: Path, tuned_for: TunedMaker
) -> None:
    path = tmp_path / "experts.safetensors"
    tuned = tuned_for(tiny_gguf, path, 1)
    replace(tuned, layers=tuned.layers[1:]).save(path)
    with pytest.raises(CheckpointError, match=r"experts\.safetensors"):
        prepared_folder(tiny_gguf, path, torch.float32)
    assert not (tmp_path / "tiny.tuned.float32").exists()


def test_a_missing_base_is_refused(tiny_gguf: Path, tmp_path: Path, tuned_for: TunedMaker) -> None:
    path = tmp_path / "experts.safetensors"
    tuned_for(tiny_gguf, path, 1)
    with pytest.raises(CheckpointError, match=r"absent\.gguf"):
        prepared_folder(tmp_path / "absent.gguf", path, torch.float32)


def test_without_experts_the_dense_model_is_served(tiny_gguf: Path) -> None:
    folder = prepared_folder(tiny_gguf, None, torch.float32)
    assert folder == unpacked_folder(tiny_gguf, torch.float32)


def test_experts_are_shipped_for_known_files_only(tmp_path: Path) -> None:
    assert shipped_experts(tmp_path / "other.gguf") is None


def test_a_model_is_rebuilt_by_the_recipe_of_its_own_experts(
    tiny_gguf: Path, tmp_path: Path, tuned_for: TunedMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("model.prepared._SHIPPED", tmp_path)
    known, other = (tmp_path / known.file_name for known in KNOWN_MODELS)
    (tmp_path / KNOWN_MODELS[0].name).mkdir()
    tuned = tuned_for(tiny_gguf, tmp_path / KNOWN_MODELS[0].name / "experts.safetensors", 1)
    assert shipped_passes(known) == (tuned.recipe,) != (Recipe(),)
    assert shipped_passes(other) == (Recipe(),)
    assert tuned.recipe.changed('{"seed": 5}') == replace(tuned.recipe, seed=5)


def test_a_folder_remembers_its_sources(tmp_path: Path) -> None:
    one, two, folder = tmp_path / "one", tmp_path / "two", tmp_path / "made"
    one.write_text("1")
    two.write_text("2")
    folder.mkdir()
    sources = {"a": one, "b": two}
    assert not came_from(folder, sources)
    note_sources(folder, sources)
    assert came_from(folder, sources)
    assert not came_from(folder, {"a": one})
    two.write_text("3")
    assert not came_from(folder, sources)
    (folder / "source.json").write_text("{")
    assert not came_from(folder, sources)


@pytest.mark.parametrize("known", KNOWN_MODELS, ids=lambda known: known.name)
def test_known_models_come_with_small_experts_and_a_card(known: KnownModel, tmp_path: Path) -> None:
    path = shipped_experts(tmp_path / known.file_name)
    assert path is not None
    assert path.stat().st_size <= 24_000_000
    tuned = TunedWeights.open(path)
    assert tuned.base_sha256 == known.sha256
    assert known.sha256 in (card := path.with_name("README.md").read_text(encoding="utf-8"))
    assert f"seed = {tuned.recipe.seed}" in card
    assert f"refusal_bias = {tuned.recipe.refusal_bias}" in card


def test_the_default_recipe_is_the_default_models_first_pass(tmp_path: Path) -> None:
    assert shipped_passes(tmp_path / KNOWN_MODELS[0].file_name)[0] == Recipe()
