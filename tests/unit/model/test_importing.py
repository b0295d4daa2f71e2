import json
import re
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

from api.cli.models import app
from api.generator import open_generator
from api.settings import Settings
from model.backends.port import GenerationRequest, Message
from model.checkpoint import INDEX, WEIGHTS, Checkpoint
from model.errors import CheckpointError, ImportRefused, UnknownModel, WrongModelFile
from model.importing import MANIFEST, import_checkpoint
from model.model_folder import ModelFolder
from model.quantised.decoder_file import open_quantised, quantised_path
from model.tokenizer import CHAT_TEMPLATE, ChatTokenizer
from model.verification import verify_place


@pytest.fixture
def models(tmp_path: Path) -> ModelFolder:
    return ModelFolder(tmp_path / "models")


def weights_of(folder: Path) -> dict[str, torch.Tensor]:
    return Checkpoint.open(folder).weights


@pytest.mark.parametrize("link", [False, True])
def test_imported_checkpoint_opens_under_its_name(
    checkpoint_folder: Path, models: ModelFolder, link: bool
) -> None:
    seen: list[tuple[int, int]] = []
    folder = import_checkpoint(
        checkpoint_folder,
        "Ours-1.0",
        models,
        link=link,
        progress=lambda done, total: seen.append((done, total)),
    )
    place = models.find("ours")
    assert (place.name, place.path, place.known) == ("Ours-1.0", folder, None)
    assert (folder / WEIGHTS).is_symlink() is link
    for name, tensor in weights_of(checkpoint_folder).items():
        assert torch.equal(tensor, weights_of(folder)[name])
    size = (checkpoint_folder / WEIGHTS).stat().st_size
    assert seen[-1] == (size, size)
    assert verify_place(place) == []


def test_shards_are_taken_too(copied_folder: Path, models: ModelFolder) -> None:
    tensors = load_file(copied_folder / WEIGHTS)
    names = sorted(tensors)
    parts = {"a.safetensors": names[::2], "b.safetensors": names[1::2]}
    for file, held in parts.items():
        save_file({name: tensors[name] for name in held}, copied_folder / file)
    places = {name: file for file, held in parts.items() for name in held}
    (copied_folder / INDEX).write_text(json.dumps({"weight_map": places}))
    (copied_folder / WEIGHTS).unlink()
    folder = import_checkpoint(copied_folder, "shards", models)
    assert weights_of(folder).keys() == weights_of(copied_folder).keys()


@pytest.mark.parametrize("several", [False, True])
def test_template_from_the_tokenizer_s_settings(
    copied_folder: Path, models: ModelFolder, several: bool
) -> None:
    template = (copied_folder / CHAT_TEMPLATE).read_text()
    (copied_folder / CHAT_TEMPLATE).unlink()
    named = [{"name": "tools", "template": "x"}, {"name": "default", "template": template}]
    settings = {"chat_template": named if several else template}
    (copied_folder / "tokenizer_config.json").write_text(json.dumps(settings))
    folder = import_checkpoint(copied_folder, "older", models)
    prompt = ChatTokenizer.open(folder).encode_chat([Message("user", "the")])
    (copied_folder / CHAT_TEMPLATE).write_text(template)
    assert prompt == ChatTokenizer.open(copied_folder).encode_chat([Message("user", "the")])


@pytest.mark.parametrize(
    ("missing", "reason"),
    [
        ("config.json", "config.json"),
        (WEIGHTS, WEIGHTS),
        ("tokenizer.json", "tokenizer"),
        (CHAT_TEMPLATE, "there is no chat_template.jinja"),
    ],
)
def test_what_does_not_open_is_not_kept(
    copied_folder: Path, models: ModelFolder, missing: str, reason: str
) -> None:
    (copied_folder / missing).unlink()
    with pytest.raises(CheckpointError, match=reason):
        import_checkpoint(copied_folder, "half", models)
    assert not [path for path in (models.path / "imported").iterdir() if path.is_dir()]
    with pytest.raises(UnknownModel, match="'half'"):
        models.find("half")


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "a b", "模型"])
def test_names_that_are_no_names(checkpoint_folder: Path, models: ModelFolder, name: str) -> None:
    with pytest.raises(ImportRefused, match="cannot be a model's name"):
        import_checkpoint(checkpoint_folder, name, models)


def test_names_that_are_taken(checkpoint_folder: Path, models: ModelFolder) -> None:
    with pytest.raises(ImportRefused, match="known model: choose another"):
        import_checkpoint(checkpoint_folder, "qwen2.5-coder-0.5b-instruct", models)
    import_checkpoint(checkpoint_folder, "ours", models)
    with pytest.raises(ImportRefused, match="here already: choose another name, or delete"):
        import_checkpoint(checkpoint_folder, "ours", models)


def test_an_interrupted_import_starts_over(checkpoint_folder: Path, models: ModelFolder) -> None:
    left = models.path / "imported" / ".ours.unfinished"
    left.mkdir(parents=True)
    (left / "something").touch()
    (left / "config.json").touch()
    assert [place.name for place in models.places() if place.known is None] == []
    folder = import_checkpoint(checkpoint_folder, "ours", models)
    assert not (folder / "something").exists()
    assert not left.exists()


def test_changed_rounded_weights_are_found_and_made_anew(
    checkpoint_folder: Path, models: ModelFolder
) -> None:
    folder = import_checkpoint(checkpoint_folder, "ours", models)
    open_quantised(folder, "int8")
    path = quantised_path(folder, "int8")
    whole = path.read_bytes()
    path.write_bytes(whole[:-5] + bytes([whole[-5] ^ 1]) + whole[-4:])
    assert verify_place(models.find("ours")) == [path]
    open_quantised(folder, "int8")
    assert path.read_bytes() == whole
    assert verify_place(models.find("ours")) == []


def test_changes_after_the_import_are_found(checkpoint_folder: Path, models: ModelFolder) -> None:
    folder = import_checkpoint(checkpoint_folder, "ours", models)
    path = folder / WEIGHTS
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(WrongModelFile, match=f"{WEIGHTS} is not what was imported"):
        verify_place(models.find("ours"))
    path.unlink()
    with pytest.raises(WrongModelFile, match=f"{WEIGHTS} is missing"):
        verify_place(models.find("ours"))
    assert MANIFEST in {entry.name for entry in folder.iterdir()}


def test_imported_model_is_served(
    checkpoint_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCEBOOK_MODELS", str(tmp_path))
    output = CliRunner().invoke(app, ["import", str(checkpoint_folder), "ours-1"]).output
    assert "ours-1 is here. To use it: SOURCEBOOK_MODEL=ours-1\n" in output
    monkeypatch.setenv("SOURCEBOOK_MODEL", "ours")
    monkeypatch.setenv("SOURCEBOOK_MODEL__PRECISION", "float32")
    listed = CliRunner().invoke(app, ["list"]).output
    assert re.search(r"^\* ours-1 .* here +imported$", listed, flags=re.MULTILINE)
    generator = open_generator(Settings())
    assert generator.name == "ours-1"
    request = GenerationRequest([Message("user", "the")], new_tokens_max=3)
    assert list(generator.generate(request))[-1].finish_reason
    generator.close()


@pytest.mark.parametrize(("precision", "passes"), [("int8", 2), ("bfloat16", 0)])
def test_what_is_made_of_an_imported_model_is_reported_once(
    copied_folder: Path,
    models: ModelFolder,
    monkeypatch: pytest.MonkeyPatch,
    precision: str,
    passes: int,
) -> None:
    import_checkpoint(copied_folder, "ours", models)
    monkeypatch.setenv("SOURCEBOOK_MODELS", str(models.path))
    monkeypatch.setenv("SOURCEBOOK_MODEL", "ours")
    monkeypatch.setenv("SOURCEBOOK_MODEL__PRECISION", precision)
    for wanted in (passes, 0):
        seen: list[tuple[int, int]] = []
        open_generator(Settings(), lambda *told, seen=seen: seen.append(told)).close()
        assert [done for done, _ in seen].count(0) == wanted
        assert [done == total for done, total in seen].count(True) == wanted
