from pathlib import Path
from typing import ClassVar

import pytest
import torch
from typer.testing import CliRunner, Result

from api.cli import models
from model.known_models import KNOWN_MODELS
from model.tuning.recipe import Recipe
from model.tuning.tune import Judgement
from model.tuning.tuned_file import TunedWeights


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


class RecordedTuning:
    """Stands in for a run: notes what it was asked for and gives weights of its recipe."""

    runs: ClassVar[list[tuple[str, int, int | None]]] = []

    def __init__(self, gguf: Path, data: Path, working: Path, recipe: Recipe, _: object) -> None:
        self._working, self._recipe = working, recipe

    def run(self, *, resume: bool, start: TunedWeights | None = None) -> TunedWeights:
        begun = None if start is None else start.recipe.seed
        self.runs.append((self._working.name, self._recipe.seed, begun))
        return TunedWeights((), self._recipe, "")

    def judge(self, tuned: TunedWeights) -> Judgement:
        return Judgement([], {"en": torch.zeros(1, 8)})


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch, here: Path) -> list[tuple[str, int, int | None]]:
    """Return the runs of a model whose own weights took two passes."""
    here.mkdir()
    (here / KNOWN_MODELS[0].file_name).write_bytes(b"")
    passes = (Recipe(seed=1), Recipe(seed=2))
    monkeypatch.setattr("api.cli.tune.shipped_passes", lambda _: passes)
    monkeypatch.setattr("api.cli.tune.Tuning", RecordedTuning)
    monkeypatch.setattr(RecordedTuning, "runs", [])
    return RecordedTuning.runs


def test_all_passes_of_the_models_own_weights_are_run(
    runs: list[tuple[str, int, int | None]], tmp_path: Path
) -> None:
    done = tune("--data", str(tmp_path), "--out", str(tmp_path / "out"))
    assert done.exit_code == 0
    assert runs == [("pass-1", 1, None), ("pass-2", 2, 1)]


def test_a_pass_with_changes_is_one_by_itself(
    runs: list[tuple[str, int, int | None]], tmp_path: Path
) -> None:
    recipe, start = tmp_path / "recipe.json", tmp_path / "start.safetensors"
    recipe.write_text('{"seed": 5}', encoding="utf-8")
    TunedWeights((), Recipe(seed=4, first_layer=0), "").save(start)
    working = ["--working", str(tmp_path / "working"), "--out", str(tmp_path / "out")]
    tune("--data", str(tmp_path), "--recipe", str(recipe), *working)
    tune("--data", str(tmp_path), "--recipe", str(recipe), "--start", str(start), *working)
    assert runs == [("working", 5, None), ("working", 5, 4)]
