"""Question-answering data sets in a folder: `corpus.jsonl`, `queries.jsonl` and `qrels.tsv`.

A line of the corpus has `id`, `title` and `text`; of the queries `id`, `text` and, where people
wrote them, `answers` and `answerable`. The judgements are tab-separated with a header line:
query id, passage id, grade. Further fields of a line are optional; see `Question`.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from evaluation.errors import DatasetInvalid

_Row = TypeVar("_Row")


class Passage(BaseModel):
    """A passage of the corpus; `title` is "" where it has none."""

    id: str
    title: str = ""
    text: str

    @property
    def titled_text(self) -> str:
        """The passage as it is indexed: under its title."""
        return f"{self.title}\n{self.text}" if self.title else self.text


class Question(BaseModel):
    """A question; `answerable` says whether the corpus holds the answer.

    `answers` are alternatives, save for the `answer_type` "multi-span": there all are wanted.
    `negative_ids` are passages that people found close to the question and of no help.
    """

    id: str
    text: str
    answers: list[str] = []
    answerable: bool = True
    answer_type: str = ""
    negative_ids: list[str] = []

    @property
    def expected(self) -> tuple[str, ...]:
        """Whole answers, each of them right."""
        if self.answer_type == "multi-span":
            return (", ".join(self.answers),)
        return tuple(self.answers)

    @property
    def is_calculated(self) -> bool:
        """Whether the answer must be worked out, so that it stands in no passage."""
        return self.answer_type in {"arithmetic", "count"}


@dataclass(frozen=True, slots=True)
class Dataset:
    """A data set; `grades` maps a question's id to the grades of its passages' ids."""

    name: str
    passages: list[Passage]
    questions: list[Question]
    grades: Mapping[str, Mapping[str, float]]

    @property
    def judged_questions(self) -> list[Question]:
        """The questions by which a ranking can be measured."""
        return [question for question in self.questions if question.id in self.grades]


def read_dataset(folder: Path) -> Dataset:
    """Read a whole data set into memory.

    Raises:
        DatasetInvalid: a file is missing or a line is not as it should be; says which.

    """
    grades: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for query_id, passage_id, grade in _rows(folder / "qrels.tsv", _judgement, header_lines=1):
        grades[query_id][passage_id] = grade
    return Dataset(
        name=folder.name,
        passages=_rows(folder / "corpus.jsonl", Passage.model_validate_json),
        questions=_rows(folder / "queries.jsonl", Question.model_validate_json),
        grades=dict(grades),
    )


def _judgement(line: str) -> tuple[str, str, float]:
    query_id, passage_id, grade = line.split("\t")
    return query_id, passage_id, float(grade)


def _rows(path: Path, parse: Callable[[str], _Row], header_lines: int = 0) -> list[_Row]:
    try:
        # Not `splitlines`: texts may hold the other characters that it takes for line ends.
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetInvalid(f"Cannot read {path.name} of the data set.") from error
    rows = []
    for number, line in enumerate(lines[header_lines:], start=header_lines + 1):
        if line.strip():
            rows.append(_parsed(parse, line, f"{path.name}, line {number}"))
    return rows


def _parsed(parse: Callable[[str], _Row], line: str, place: str) -> _Row:
    try:
        return parse(line)
    except (ValidationError, ValueError):
        # The cause is dropped: it quotes the line.
        raise DatasetInvalid(f"The data set is damaged: {place}.") from None
