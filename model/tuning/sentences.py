"""Passages by sentence: the part around an answer, the sentence of a span, what is left of both."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import Final

_SENTENCE: Final = re.compile(r".+?(?:[。！？；\n]+|[.!?](?=\s)\s*|$)", re.DOTALL)
_CLAUSE: Final = re.compile(r"[^，,；;]+[，,；;]?")

Run = tuple[int, int]
"""Neighbouring sentences, from the first to before the last."""


@dataclass(frozen=True, slots=True)
class Sentences:
    """A text cut into pieces; joined, they are the text again."""

    pieces: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> "Sentences":
        """Cut at full stops and the like, and at line ends."""
        return cls(tuple(_SENTENCE.findall(text)))

    @classmethod
    def clauses(cls, sentence: str) -> "Sentences":
        """Cut a sentence at its commas."""
        return cls(tuple(_CLAUSE.findall(sentence)))

    def holding(self, span: str) -> Run | None:
        """Return the pieces that a span's first occurrence lies in."""
        start = "".join(self.pieces).find(span)
        if start < 0:
            return None
        ends = list(accumulate(len(piece) for piece in self.pieces))
        first = _count(end <= start for end in ends)
        last = _count(end < start + len(span) for end in ends)
        return first, last + 1

    def text(self, run: Run) -> str:
        """Join a run of pieces."""
        return "".join(self.pieces[slice(*run)]).strip()

    def without(self, run: Run) -> str:
        """Return the text with a run of pieces cut out."""
        begin, end = run
        return "".join((*self.pieces[:begin], *self.pieces[end:])).strip()

    def around(self, run: Run, characters_max: int, random: Random) -> str:
        """Widen a run at random to both sides while it is short enough, and return its text."""
        begin, end = run
        while wider := [one for one in ((begin - 1, end), (begin, end + 1)) if self._is_run(one)]:
            short = [one for one in wider if len(self.text(one)) <= characters_max]
            if not short:
                break
            begin, end = random.choice(short)
        return self.text((begin, end))

    def _is_run(self, run: Run) -> bool:
        return run[0] >= 0 and run[1] <= len(self.pieces)


def _count(truths: Iterable[bool]) -> int:
    return sum(truths)
