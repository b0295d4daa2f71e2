"""Spells questions over passages as the model sees them, and the answers that it should give."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from model.tokenizer import ChatTokenizer
from model.tuning.prompt import REFUSAL, Language, TitledPassage, tuned_prompt
from model.tuning.script import Scripts


@dataclass(frozen=True, slots=True)
class Example:
    """One prompt and the answer that the model should give, end token included."""

    id: str
    language: Language
    prompt: tuple[int, ...]
    answer: tuple[int, ...]
    answerable: bool

    @property
    def input_tokens(self) -> tuple[int, ...]:
        """What the model reads: all but the end token, which nothing follows."""
        return self.prompt + self.answer[:-1]


class Speller:
    """Spells drafts as examples, each in the script that is drawn for it."""

    def __init__(self, tokenizer: ChatTokenizer, end_token: int, scripts: Scripts) -> None:
        self._tokenizer = tokenizer
        self._end_token = end_token
        self._scripts = scripts

    def spell(self, row: dict[str, Any], contexts: Sequence[dict[str, str]]) -> Example:
        """Spell a row's question over its passages, which hold the answer's words if it has one."""
        convert = self._scripts.of(row.get("set", row["id"]), row["lang"])
        passages = [TitledPassage(convert(one["title"]), convert(one["text"])) for one in contexts]
        messages = tuned_prompt(passages, convert(row["question"]), row["lang"])
        answer = convert(_answer(row, contexts))
        return Example(
            id=row["id"],
            language=row["lang"],
            prompt=tuple(self._tokenizer.encode_chat(messages)),
            answer=(*self._tokenizer.encode(answer), self._end_token),
            answerable=row["answerable"],
        )


def _answer(row: dict[str, Any], contexts: Sequence[dict[str, str]]) -> str:
    """Cite the first gold passage that holds the answer's very words, or else the first gold."""
    if not row["answerable"]:
        return REFUSAL
    gold = [
        number
        for number, context in enumerate(contexts, start=1)
        if context["id"] in row["gold_context_ids"]
    ]
    quoted = [number for number in gold if row["answer"] in contexts[number - 1]["text"]]
    return f"{row['answer']} [{(quoted or gold)[0]}]"
