"""Several questions over the same few passages."""

from dataclasses import dataclass
from typing import Any

from model.tuning.prompt import Language

Row = dict[str, Any]
Context = dict[str, str]


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """Passages, and rows that are asked over all of them, in their order.

    A row has `question`, `answer` (the words of a passage, or "" if none answers) and
    `gold_context_ids`. One script serves the whole set, so that its prompts begin alike.
    """

    id: str
    language: Language
    contexts: tuple[Context, ...]
    rows: tuple[Row, ...]


def question(place: str, language: Language, asked: str, gold: Context | None, answer: str) -> Row:
    """Make a row at a place in a set ("set/number"); without a gold passage it has no answer."""
    return {
        "id": place,
        "set": place.rpartition("/")[0],
        "lang": language,
        "question": asked,
        "answer": answer if gold else "",
        "answers": [answer] if gold else [],
        "answerable": gold is not None,
        "gold_context_ids": [gold["id"]] if gold else [],
    }
