"""Cut a long passage to a number of tokens without losing what is asked for."""

from collections.abc import Sequence
from typing import Final

_TOKENS_PER_LETTER: Final = 0.21
_TOKENS_PER_MARK: Final = 0.6
_TOKENS_PER_FOREIGN_CHARACTER: Final = 0.85
_LEAD: Final = 0.3
"""Of a cut that starts within the passage, the share that stands before the answer."""


def estimated_tokens(text: str) -> float:
    """Estimate the tokens of a text, the same for every model; digits are tokens of their own."""
    return sum(map(_weight, text))


def _weight(character: str) -> float:
    if not character.isascii():
        return _TOKENS_PER_FOREIGN_CHARACTER
    if character.isdigit():
        return 1.0
    return _TOKENS_PER_LETTER if character.isalpha() or character == " " else _TOKENS_PER_MARK


def shortened(text: str, tokens_max: float, answers: Sequence[str]) -> str:
    """Keep the beginning, or the part around the first answer that would be cut off."""
    head = _taken(text, 0, tokens_max)
    if len(head) == len(text) or any(answer in head for answer in answers):
        return head
    places = [text.find(answer) for answer in answers if answer in text]
    if not places:
        return head
    start = len(text[: min(places)]) - len(_taken(text[: min(places)][::-1], 0, _LEAD * tokens_max))
    return _taken(text, _after_space(text, start, min(places)), tokens_max)


def _taken(text: str, start: int, tokens_max: float) -> str:
    left = tokens_max + 1e-6
    for place in range(start, len(text)):
        left -= _weight(text[place])
        if left < 0:
            return text[start:place]
    return text[start:]


def _after_space(text: str, start: int, end: int) -> int:
    """Move a cut to the next word, row or sentence."""
    for place in range(start, end):
        if text[place].isspace() or text[place] in "。；":
            return place + 1
    return start
