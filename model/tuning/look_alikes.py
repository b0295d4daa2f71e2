"""Examples whose other passages look like the right one, as what a search engine finds does."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from math import fsum
from random import Random
from typing import Any, Final

from model.tokenizer import ChatTokenizer
from model.tuning.example_maker import ExampleMaker
from model.tuning.prompt import Language

_DRAWN: Final = 200
"""So many passages are drawn for a look-alike, and the likest of them is taken."""
_PASSAGES_MAX: Final = 4
_CHARACTERS_MAX: Final[Mapping[str, int]] = {"en": 3000, "zh": 1000}
_ENGLISH = re.compile(r"[a-z0-9]+")
_CHINESE_PAIR = re.compile(r"(?=([\u4e00-\u9fff]{2}))")


class LookAlikeMaker(ExampleMaker):
    """Fills up to four passages with such that share the question's rarer words."""

    def __init__(
        self,
        tokenizer: ChatTokenizer,
        end_token: int,
        rows: Mapping[Language, Sequence[dict[str, Any]]],
        random: Random,
    ) -> None:
        super().__init__(tokenizer, end_token, rows, random)
        contexts = [context for pool in self._pool.values() for context in pool]
        self._words = {context["id"]: _words(context) for context in contexts}
        self._frequency = Counter(word for words in self._words.values() for word in words)

    def _distractor(self, row: dict[str, Any]) -> dict[str, str]:
        question = _words({"title": "", "text": row["question"]})
        drawn = self._random.choices(self._pool[row["lang"]], k=_DRAWN)
        return max(drawn, key=lambda context: self._likeness(question, context))

    def _fits(self, contexts: Sequence[dict[str, str]], more: dict[str, str]) -> bool:
        characters = sum(len(context["text"]) for context in (*contexts, more))
        return characters <= _CHARACTERS_MAX[more["lang"]]

    def _likeness(self, question: frozenset[str], context: dict[str, str]) -> float:
        # Exact, since a set's order changes from run to run and ties must not depend on it.
        return fsum(1 / self._frequency[word] for word in question & self._words[context["id"]])

    def _distractor_count(self, row: dict[str, Any]) -> int:
        return max(0, _PASSAGES_MAX - len(row["contexts"]))


def _words(context: Mapping[str, str]) -> frozenset[str]:
    """Return English words and Chinese pairs of characters."""
    text = f"{context['title']} {context['text']}".lower()
    return frozenset(_ENGLISH.findall(text) + _CHINESE_PAIR.findall(text))
