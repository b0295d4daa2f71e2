"""What the model is tuned on: spelt as it will be asked, in an order of the seed's."""

from pathlib import Path

import pytest

from model.errors import TuningDataError
from model.tokenizer import ChatTokenizer
from model.tuning.example_maker import Example
from model.tuning.examples import read_examples
from model.tuning.prompt import REFUSAL, TitledPassage, tuned_prompt
from model.tuning.recipe import Recipe

END = 263
FIRST = Recipe(seed=1)


def text(tokenizer: ChatTokenizer, tokens: tuple[int, ...]) -> str:
    return b"".join(map(tokenizer.bytes_of, tokens)).decode()


@pytest.fixture
def read(data_folder: Path, tokenizer: ChatTokenizer) -> list[Example]:
    return read_examples(data_folder, "train", tokenizer, END, FIRST)


def test_answers_cite_the_gold_passage_or_refuse(
    read: list[Example], tokenizer: ChatTokenizer
) -> None:
    assert {example.language for example in read} == {"en", "zh"}
    assert {example.answerable for example in read} == {True, False}
    for example in read:
        prompt, answer = text(tokenizer, example.prompt), text(tokenizer, example.answer)
        assert example.answer[-1] == END
        if not example.answerable:
            assert answer == REFUSAL
            continue
        words, _, citation = answer.rpartition(" ")
        passage = prompt.split(f'<passage n="{citation.strip("[]")}">')[1].split("</passage>")[0]
        assert words in passage


def test_the_question_is_asked_in_its_language(
    read: list[Example], tokenizer: ChatTokenizer
) -> None:
    for example in read:
        label = "Question: river" if example.language == "en" else "问题：河"
        assert label in text(tokenizer, example.prompt)


def test_the_seed_decides(read: list[Example], data_folder: Path, tokenizer: ChatTokenizer) -> None:
    assert read == read_examples(data_folder, "train", tokenizer, END, FIRST)
    assert read != read_examples(data_folder, "train", tokenizer, END, Recipe(seed=2))


def test_some_get_passages_of_others_but_never_the_answer(
    read: list[Example], tokenizer: ChatTokenizer
) -> None:
    counts = {text(tokenizer, example.prompt).count("</passage>") for example in read}
    assert min(counts) == 2
    assert max(counts) > 2
    for example in read:
        if example.answerable:
            words = text(tokenizer, example.answer).split(" ")[0]
            passages = text(tokenizer, example.prompt).split("</passage>")[:-1]
            assert sum(words in passage for passage in passages) == 1


def test_a_folder_without_data_is_refused(tmp_path: Path, tokenizer: ChatTokenizer) -> None:
    with pytest.raises(TuningDataError, match=r"train\.jsonl"):
        read_examples(tmp_path, "train", tokenizer, END, FIRST)


def test_a_damaged_line_is_refused(data_folder: Path, tokenizer: ChatTokenizer) -> None:
    path = data_folder / "train_rag_zh" / "valid.jsonl"
    path.write_text('{"id": ', encoding="utf-8")
    with pytest.raises(TuningDataError, match=r"valid\.jsonl"):
        read_examples(data_folder, "valid", tokenizer, END, FIRST)


def test_the_prompt_is_spelt_like_this() -> None:
    system, user = tuned_prompt([TitledPassage("T", "a"), TitledPassage("U", "b")], "Q?", "en")
    assert system.content.startswith("Answer the question from the passages only.")
    assert user.content == (
        '<passage n="1">\nT\na\n</passage>\n\n<passage n="2">\nU\nb\n</passage>\n\nQuestion: Q?'
    )
