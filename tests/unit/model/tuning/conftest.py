"""A tiny base, examples and weights that differ from their start."""

import json
from pathlib import Path

import pytest
import torch

from model.checkpoint import Checkpoint
from model.tuning.base import FrozenBase
from model.tuning.example_maker import Example
from model.tuning.recipe import Recipe
from model.tuning.trained import initial
from model.tuning.tuned_file import TunedWeights

SHA256 = "0" * 64


class InMemory:
    """Hidden states of examples, computed at once."""

    def __init__(self, base: FrozenBase, layer: int, examples: list[Example]) -> None:
        self._states = [base.states_entering(layer, example.input_tokens) for example in examples]

    def of(self, example: int) -> torch.Tensor:
        return self._states[example]


@pytest.fixture(scope="session")
def dense(checkpoint_folder: Path) -> Checkpoint:
    return Checkpoint.open(checkpoint_folder)


@pytest.fixture(scope="session")
def base(dense: Checkpoint) -> FrozenBase:
    return FrozenBase.from_checkpoint(dense, SHA256)


@pytest.fixture(scope="session")
def recipe() -> Recipe:
    return Recipe(
        first_layer=1,
        experts=4,
        experts_per_token=2,
        expert_width=8,
        attention_rank=2,
        gradient_tokens=4,
        examples_per_step=2,
        adapter_learning_rate=1e-2,
        expert_learning_rate=1e-2,
        warmup_steps=2,
    )


@pytest.fixture(scope="session")
def examples() -> list[Example]:
    """Return examples of several lengths whose answer repeats a token of the prompt."""
    generator = torch.Generator().manual_seed(3)
    made = []
    for number in range(8):
        drawn = torch.randint(0, 250, (9 + number,), generator=generator)
        prompt = tuple(drawn.tolist())
        answer = (prompt[2], 7, 9) if number % 2 else (5, 6)
        language = "en" if number < 4 else "zh"
        made.append(Example(str(number), language, prompt, answer, answerable=bool(number % 2)))
    return made


@pytest.fixture(scope="session")
def hidden(base: FrozenBase, recipe: Recipe, examples: list[Example]) -> InMemory:
    return InMemory(base, recipe.first_layer, examples)


@pytest.fixture(scope="session")
def untrained(base: FrozenBase, recipe: Recipe) -> TunedWeights:
    generator = torch.Generator().manual_seed(1)
    frozen = base.layers[recipe.first_layer :]
    layers = tuple(initial(of_layer, recipe, generator) for of_layer in frozen)
    return TunedWeights(layers, recipe, SHA256)


@pytest.fixture(scope="session")
def changed(untrained: TunedWeights) -> TunedWeights:
    """Return weights in which no tensor is zero, rounded as the file rounds them."""
    generator = torch.Generator().manual_seed(2)

    def change(tensor: torch.Tensor) -> torch.Tensor:
        moved = tensor + 0.1 * torch.randn(tensor.shape, generator=generator)
        return moved.bfloat16().float()

    layers = tuple({n: change(t) for n, t in layer.items()} for layer in untrained.layers)
    return TunedWeights(layers, untrained.recipe, untrained.base_sha256)


@pytest.fixture
def data_folder(tmp_path: Path) -> Path:
    """Return a data folder with a few questions in both languages."""
    for language, word in (("en", "river"), ("zh", "河")):
        folder = tmp_path / "data" / f"train_rag_{language}"
        folder.mkdir(parents=True)
        rows = [_row(language, word, number) for number in range(6)]
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        for split in ("train", "valid"):
            (folder / f"{split}.jsonl").write_text(text, encoding="utf-8")
    return tmp_path / "data"


def _row(language: str, word: str, number: int) -> dict[str, object]:
    answerable = number % 3 > 0
    name = f"{language}-{number}"
    return {
        "id": name,
        "lang": language,
        "question": f"{word} {number}?",
        "contexts": [
            {"id": f"{name}-a", "title": word, "text": f"{word} {number}"},
            {"id": f"{name}-b", "title": word, "text": f"{word} x{number}y"},
        ],
        "gold_context_ids": [f"{name}-b"] if answerable else [],
        "answer": f"x{number}" if answerable else "",
        "answers": [f"x{number}"] if answerable else [],
        "answerable": answerable,
        "unanswerable_kind": None if answerable else "human",
        "source": "made here",
    }
