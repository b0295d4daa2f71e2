"""Examples among look-alikes: passages like the right one, but never one that answers."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from model.errors import TuningDataError
from model.tokenizer import ChatTokenizer
from model.tuning.example_maker import Example
from model.tuning.examples import read_examples
from model.tuning.look_alikes import LookAlikes
from model.tuning.prompt import REFUSAL
from model.tuning.recipe import Recipe

END = 263
RECIPE = Recipe(seed=1, look_alikes=True)
Read = Callable[[Recipe], list[tuple[Example, str]]]
Row = dict[str, object]


@pytest.fixture
def read(data_folder: Path, tokenizer: ChatTokenizer) -> Read:
    """Return what reads examples, each with the text of its prompt."""

    def of(recipe: Recipe) -> list[tuple[Example, str]]:
        examples = read_examples(data_folder, "train", tokenizer, END, recipe)
        return [(e, b"".join(map(tokenizer.bytes_of, e.prompt)).decode()) for e in examples]

    return of


def rewrite(data_folder: Path, language: str, change: Callable[[Row], None]) -> None:
    path = data_folder / f"train_rag_{language}" / "train.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for row in rows:
        change(row)
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text(text, encoding="utf-8")


def test_a_passage_that_shares_rare_words_is_put_beside(read: Read, data_folder: Path) -> None:
    def speak_of_zebras(row: Row) -> None:
        if row["id"] == "en-1":
            row["question"] = "What does a zebra eat?"
        if row["id"] == "en-5":
            row["contexts"][0]["text"] = "A zebra sleeps."  # type: ignore[index] - a list

    rewrite(data_folder, "en", speak_of_zebras)
    for seed in range(5):
        asked = [p for e, p in read(replace(RECIPE, seed=seed)) if e.id == "en-1"]
        assert all("A zebra sleeps." in prompt for prompt in asked)
        assert all(2 <= prompt.count("</passage>") <= 4 for prompt in asked)


def test_no_other_passage_answers(read: Read, data_folder: Path) -> None:
    def answer_twice(row: Row) -> None:
        if row["id"] == "en-5":
            row["contexts"][0]["text"] = "river x1y again"  # type: ignore[index] - a list

    rewrite(data_folder, "en", answer_twice)
    asked = {(e.answerable, p.count("x1y")) for e, p in read(RECIPE) if e.id == "en-1"}
    assert asked <= {(True, 1), (False, 0)}


def test_a_question_without_its_passage_does_not_get_it_back(
    read: Read, tokenizer: ChatTokenizer
) -> None:
    seen = set()
    for seed in range(12):
        for example, prompt in read(replace(RECIPE, seed=seed)):
            answer = f"x{example.id[-1]}y"
            said = b"".join(map(tokenizer.bytes_of, example.answer)).decode()
            assert (said == REFUSAL) == (not example.answerable)
            if int(example.id[-1]) % 3:
                assert (answer in prompt) == example.answerable
                seen.add(example.answerable)
    assert seen == {True, False}


def test_long_passages_are_cut_but_not_their_answer(data_folder: Path) -> None:
    lines = (data_folder / "train_rag_zh" / "train.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    for context in (context for row in rows for context in row["contexts"]):
        context["text"] = "河水很深。" * 200 + context["text"] + "。" + "山很高。" * 200
    look_alikes = LookAlikes({"zh": rows}, Random(1))
    drafts = [draft for draft in map(look_alikes.draft, rows * 5) if draft]
    assert all(len(context["text"]) <= 380 for _, contexts in drafts for context in contexts)
    answered = [(row, contexts) for row, contexts in drafts if row["answerable"]]
    assert answered
    for row, contexts in answered:
        assert sum(f"x{row['id'][-1]}y" in context["text"] for context in contexts) == 1


def test_a_share_of_the_chinese_is_written_in_traditional_characters(
    read: Read, data_folder: Path
) -> None:
    pytest.importorskip("opencc")

    def ask_for_dragons(row: Row) -> None:
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
