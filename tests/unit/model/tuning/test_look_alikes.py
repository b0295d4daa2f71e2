"""Examples of a second pass: look-alikes around the right passage, but never the answer."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from model.errors import TuningDataError
from model.tokenizer import ChatTokenizer
from model.tuning.example_maker import Example
from model.tuning.examples import read_examples
from model.tuning.prompt import REFUSAL
from model.tuning.recipe import Recipe

END = 263
RECIPE = Recipe(seed=1, look_alikes=True)
Read = Callable[[Recipe], list[tuple[Example, str]]]


@pytest.fixture
def read(data_folder: Path, tokenizer: ChatTokenizer) -> Read:
    """Return what reads examples, each with the text of its prompt."""

    def of(recipe: Recipe) -> list[tuple[Example, str]]:
        examples = read_examples(data_folder, "train", tokenizer, END, recipe)
        return [(e, b"".join(map(tokenizer.bytes_of, e.prompt)).decode()) for e in examples]

    return of


def rewrite(data_folder: Path, language: str, change: Callable[[dict[str, object]], None]) -> None:
    path = data_folder / f"train_rag_{language}" / "train.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for row in rows:
        change(row)
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text(text, encoding="utf-8")


def test_a_passage_that_shares_rare_words_is_put_beside(read: Read, data_folder: Path) -> None:
    def speak_of_zebras(row: dict[str, object]) -> None:
        if row["id"] == "en-0":
            row["question"] = "What does a zebra eat?"
        if row["id"] == "en-5":
            row["contexts"][0]["text"] = "A zebra sleeps."  # type: ignore[index] - a list

    rewrite(data_folder, "en", speak_of_zebras)
    asked = next(prompt for example, prompt in read(RECIPE) if example.id == "en-0")
    assert "A zebra sleeps." in asked
    assert 3 <= asked.count("</passage>") <= 4


def test_a_question_is_left_out_when_the_passage_taken_from_it_comes_back(
    read: Read, data_folder: Path
) -> None:
    def ask_without_gold(row: dict[str, object]) -> None:
        if not row["answerable"] or row["id"] == "en-1":
            row["question"] = "What is x1y?"

    rewrite(data_folder, "en", ask_without_gold)
    asked = {example.id for example, _ in read(RECIPE) if example.language == "en"}
    assert asked == {"en-1", "en-2", "en-4", "en-5"}


def test_a_share_of_the_chinese_is_written_in_traditional_characters(
    read: Read, data_folder: Path
) -> None:
    pytest.importorskip("opencc")

    def ask_for_dragons(row: dict[str, object]) -> None:
        row["question"] = "龙在哪里？"

    rewrite(data_folder, "zh", ask_for_dragons)
    all_of_them = read(replace(RECIPE, traditional_share=1.0))
    assert all(("龍在哪裡" in prompt) == (e.language == "zh") for e, prompt in all_of_them)
    some = [p for e, p in read(replace(RECIPE, traditional_share=0.5)) if e.language == "zh"]
    assert 0 < sum("龍" in prompt for prompt in some) < len(some)
    assert [e.id for e, _ in all_of_them] == [e.id for e, _ in read(RECIPE)]


def test_without_a_converter_it_says_what_to_install(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "opencc", None)
    with pytest.raises(TuningDataError, match="pip install opencc"):
        read(replace(RECIPE, traditional_share=0.5))


def test_refusals_stay_refusals(read: Read, tokenizer: ChatTokenizer) -> None:
    for example, _ in read(RECIPE):
        said = b"".join(map(tokenizer.bytes_of, example.answer)).decode()
        assert (said == REFUSAL) == (not example.answerable)
