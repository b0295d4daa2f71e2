"""Tokens that keep every "[…]" a citation of a given passage. Shapes: see config.py."""

from functools import lru_cache

import torch

from model.allowed_text import CitedNumbers
from model.vocabulary import Vocabulary

_OUTSIDE = b""
_FIRST_INSIDE = b"0123456789]"


class CitedNumberTokens:
    """Remembers how much of a citation the text ends with."""

    def __init__(self, allowed: CitedNumbers, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._rule = _rule(allowed.numbers, vocabulary)
        self._state = _OUTSIDE

    def mask(self) -> torch.Tensor:
        """See `AllowedTokens.mask`."""
        return self._rule.mask(self._state)

    def advance(self, token: int) -> None:
        """See `AllowedTokens.advance`."""
        self._state = self._rule.after(self._state, self._vocabulary.bytes_of(token)) or _OUTSIDE


class _Rule:
    """An automaton over bytes; its state is the citation that was begun, such as "[1"."""

    def __init__(self, numbers: frozenset[int], vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._whole = {f"[{number}]".encode() for number in numbers}
        self._begun = {text[:size] for text in self._whole for size in range(1, len(text))}
        inside = vocabulary.starting(_FIRST_INSIDE)
        self._masks = {state: self._inside(state, inside) for state in self._begun}
        self._masks[_OUTSIDE] = self._outside(vocabulary.holding(b"["))

    def after(self, state: bytes, written: bytes) -> bytes | None:
        """Return the state after these bytes, None if they may not be written."""
        for place in range(len(written)):
            byte = written[place : place + 1]
            if state == _OUTSIDE and byte != b"[":
                continue
            state += byte
            if state in self._whole:
                state = _OUTSIDE
            elif state not in self._begun:
                return None
        return state

    def mask(self, state: bytes) -> torch.Tensor:
        """Return the mask in a state."""
        return self._masks[state]

    def _outside(self, tokens: list[int]) -> torch.Tensor:
        mask_V = torch.ones(self._vocabulary.size, dtype=torch.bool)
        mask_V[[token for token in tokens if not self._fits(_OUTSIDE, token)]] = False
        return mask_V

    def _inside(self, state: bytes, tokens: list[int]) -> torch.Tensor:
        mask_V = torch.zeros(self._vocabulary.size, dtype=torch.bool)
        mask_V[[token for token in tokens if self._fits(state, token)]] = True
        return mask_V

    def _fits(self, state: bytes, token: int) -> bool:
        return self.after(state, self._vocabulary.bytes_of(token)) is not None


@lru_cache(maxsize=64)
def _rule(numbers: frozenset[int], vocabulary: Vocabulary) -> _Rule:
    """Share rules, whose masks take milliseconds to make, among texts."""
    return _Rule(numbers, vocabulary)
