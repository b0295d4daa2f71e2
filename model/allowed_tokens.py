"""Which tokens may come next, while one text is written. Shapes: see config.py."""

from typing import Protocol

import torch

from model.allowed_text import AllowedText, CitedNumbers
from model.cited_number_tokens import CitedNumberTokens
from model.quotation_tokens import QuotationTokens
from model.vocabulary import Vocabulary


class AllowedTokens(Protocol):
    """Steps along with the tokens of one sequence."""

    def mask(self) -> torch.Tensor | None:
        """Return the tokens that may come next as booleans (V), on the CPU; None: any may.

        At least one may. The tensor may be shared: do not write into it.
        """
        ...

    def advance(self, token: int) -> None:
        """Take the token that was chosen, which the mask allowed."""
        ...


def allowed_tokens(allowed: AllowedText, vocabulary: Vocabulary) -> AllowedTokens:
    """Begin a text under a rule.

    Takes some 20 ms, and a second the first time, so call it before it is the text's turn.
    """
    if isinstance(allowed, CitedNumbers):
        return CitedNumberTokens(allowed, vocabulary)
    return QuotationTokens(allowed, vocabulary)
