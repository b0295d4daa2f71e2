"""Questions with passages and answers, read from a data folder and spelt as the model sees them.

The folder holds `train_rag_en` and `train_rag_zh`, each with `train.jsonl` and `valid.jsonl`; a
line has `lang`, `question`, `contexts` (`id`, `title`, `text`), `gold_context_ids`, `answer` (""
if the passages do not hold it) and `answers`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Literal, get_args

from model.errors import TuningDataError
from model.tokenizer import ChatTokenizer
from model.tuning.prompt import REFUSAL, Language, TitledPassage, tuned_prompt

Split = Literal["train", "valid"]
TOKENS_MAX: dict[Language, int] = {"en": 900, "zh": 820}
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


def read_examples(
    folder: Path, split: Split, tokenizer: ChatTokenizer, end_token: int, seed: int
) -> list[Example]:
    """Spell out all examples that are short enough, in the seed's order.

    Some get passages of other questions beside their own, so that the model learns to pass over
    them, and some of those in the other language.

    Raises:
        TuningDataError: the folder does not hold the files, or one is damaged.
    """
    rows = {language: _read_rows(folder, language, split) for language in get_args(Language)}
    random = Random(seed)  # noqa: S311 - reproducible, not secret
    maker = _Maker(tokenizer, end_token, rows, random)
    examples = []
    for language, of_language in rows.items():
        order = list(of_language)
        random.shuffle(order)
        made = map(maker.make, order)
        examples += [e for e in made if len(e.prompt + e.answer) <= TOKENS_MAX[language]]
    random.shuffle(examples)
    return examples


def _read_rows(folder: Path, language: Language, split: Split) -> list[dict[str, Any]]:
    path = folder / f"train_rag_{language}" / f"{split}.jsonl"
    try:
        with path.open(encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]
    except (OSError, ValueError) as error:
        raise TuningDataError(f"{path} cannot be read: {error}") from error


class _Maker:
    """Makes examples one after the other from one stream of random numbers."""

    def __init__(
        self,
        tokenizer: ChatTokenizer,
        end_token: int,
        rows: dict[Language, list[dict[str, Any]]],
        random: Random,
    ) -> None:
        self._tokenizer = tokenizer
        self._end_token = end_token
        self._random = random
        self._pool = {
            language: [context for row in of_language for context in row["contexts"]]
            for language, of_language in rows.items()
        }

    def make(self, row: dict[str, Any]) -> Example:
        language = row["lang"]
        contexts = self._with_distractors(row)
        passages = [TitledPassage(context["title"], context["text"]) for context in contexts]
        messages = tuned_prompt(passages, row["question"], language)
        answer = _answer(row, contexts)
        return Example(
            id=row["id"],
            language=language,
            prompt=tuple(self._tokenizer.encode_chat(messages)),
            answer=(*self._tokenizer.encode(answer), self._end_token),
            answerable=row["answerable"],
        )

    def _with_distractors(self, row: dict[str, Any]) -> list[dict[str, str]]:
        random, contexts = self._random, list(row["contexts"])
        taken = {context["id"] for context in contexts} | set(row["gold_context_ids"])
        answers = [answer for answer in row["answers"] if answer]
        for _ in range(self._distractor_count(row)):
            pool = self._pool["en" if random.random() < _english_share(row["lang"]) else "zh"]
            context = random.choice(pool)
            fits = len(context["text"]) <= _DISTRACTOR_CHARACTERS_MAX
            if context["id"] in taken or not fits or _holds_one(context, answers):
                continue
            taken.add(context["id"])
            contexts.insert(random.randint(0, len(contexts)), context)
        return contexts

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
