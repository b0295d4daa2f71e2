"""Questions with passages and answers, read from a data folder and spelt as the model sees them.

The folder holds `train_rag_en` and `train_rag_zh`, each with `train.jsonl` and `valid.jsonl`; a
line has `lang`, `question`, `contexts` (`id`, `title`, `text`), `gold_context_ids`, `answer` (""
if the passages do not hold it) and `answers`.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any, Literal, get_args

from model.errors import TuningDataError
from model.tokenizer import ChatTokenizer
from model.tuning.example_maker import Example, ExampleMaker
from model.tuning.look_alikes import LookAlikeMaker
from model.tuning.prompt import Language
from model.tuning.recipe import Recipe
from model.tuning.script import Scripts

Split = Literal["train", "valid"]
TOKENS_MAX: dict[Language, int] = {"en": 900, "zh": 820}
_Rows = Mapping[Language, list[dict[str, Any]]]
_Draft = tuple[dict[str, Any], list[dict[str, str]]]
"""A row and the passages that its question will be asked over."""


def read_examples(
    folder: Path, split: Split, tokenizer: ChatTokenizer, end_token: int, recipe: Recipe
) -> list[Example]:
    """Spell out all examples that are short enough, in the order of the recipe's seed.

    Some get passages of other questions beside their own, so that the model learns to pass over
    them, and some of those in the other language. With `look_alikes`, all are filled up to four
    passages with such that share words with the question, as a search engine would find them.

    Raises:
        TuningDataError: the folder does not hold the files, or one is damaged.
    """
    rows: _Rows = {language: _read_rows(folder, language, split) for language in get_args(Language)}
    random = Random(recipe.seed)  # noqa: S311 - reproducible, not secret
    make = LookAlikeMaker if recipe.look_alikes else ExampleMaker
    maker = make(tokenizer, end_token, rows, random)
    drafts = []
    for of_language in rows.values():
        order = list(of_language)
        random.shuffle(order)
        made = ((row, maker.passages(row)) for row in order)
        drafts += [draft for draft in made if _is_short(maker.spell(*draft, str))]
    random.shuffle(drafts)
    return list(_finished(drafts, maker, recipe, _gold_of(rows)))


def _finished(
    drafts: Iterable[_Draft], maker: ExampleMaker, recipe: Recipe, gold_of: Mapping[str, set[str]]
) -> Iterator[Example]:
    """Spell drafts in their script; none moves another, so recipes can be compared."""
    scripts = Scripts(recipe.traditional_share, recipe.seed)
    for row, contexts in drafts:
        spoilt = not row["answerable"] and _holds_gold(contexts, gold_of[row["question"]])
        example = maker.spell(row, contexts, scripts.of(row["id"], row["lang"]))
        if not spoilt and _is_short(example):
            yield example


def _is_short(example: Example) -> bool:
    return len(example.prompt + example.answer) <= TOKENS_MAX[example.language]


def _gold_of(rows: _Rows) -> defaultdict[str, set[str]]:
    """Return the passages that answer a question, for those too that are asked without them."""
    gold: defaultdict[str, set[str]] = defaultdict(set)
    for row in (row for of_language in rows.values() for row in of_language):
        gold[row["question"]].update(row["gold_context_ids"])
    return gold


def _holds_gold(contexts: Sequence[dict[str, str]], gold: set[str]) -> bool:
    """Whether a passage that was left out of an example came back as another question's."""
    return any(context["id"] in gold for context in contexts)


def _read_rows(folder: Path, language: Language, split: Split) -> list[dict[str, Any]]:
    path = folder / f"train_rag_{language}" / f"{split}.jsonl"
    try:
        with path.open(encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]
    except (OSError, ValueError) as error:
        raise TuningDataError(f"{path} cannot be read: {error}") from error
