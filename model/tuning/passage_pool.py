"""Passages by their likeness to one another."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from math import fsum
from typing import Any, Final

_ENGLISH: Final = re.compile(r"[a-z0-9]+")
_CHINESE_PAIR: Final = re.compile(r"(?=([\u4e00-\u9fff]{2}))")


class PassagePool:
    """All passages of some rows."""

    def __init__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self._passages: dict[str, dict[str, str]] = {
            one["id"]: one for row in rows for one in row["contexts"]
        }
        self._words = {one["id"]: words(one) for one in self._passages.values()}
        self._frequency = Counter(word for of_one in self._words.values() for word in of_one)

    def __getitem__(self, context_id: str) -> dict[str, str]:
        return self._passages[context_id]

    def alike(self, context_id: str) -> list[dict[str, str]]:
        """Return the others, from the likest on: those that share most of its rarer words."""
        own = self._words[context_id]
        others = [one for one in self._passages.values() if one["id"] != context_id]
        return sorted(others, key=lambda one: -self._likeness(own, one["id"]))

    def _likeness(self, own: frozenset[str], context_id: str) -> float:
        # Exact, since a set's order changes from run to run and ties must not depend on it.
        return fsum(1 / self._frequency[word] for word in own & self._words[context_id])


def words(context: Mapping[str, str]) -> frozenset[str]:
    """Return English words and Chinese pairs of characters."""
    text = f"{context['title']} {context['text']}".lower()
    return frozenset(_ENGLISH.findall(text) + _CHINESE_PAIR.findall(text))
