"""Tokens that keep a text a verbatim quotation. Shapes: see config.py.

The text so far may stand at several places of the passages at once; each token must go on from one
of them. Places are counted in bytes, so that a span may be cut into tokens in any way; its citation
begins with a token of its own.
"""

import re
from collections.abc import Iterator

import torch

from model.allowed_text import Quotation
from model.vocabulary import Vocabulary

# A letter or digit of a script that sets words apart; Chinese and Japanese do not.
_LETTER = r"[^\W぀-ヿ㐀-鿿豈-﫿]"
_WORD = re.compile(rf"{_LETTER}+(?:(?:(?<=\d)[.,](?=\d)|['’](?={_LETTER})){_LETTER}+)*")
_Place = tuple[int, int]
"""Which text, and how many bytes of it are written."""


class QuotationTokens:
    """Follows a span through the passages, then its citation; or the refusal."""

    def __init__(self, allowed: Quotation, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        passages = [text.encode() for text in allowed.passages.values()]
        citations = [f" [{number}]".encode() for number in allowed.passages]
        self._texts = [*passages, *citations, allowed.refusal.encode()]
        self._citation_after = len(passages)
        edges = [list(_edges(text)) for text in allowed.passages.values()]
        self._ends = {(text, end) for text, places in enumerate(edges) for end in places}
        self._places = {place for place in self._ends if self._begins_a_word(place)}
        self._places.add((len(self._texts) - 1, 0))
        self._mask_V: torch.Tensor | None = self._mask()

    def mask(self) -> torch.Tensor:
        """See `AllowedTokens.mask`."""
        if self._mask_V is None:
            self._mask_V = self._mask()
        return self._mask_V

    def advance(self, token: int) -> None:
        """See `AllowedTokens.advance`."""
        written = self._vocabulary.bytes_of(token)
        self._places = {
            (text, start + len(written))
            for text, start in self._places
            if self._texts[text].startswith(written, start)
        }
        self._places |= {
            (text + self._citation_after, 0)
            for text, end in self._places & self._ends
            if not self._texts[text][end - 1 : end].isspace()
        }
        self._mask_V = None

    def _mask(self) -> torch.Tensor:
        mask_V = torch.zeros(self._vocabulary.size, dtype=torch.bool)
        next_tokens = {token for place in self._places for token in self._after(place)}
        mask_V[list(next_tokens)] = True
        return mask_V

    def _after(self, place: _Place) -> Iterator[int]:
        text, start = place
        if text >= self._citation_after and start == len(self._texts[text]):
            yield from self._vocabulary.end_tokens
        yield from self._vocabulary.along(self._texts[text], start)

    def _begins_a_word(self, place: _Place) -> bool:
        text, start = place
        following = self._texts[text][start : start + 1]
        return bool(following) and not following.isspace()


def _edges(text: str) -> Iterator[int]:
    """Yield the places, in bytes, at which a span may begin or end: not inside a word."""
    inside = {
        place for word in _WORD.finditer(text) for place in range(word.start() + 1, word.end())
    }
    size = 0
    for place, character in enumerate(text):
        if place not in inside:
            yield size
        size += len(character.encode())
    yield size
