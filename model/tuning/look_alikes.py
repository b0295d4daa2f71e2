"""Examples whose other passages look like the right one, as what a search engine finds does."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from math import fsum
from random import Random
from typing import Any, Final

from model.tuning.asking import Asking, asking
from model.tuning.passage_pool import words
from model.tuning.prompt import Language
from model.tuning.sentences import Sentences

_PASSAGES: Final = (2, 3, 3, 4, 4, 4)
_CHARACTERS: Final[Mapping[str, tuple[int, int]]] = {"en": (350, 1100), "zh": (110, 380)}
"""Every passage is cut to a length between these, so that none is told by its own."""


class LookAlikes:
    """Puts the passages that share most of a question's rarer words beside its own."""

    def __init__(self, rows: Mapping[Language, Sequence[dict[str, Any]]], random: Random) -> None:
        self._random = random
        self._pools = {
            language: _different(context for row in of_language for context in row["contexts"])
            for language, of_language in rows.items()
        }
        contexts = [context for pool in self._pools.values() for context in pool]
        self._words = {context["id"]: words(context) for context in contexts}
        self._frequency = Counter(word for of_one in self._words.values() for word in of_one)

    def draft(self, row: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, str]]] | None:
        """Return a question and its passages, or nothing if it is not to be asked."""
        asked = asking(row, self._random)
        if asked is None:
            return None
        contexts = [self._cut(asked, one) for one in asked.near]
        alike = self._alike(row, asked)
        missing = self._random.choice(_PASSAGES) - len(contexts)
        contexts += [self._cut(asked, one) for one in islice(alike, max(missing, 0))]
        self._random.shuffle(contexts)
        return asked.row, contexts

    def _cut(self, asked: Asking, context: dict[str, str]) -> dict[str, str]:
        """Shorten around the answer, or from the beginning."""
        sentences = Sentences.of(context["text"])
        run = sentences.holding(asked.row["answer"]) if asked.row["answerable"] else None
        length = self._random.randint(*_CHARACTERS[asked.row["lang"]])
        return context | {"text": sentences.around(run or (0, 1), length, self._random)}

    def _alike(self, row: dict[str, Any], asked: Asking) -> Iterator[dict[str, str]]:
        """Go through the pool from the likest on; nothing that answers is in it."""
        question = words({"title": "", "text": asked.row["question"]})
        ranked = sorted(self._pools[row["lang"]], key=lambda one: -self._likeness(question, one))
        used = {one["id"] for one in asked.near} | set(row["gold_context_ids"])
        for context in ranked:
            held = any(answer in context["text"] for answer in row["answers"] if answer)
            if context["id"] not in used and not held:
                yield context

    def _likeness(self, question: frozenset[str], context: dict[str, str]) -> float:
        # Exact, since a set's order changes from run to run and ties must not depend on it.
        return fsum(1 / self._frequency[word] for word in question & self._words[context["id"]])


def _different(contexts: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    return list({context["id"]: context for context in contexts}.values())
