from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from api.cli import models
from model.known_models import KNOWN_MODELS


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("SOURCEBOOK_MODELS", str(tmp_path / "here"))
    return tmp_path / "here"


def tune(*arguments: str) -> Result:
    return CliRunner().invoke(models.app, ["tune", *arguments], catch_exceptions=False)


def test_a_folder_of_examples_is_needed(tmp_path: Path) -> None:
    assert tune().exit_code == 2
    assert tune("--data", str(tmp_path / "absent")).exit_code == 2


def test_the_model_must_be_here(tmp_path: Path) -> None:
    with pytest.raises(LookupError, match=f"models fetch {KNOWN_MODELS[1].name}"):
        tune("--data", str(tmp_path), "1.5b")


def test_an_imported_model_is_not_tuned(tmp_path: Path, here: Path) -> None:
    folder = here / "imported" / "ours"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(LookupError, match="ours is an imported checkpoint"):
        tune("--data", str(tmp_path), "ours")


def test_a_recipe_that_is_none_is_refused(tmp_path: Path, here: Path) -> None:
    here.mkdir()
    (here / KNOWN_MODELS[0].file_name).write_bytes(b"")
    recipe = tmp_path / "recipe.json"
    recipe.write_text('{"magic": 1}', encoding="utf-8")
    with pytest.raises(ValueError, match="not a recipe"):
        tune("--data", str(tmp_path), "--recipe", str(recipe), "--out", str(tmp_path / "out"))
