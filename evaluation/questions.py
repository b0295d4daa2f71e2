"""Questions to measure by: those of a data set, or a person's own in a CSV file.

The CSV file has a header line and the columns `question`, and, each optional: `id`, `answer`
(alternatives apart by `|`), `documents` (names of those that hold the answer, apart by `|`; a page
may follow, as in `report.pdf#12`), `answerable` (yes or no; default yes). UTF-8.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from evaluation.datasets import Dataset
from evaluation.errors import DatasetInvalid

ALTERNATIVE: Final = "|"
_COLUMNS: Final = frozenset({"id", "question", "answer", "documents", "answerable"})
_ANSWERABLE: Final = {"": True, "yes": True, "true": True, "1": True, "是": True} | {
    "no": False,
    "false": False,
    "0": False,
    "否": False,
}


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A question, what is expected as its answer, and the grades of the places that hold it.

    A place is a document's name, or name and page as `name#page`. Without grades the ranking
    is not judged, without expected answers their words are not.
    """

    id: str
    text: str
    expected: tuple[str, ...] = ()
    grades: Mapping[str, float] | None = None
    answerable: bool = True


def questions_of(dataset: Dataset) -> list[AskedQuestion]:
    """Return a data set's judged questions, and those that it holds no answer to."""
    return [
        AskedQuestion(
            id=question.id,
            text=question.text,
            expected=question.expected,
            grades=dataset.grades.get(question.id) if question.answerable else None,
            answerable=question.answerable,
        )
        for question in dataset.questions
        if question.id in dataset.grades or not question.answerable
    ]


def read_questions(path: Path) -> list[AskedQuestion]:
    """Read a CSV file of questions.

    Raises:
        DatasetInvalid: it cannot be read, or a line is not as it should be; says which.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            return list(_questions(csv.DictReader(lines), path.name))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        message = f"{path.name} cannot be read as a CSV file in UTF-8."
        raise DatasetInvalid(message) from error


def _questions(rows: "csv.DictReader[str]", name: str) -> Iterator[AskedQuestion]:
    columns = set(rows.fieldnames or ())
    if "question" not in columns or columns - _COLUMNS:
        message = (
            f"{name} needs a header line with `question`, and may have id, answer, documents and "
            f"answerable; it has {', '.join(sorted(map(str, columns))) or 'none'}."
        )
        raise DatasetInvalid(message)
    for row in rows:
        # A cell too many stands under the key None, one too few is None.
        if None in row or not (row["question"] or "").strip():
            message = f"{name}, line {rows.line_num}: not one question in as many cells as columns."
            raise DatasetInvalid(message)
        yield _question({column: (cell or "").strip() for column, cell in row.items()}, rows, name)


def _question(row: Mapping[str, str], rows: "csv.DictReader[str]", name: str) -> AskedQuestion:
    answerable = _ANSWERABLE.get(row.get("answerable", "").lower())
    if answerable is None:
        message = f"{name}, line {rows.line_num}: answerable is yes or no."
        raise DatasetInvalid(message)
    documents = _alternatives(row.get("documents", ""))
    return AskedQuestion(
        id=row.get("id") or str(rows.line_num),
        text=row["question"],
        expected=tuple(_alternatives(row.get("answer", ""))),
        grades=dict.fromkeys(documents, 1.0) if documents and answerable else None,
        answerable=answerable,
    )


def _alternatives(cell: str) -> list[str]:
    return [part.strip() for part in cell.split(ALTERNATIVE) if part.strip()]
