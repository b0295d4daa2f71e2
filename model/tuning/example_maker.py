"""Makes examples of rows: passages of other questions beside their own, spelt as they are asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from model.tokenizer import ChatTokenizer
from model.tuning.prompt import REFUSAL, Language, TitledPassage, tuned_prompt
from model.tuning.script import Convert

_DISTRACTOR_CHARACTERS_MAX = 900
_SHORT_CHARACTERS = 700
_DISTRACTED_SHARE = 0.4


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


class ExampleMaker:
    """Makes examples one after the other from one stream of random numbers."""

    def __init__(
        self,
        tokenizer: ChatTokenizer,
        end_token: int,
        rows: Mapping[Language, Sequence[dict[str, Any]]],
        random: Random,
    ) -> None:
        self._tokenizer = tokenizer
        self._end_token = end_token
        self._random = random
        self._pool = {
            language: [
                context | {"lang": language} for row in of_language for context in row["contexts"]
            ]
            for language, of_language in rows.items()
        }

    def passages(self, row: dict[str, Any]) -> list[dict[str, str]]:
        """Return a row's passages with those of other questions among them, none with an answer."""
        random, contexts = self._random, list(row["contexts"])
        taken = {context["id"] for context in contexts} | set(row["gold_context_ids"])
        answers = [answer for answer in row["answers"] if answer]
        for _ in range(self._distractor_count(row)):
            context = self._distractor(row)
            fits = self._fits(contexts, context)
            if context["id"] in taken or not fits or _holds_one(context, answers):
                continue
            taken.add(context["id"])
            contexts.insert(random.randint(0, len(contexts)), context)
        return contexts

    def spell(
        self, row: dict[str, Any], contexts: Sequence[dict[str, str]], convert: Convert
    ) -> Example:
        """Spell a row's question over its passages, in the script that `convert` writes."""
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

    def _fits(self, contexts: Sequence[dict[str, str]], more: dict[str, str]) -> bool:  # noqa: ARG002 - overridden
        return len(more["text"]) <= _DISTRACTOR_CHARACTERS_MAX

    def _distractor(self, row: dict[str, Any]) -> dict[str, str]:
        random = self._random
        pool = self._pool["en" if random.random() < _english_share(row["lang"]) else "zh"]
        return random.choice(pool)

    def _distractor_count(self, row: dict[str, Any]) -> int:
        english = row["lang"] == "en"
        if not english and sum(len(c["text"]) for c in row["contexts"]) >= _SHORT_CHARACTERS:
            return 0
        if self._random.random() >= _DISTRACTED_SHARE:
            return 0
        return self._random.randint(1, 3 if english else 2)


def _english_share(language: Language) -> float:
    return 0.9 if language == "en" else 0.15


def _holds_one(context: dict[str, str], answers: Sequence[str]) -> bool:
    return any(answer in context["text"] for answer in answers)


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
