from pathlib import Path

import pytest

from evaluation.datasets import Dataset, Passage, Question
from evaluation.errors import DatasetInvalid
from evaluation.questions import questions_of, read_questions


def _file(folder: Path, text: str) -> Path:
    path = folder / "questions.csv"
    path.write_bytes(text.encode())
    return path


def test_a_persons_questions_in_both_languages(tmp_path: Path) -> None:
    text = (
        "\ufeffquestion,answer,documents,answerable\r\n"
        "How long?,12 weeks|three months,leave.pdf#4|handbook.pdf#9,\r\n"
        "年假有几天？,十二天,年休假.docx,是\r\n"
        '"Who painted ""Dawn""?",,,no\r\n'
    )
    english, chinese, hopeless = read_questions(_file(tmp_path, text))
    assert english.expected == ("12 weeks", "three months")
    assert english.grades == {"leave.pdf#4": 1.0, "handbook.pdf#9": 1.0}
    assert (chinese.text, chinese.grades, chinese.answerable) == (
        "年假有几天？",
        {"年休假.docx": 1.0},
        True,
    )
    assert (hopeless.text, hopeless.answerable, hopeless.grades) == (
        'Who painted "Dawn"?',
        False,
        None,
    )
    assert len({english.id, chinese.id, hopeless.id}) == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "header line"),
        ("frage\nWann?\n", "it has frage"),
        ("question,answer\nWhen?,now,later\n", "line 2"),
        ("question,answer\nWhen?\n,now\n", "line 3"),
        ("question,answerable\nWhen?,perhaps\n", "yes or no"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(DatasetInvalid, match=said):
        read_questions(_file(tmp_path, text))


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "questions.csv"
    path.write_bytes(b"question\n\xff\xfe\n")
    with pytest.raises(DatasetInvalid, match="UTF-8"):
        read_questions(path)
    with pytest.raises(DatasetInvalid, match="cannot be read"):
        read_questions(tmp_path / "missing.csv")


def test_a_data_sets_unanswerable_questions_have_no_grades() -> None:
    dataset = Dataset(
        "made_here",
        [Passage(id="p", text="Four days.")],
        [
            Question(id="a", text="How long?", answers=["Four days"]),
            Question(id="b", text="How wide?", answerable=False),
            Question(id="c", text="Not judged?"),
        ],
        {"a": {"p": 1.0}, "b": {"p": 1.0}},
    )
    asked = questions_of(dataset)
    assert [(one.id, one.grades) for one in asked] == [("a", {"p": 1.0}), ("b", None)]
