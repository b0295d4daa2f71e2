"""What a run of an evaluation measured, question by question, as a file."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from evaluation.errors import RunInvalid

Language = Literal["en", "zh"]


class QuestionResult(BaseModel):
    """How one question went; `measures` by name, most from 0 to 1, times in milliseconds."""

    model_config = ConfigDict(frozen=True)

    id: str = Field(max_length=200)
    language: Language
    answerable: bool
    measures: Mapping[str, float]


class Run(BaseModel):
    """One run over one set of questions.

    `subject` says what was measured (models and settings); `dataset_digest` tells two sets of the
    same name apart.
    """

    model_config = ConfigDict(frozen=True)

    version: Literal[1] = 1
    name: str = Field(min_length=1, max_length=200)
    dataset: str = Field(min_length=1, max_length=200)
    dataset_digest: str = Field(max_length=64)
    at: datetime
    subject: Mapping[str, str]
    results: tuple[QuestionResult, ...] = Field(max_length=100_000)

    def save(self, path: Path) -> None:
        """Write the run as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.model_dump_json(indent=1), encoding="utf-8")


def read_run(path: Path) -> Run:
    """Read a run back.

    Raises:
        RunInvalid: the file is missing, damaged or of another version.
    """
    try:
        return Run.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        message = f"{path.name} is not a run that `sourcebook eval run` wrote."
        raise RunInvalid(message) from error


def digest_of(texts: list[str]) -> str:
    """Return a digest of a set of questions."""
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()
