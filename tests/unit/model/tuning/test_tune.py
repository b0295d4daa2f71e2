"""The whole way from a data folder and a GGUF file to tuned experts, twice the same."""

from pathlib import Path

import pytest
import torch

from model.durable_files import sha256_of
from model.tuning.recipe import Recipe
from model.tuning.report import refusal_table, score_table, utilisation_table
from model.tuning.trainer import StepReport
from model.tuning.tune import Stage, Tuning
from model.tuning.tuned_file import TunedWeights, read_passes


@pytest.fixture
def small(recipe: Recipe) -> Recipe:
    """Return the recipe in steps of one example."""
    return Recipe.from_json(
        recipe.to_json().replace('"examples_per_step": 2', '"examples_per_step": 1')
    )


class Killed(Exception):
    pass


def silent(stage: Stage, done: int, total: int, report: StepReport | None) -> None:
    pass


def equal(one: TunedWeights, other: TunedWeights) -> bool:
    return all(
        torch.equal(a[name], b[name])
        for a, b in zip(one.layers, other.layers, strict=True)
        for name in a
    )


def test_a_killed_run_goes_on_to_the_same_weights(
    tiny_gguf: Path,
    data_folder: Path,
    tmp_path: Path,
    small: Recipe,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("model.tuning.tune.STEPS_BETWEEN_STATES", 2)
    whole = Tuning(tiny_gguf, data_folder, tmp_path / "a", small, silent).run(resume=False)
    assert whole.base_sha256 == sha256_of(tiny_gguf)
    seen: list[int] = []

    def kill(stage: Stage, done: int, total: int, report: StepReport | None) -> None:
        if stage == "tuning" and done == 5:
            raise Killed

    def watch(stage: Stage, done: int, total: int, report: StepReport | None) -> None:
        seen.extend([done] if stage == "tuning" else [])
        assert stage != "reading", "the frozen layers had run already"

    with pytest.raises(Killed):
        Tuning(tiny_gguf, data_folder, tmp_path / "b", small, kill).run(resume=False)
    resumed = Tuning(tiny_gguf, data_folder, tmp_path / "b", small, watch).run(resume=True)
    assert seen[0] == 5  # the state of step 4 was kept
    assert equal(whole, resumed)


def test_a_second_pass_goes_on_where_the_first_ended(
    tiny_gguf: Path, data_folder: Path, tmp_path: Path, small: Recipe
) -> None:
    tuning = Tuning(tiny_gguf, data_folder, tmp_path / "a", small, silent)
    first = tuning.run(resume=False)
    second = tuning.run(resume=False, start=first)
    assert not equal(second, first)
    assert second.earlier == (small,)
    second.save(path := tmp_path / "experts.safetensors")
    assert TunedWeights.open(path).earlier == (small,)
    assert read_passes(path) == (small, small)
    assert equal(tuning.run(resume=True, start=first), tuning.run(resume=True))


def test_held_out_examples_are_judged_and_reported(
    tiny_gguf: Path, data_folder: Path, tmp_path: Path, small: Recipe
) -> None:
    tuning = Tuning(tiny_gguf, data_folder, tmp_path / "a", small, silent)
    judgement = tuning.judge(tuning.run(resume=False))
    assert len(judgement.outcomes) == 12
    for share_LE in judgement.shares.values():
        torch.testing.assert_close(share_LE.sum(dim=1), torch.ones(2))
    scores = score_table(judgement.outcomes, 0.0).splitlines()
    assert [line.split("|")[1].strip() for line in scores[2:]] == ["en", "zh", "both"]
    assert refusal_table(judgement.outcomes).count("%") > 10
    assert "expert 3" in utilisation_table(judgement.shares)


def test_a_bias_turns_answers_into_refusals(
    tiny_gguf: Path, data_folder: Path, tmp_path: Path, small: Recipe
) -> None:
    tuning = Tuning(tiny_gguf, data_folder, tmp_path / "a", small, silent)
    outcomes = tuning.judge(tuning.run(resume=False)).outcomes
    assert "| both | 12 |" in score_table(outcomes, 1e6)
    assert score_table(outcomes, 1e6).splitlines()[-1].count("100.0 %") == 2
    assert score_table(outcomes, -1e6).splitlines()[-1].count("| 0.0 %") >= 2
