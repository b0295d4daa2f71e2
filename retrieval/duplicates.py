"""Passages that say the same under several names are folded: shown once, the best-ranked one.

Copies that differ in a few words are found by the share of their shingles that both have (Broder,
"On the resemblance and containment of documents", 1997), counted exactly: a result is a few dozen
passages. A wording can be nearly the same and say something else, so figures, negations and
headings may not differ.
"""

import re
import unicodedata
from collections import Counter
from dataclasses import replace
from functools import cached_property
from typing import Final

from retrieval.corpus import Chunk, Hit
from retrieval.passages import Passage

_HAN: Final = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_SYMBOLS: Final = "%‰€$£¥<>≤≥±"
_WORD: Final = re.compile(
    rf"[{_HAN}{_SYMBOLS}]|(?:(?<![^\W_])[-−](?=\d))?[^\W_{_HAN}]+(?:[.,][0-9]+)*"
)
_NO_DIGITS: Final = re.compile(r"\D+")
_SHINGLE_WORDS: Final = 3
_NEGATIONS: Final = frozenset(
    {"not", "no", "never", "none", "nor", "without", "cannot", *"不没沒未无無非勿禁"}
)


class Folding:
    """Gathers passages in the order of their rank, copies behind the first of their kind.

    Without `similarity_min` nothing is a copy of anything.
    """

    def __init__(self, groups_max: int, copies_max: int, similarity_min: float | None) -> None:
        self._groups_max = groups_max
        self._copies_max = copies_max
        self._similarity_min = similarity_min
        self._groups: list[tuple[_Wording, list[Passage]]] = []

    @property
    def is_full(self) -> bool:
        """Whether no further passage makes a hit of its own."""
        return len(self._groups) == self._groups_max

    def add(self, passage: Passage) -> None:
        """Take the next passage; when all hits are there, only as a copy of one."""
        wording = _Wording(passage)
        group = self._group_of(wording)
        if group is not None:
            group.extend([passage][: self._copies_max + 1 - len(group)])
        elif not self.is_full:
            self._groups.append((wording, [passage]))

    def hits(self) -> list[Hit]:
        """Return one hit for each group, in order, which knows the others."""
        return [
            replace(group[0].hit(rank), copies=tuple(copy.hit(rank) for copy in group[1:]))
            for rank, (_, group) in enumerate(self._groups, start=1)
        ]

    def _group_of(self, wording: "_Wording") -> list[Passage] | None:
        if self._similarity_min is None:
            return None
        for first, group in self._groups:
            if wording.says_same(first, self._similarity_min):
                return group
        return None


class _Wording:
    """What comparing passages needs, computed when first used."""

    def __init__(self, passage: Passage) -> None:
        self._digest = passage.content_digest
        self._chunk = passage.chunk

    @cached_property
    def folded(self) -> str:
        return _folded(self._chunk.text)

    @cached_property
    def digits(self) -> str:
        """What `figures` are made of, at a quarter of their price."""
        return _NO_DIGITS.sub("", self.folded)

    @cached_property
    def words(self) -> tuple[str, ...]:
        return tuple(_WORD.findall(self.folded))

    @cached_property
    def headings(self) -> tuple[str, ...]:
        return _words("\n".join(self._chunk.heading_path))

    @cached_property
    def figures(self) -> tuple[str, ...]:
        return tuple(w for w in self.words if w in _SYMBOLS or any(map(str.isdigit, w)))

    @cached_property
    def shingles(self) -> frozenset[tuple[str, ...]]:
        width = min(_SHINGLE_WORDS, len(self.words))
        return frozenset(zip(*(self.words[start:] for start in range(width)), strict=False))

    def says_same(self, other: "_Wording", similarity_min: float) -> bool:
        if self._digest == other._digest:
            return True
        if self.headings and other.headings and self.headings != other.headings:
            return False
        if self.digits != other.digits or not self.words or self.figures != other.figures:
            return False
        return self.words == other.words or self._is_near(other, similarity_min)

    def _is_near(self, other: "_Wording", similarity_min: float) -> bool:
        few, many = sorted((len(self.shingles), len(other.shingles)))
        if few < similarity_min * many:
            return False
        common = len(self.shingles & other.shingles)
        if common < similarity_min * (few + many - common) or not common:
            return False
        mine, others = Counter(self.words), Counter(other.words)
        return not _NEGATIONS & ((mine - others) + (others - mine)).keys()


def _words(text: str) -> tuple[str, ...]:
    """Return the words of a text without regard to case, width and marks; a Han is a word."""
    return tuple(_WORD.findall(_folded(text)))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def place_of_quote(quote: str, chunk: Chunk) -> tuple[int, int] | None:
    """Return where in the document a copy holds a quote, whatever space is between its words."""
    pattern = r"\s+".join(map(re.escape, quote.split()))
    found = re.search(pattern, chunk.text) if pattern else None
    return (chunk.start + found.start(), chunk.start + found.end()) if found else None
