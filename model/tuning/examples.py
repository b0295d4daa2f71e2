"""Questions with passages and answers, read from a data folder and spelt as the model sees them.

The folder holds `train_rag_en` and `train_rag_zh`, each with `train.jsonl` and `valid.jsonl`; a
line has `id`, `source`, `lang`, `question`, `contexts` (`id`, `title`, `text`), `answerable` and
`unanswerable_kind`, `gold_context_ids`, `answer` ("" if the passages do not hold it), `answers`.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any, get_args

from model.errors import TuningDataError
from model.tokenizer import ChatTokenizer
from model.tuning.distractors import Distractors
from model.tuning.example_maker import Example, Speller
from model.tuning.look_alikes import LookAlikes
from model.tuning.mixed_sets import Split, mixed_sets
from model.tuning.mixture import Mixture
from model.tuning.prompt import Language
from model.tuning.question_sets import QuestionSet
from model.tuning.recipe import Recipe
from model.tuning.script import Scripts

TOKENS_MAX: dict[Language, int] = {"en": 900, "zh": 820}
_Rows = Mapping[Language, list[dict[str, Any]]]
_Spell = Callable[[dict[str, Any], list[dict[str, str]]], Example]


def read_examples(
    folder: Path, split: Split, tokenizer: ChatTokenizer, end_token: int, recipe: Recipe
) -> list[Example]:
    """Spell out all examples that are short enough, in the order of the recipe's seed.

    Some get passages of other questions beside their own, so that the model learns to pass over
    them, and some of those in the other language. With `look_alikes`, they are passages that share
    words with the question, as a search engine would find them; questions without an answer are
    made of those with one, and explanations are answered by sentences. `plain_share` mixes both.

    Raises:
        TuningDataError: the folder does not hold the files, or one is damaged.
    """
    rows: _Rows = {language: _read_rows(folder, language, split) for language in get_args(Language)}
    scripts = Scripts(recipe.traditional_share, recipe.seed)
    spell = Speller(tokenizer, end_token, scripts).spell
    if recipe.questions_per_set:
        return list(_in_sets(mixed_sets(rows, recipe, split), spell))
    mixture = Mixture(recipe, split)
    plain = list(_with_distractors(rows, mixture.plain(rows), recipe.seed, spell))
    alike = list(_among_look_alikes(rows, mixture.alike(rows), recipe.seed, spell))
    return mixture.shuffled(plain, alike)


def _with_distractors(rows: _Rows, asked: _Rows, seed: int, spell: _Spell) -> Iterator[Example]:
    random = Random(seed)  # noqa: S311 - reproducible, not secret
    distractors, gold_of = Distractors(rows, random), _gold_of(rows)
    drafts = []
    for of_language in asked.values():
        order = list(of_language)
        random.shuffle(order)
        made = ((row, distractors.passages(row)) for row in order)
        drafts += [draft for draft in made if _is_short(spell(*draft))]
    random.shuffle(drafts)
    for row, contexts in drafts:
        if row["answerable"] or not _holds_gold(contexts, gold_of[row["question"]]):
            yield spell(row, contexts)


def _among_look_alikes(rows: _Rows, asked: _Rows, seed: int, spell: _Spell) -> Iterator[Example]:
    order = [row for of_language in asked.values() for row in of_language]
    if not order:
        return
    look_alikes = LookAlikes(rows, Random(seed))  # noqa: S311 - reproducible, not secret
    Random(seed).shuffle(order)  # noqa: S311 - reproducible, not secret
    drafts = (look_alikes.draft(row) for row in order)
    spelt = (spell(*draft) for draft in drafts if draft is not None)
    yield from (example for example in spelt if _is_short(example))


def _in_sets(sets: Sequence[QuestionSet], spell: _Spell) -> Iterator[Example]:
    """Spell whole sets, so that neighbours share their passages."""
    for one in sets:
        spelt = [spell(row, list(one.contexts)) for row in one.rows]
        if all(_is_short(example) for example in spelt):
            yield from spelt


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
