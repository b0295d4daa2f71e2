"""From a data folder and a base model to tuned experts: every stage, each of which can go on.

The working folder keeps what is costly: the frozen layers' outcome (1.8 KB a token for the default
model) and the trainer's state. A run that was killed goes on from both.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

from model.checkpoint import Checkpoint
from model.durable_files import sha256_of
from model.gguf.unpack import unpacked_folder
from model.tokenizer import ChatTokenizer
from model.tuning.base import FrozenBase
from model.tuning.example_maker import Example
from model.tuning.examples import read_examples
from model.tuning.hidden_states import HiddenStates, cached_hidden_states
from model.tuning.mixed_sets import Split
from model.tuning.prompt import Language
from model.tuning.recipe import Recipe
from model.tuning.report import utilisation
from model.tuning.scores import Outcome, outcomes
from model.tuning.selection import selected
from model.tuning.trained import served
from model.tuning.trainer import StepReport, Trainer
from model.tuning.tuned_file import TunedWeights

STATE = "trainer.pt"
STEPS_BETWEEN_STATES = 25
Stage = Literal["reading", "tuning", "scoring"]
Progress = Callable[[Stage, int, int, StepReport | None], None]
"""Called with the stage, what is done of it and all there is: tokens, steps, examples."""


@dataclass(frozen=True, slots=True)
class _Set:
    examples: list[Example]
    hidden: HiddenStates


@dataclass(frozen=True, slots=True)
class Judgement:
    """How tuned weights answer held-out examples, and how each language uses the experts."""

    outcomes: list[Outcome]
    shares: Mapping[Language, torch.Tensor]
    """Shares of each layer's choices, LE."""


class Tuning:
    """One run on one base model and data folder."""

    def __init__(
        self, gguf: Path, data: Path, working: Path, recipe: Recipe, progress: Progress
    ) -> None:
        working.mkdir(parents=True, exist_ok=True)
        folder = unpacked_folder(gguf, torch.bfloat16)
        checkpoint = Checkpoint.open(folder)
        self._base = FrozenBase.from_checkpoint(checkpoint, sha256_of(gguf))
        self._end_token = checkpoint.config.end_tokens[0]
        self._tokenizer = ChatTokenizer.open(folder)
        self._data, self._working = data, working
        self._recipe, self._progress = recipe, progress

    def run(self, *, resume: bool, start: TunedWeights | None = None) -> TunedWeights:
        """Tune, or go on with a run of the same recipe; from `start` on, if that is given.

        Raises:
            TuningDataError: the data folder cannot be used, or `start` does not fit the recipe.
        """
        trainer = self._trainer()
        if start is not None:
            trainer.start_from(start)
        state = self._working / STATE
        if resume:
            trainer.resume(state)
        for report in trainer.run():
            self._progress("tuning", report.step, report.steps, report)
            if report.step % STEPS_BETWEEN_STATES == 0 or report.step == report.steps:
                trainer.save(state)
        earlier = (*start.earlier, start.recipe) if start is not None else ()
        return TunedWeights(tuple(trainer.trained), self._recipe, self._base.sha256, earlier)

    def judge(self, tuned: TunedWeights) -> Judgement:
        """Score tuned weights, in the numbers they are served with, on the held-out examples."""
        held_out, recipe = self._read("valid"), self._recipe
        frozen = self._base.layers[recipe.first_layer :]
        layers = [served(f, t) for f, t in zip(frozen, tuned.layers, strict=True)]
        parts = (self._base, layers, recipe, held_out.examples, held_out.hidden)
        self._progress("scoring", 0, 2, None)
        judged = outcomes(*parts)
        self._progress("scoring", 1, 2, None)
        shares = utilisation(*parts) if recipe.experts else {}
        self._progress("scoring", 2, 2, None)
        return Judgement(judged, shares)

    def _trainer(self) -> Trainer:
        training = self._read("train")
        return Trainer(self._base, self._recipe, training.examples, training.hidden)

    def _read(self, split: Split) -> _Set:
        recipe = self._recipe
        examples = read_examples(self._data, split, self._tokenizer, self._end_token, recipe)
        if split == "train":
            examples = selected(examples, recipe)
        hidden = cached_hidden_states(
            self._working / f"{split}.states",
            self._base,
            recipe.first_layer,
            examples,
            lambda done, total: self._progress("reading", done, total, None),
        )
        return _Set(examples, hidden)
