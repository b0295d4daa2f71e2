"""Steps of AdamW over the examples, with a state on disk from which a killed run goes on.

Shapes: see config.py and this package's __init__.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import cos, pi
from pathlib import Path

import torch
import torch.nn.functional as F

from model.balance import load_balancing_loss
from model.durable_files import publish
from model.errors import TuningDataError
from model.tuning.base import FrozenBase
from model.tuning.batch import Batch, answer_logits, lay_out, tuned_sizes
from model.tuning.example_maker import Example
from model.tuning.hidden_states import HiddenStates
from model.tuning.layer import Weights
from model.tuning.recipe import Recipe
from model.tuning.trained import EXPERTS, ROUTER, initial, served
from model.tuning.tuned_file import TunedWeights


@dataclass(frozen=True, slots=True)
class StepReport:
    """How a step went."""

    step: int
    steps: int
    loss: float
    """Mean negative log-likelihood of an answer's token."""
    balance: float
    """The mean of the layers' balance losses; `experts_per_token` is its best."""
    tokens: int


class Trainer:
    """Tunes the upper layers of a frozen base."""

    def __init__(
        self,
        base: FrozenBase,
        recipe: Recipe,
        examples: Sequence[Example],
        hidden: HiddenStates,
    ) -> None:
        self._base, self._recipe, self._hidden = base, recipe, hidden
        self._examples = examples
        self._sizes = tuned_sizes(base, recipe.experts_per_token)
        self._frozen = base.layers[recipe.first_layer :]
        generator = torch.Generator().manual_seed(recipe.seed)
        self.trained = [initial(frozen, recipe, generator) for frozen in self._frozen]
        self._optimizer = _optimizer(self.trained, recipe)
        self._done = 0

    @property
    def steps(self) -> int:
        """How many steps a whole run has."""
        return -(-len(self._examples) // self._recipe.examples_per_step)

    def run(self) -> Iterator[StepReport]:
        """Do the steps that are left, one with each report."""
        while self._done < self.steps:
            yield self._step()

    def save(self, path: Path) -> None:
        """Write all that the next step depends on; whole or not at all."""
        unfinished = path.with_name(f".{path.name}.unfinished")
        state = {
            "recipe": self._recipe.to_json(),
            "done": self._done,
            "trained": [{n: p.detach() for n, p in layer.items()} for layer in self.trained],
            "optimizer": self._optimizer.state_dict(),
        }
        torch.save(state, unfinished)
        publish(unfinished, path)

    def resume(self, path: Path) -> bool:
        """Go on from a saved state; tell whether there was one of this recipe."""
        if not path.exists():
            return False
        state = torch.load(path, weights_only=True)
        if state["recipe"] != self._recipe.to_json():
            return False
        self._copy(state["trained"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._done = state["done"]
        return True

    def start_from(self, tuned: TunedWeights) -> None:
        """Begin where another run ended: a second pass over other examples.

        Raises:
            TuningDataError: it was tuned with other sizes, or on another base.
        """
        if tuned.base_sha256 != self._base.sha256:
            raise TuningDataError("the weights to start from belong to another base model")
        shapes = [{n: p.shape for n, p in layer.items()} for layer in self.trained]
        if [{n: p.shape for n, p in layer.items()} for layer in tuned.layers] != shapes:
            raise TuningDataError("the weights to start from have other sizes than the recipe")
        self._copy(tuned.layers)

    def _copy(self, layers: Sequence[Mapping[str, torch.Tensor]]) -> None:
        with torch.no_grad():
            for layer, saved in zip(self.trained, layers, strict=True):
                for name, parameter in layer.items():
                    parameter.copy_(saved[name])

    def _step(self) -> StepReport:
        for group in self._optimizer.param_groups:
            group["lr"] = group["peak"] * self._schedule()
        batch = self._batch()
        loss, balance = self._loss(batch)
        (loss + self._recipe.balance_weight * balance).backward()  # type: ignore[no-untyped-call]
        parameters = [p for layer in self.trained for p in layer.values()]
        torch.nn.utils.clip_grad_norm_(parameters, self._recipe.gradient_norm_max)
        self._optimizer.step()
        self._optimizer.zero_grad()
        self._done += 1
        return StepReport(self._done, self.steps, loss.item(), balance.item(), batch.tokens)

    def _schedule(self) -> float:
        """Rise in a line, then fall as a cosine to a tenth."""
        warmup = self._recipe.warmup_steps
        if self._done < warmup:
            return (self._done + 1) / warmup
        share = (self._done - warmup) / max(self.steps - warmup, 1)
        return 0.1 + 0.45 * (1 + cos(pi * share))

    def _batch(self) -> Batch:
        begin = self._done * self._recipe.examples_per_step
        examples = self._examples[begin : begin + self._recipe.examples_per_step]
        states = [self._hidden.of(begin + place) for place in range(len(examples))]
        return lay_out(examples, states, self._recipe.gradient_tokens)

    def _loss(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        layers: list[Weights] = [
            served(frozen, trained)
            for frozen, trained in zip(self._frozen, self.trained, strict=True)
        ]
        logits_RV, routings = answer_logits(self._base, layers, self._sizes, batch)
        balances = [load_balancing_loss(of_layer) for of_layer in routings if of_layer]
        balance = torch.stack(balances).mean() if balances else torch.zeros(())
        return F.cross_entropy(logits_RV, batch.targets), balance


def _optimizer(trained: Sequence[Mapping[str, torch.Tensor]], recipe: Recipe) -> torch.optim.AdamW:
    """Make an optimizer whose groups know the highest learning rate of their schedule."""
    experts = {ROUTER, *EXPERTS}
    named = [(name, p.requires_grad_()) for layer in trained for name, p in layer.items()]
    adapter_group = [p for name, p in named if name not in experts]
    expert_group = [p for name, p in named if name in experts]
    groups = [
        {"params": adapter_group, "peak": recipe.adapter_learning_rate},
        {"params": expert_group, "peak": recipe.expert_learning_rate},
    ]
    return torch.optim.AdamW([g for g in groups if g["params"]], weight_decay=0.0)
