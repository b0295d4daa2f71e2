"""Speculation by look-up: answers quote their passages, so guess that the quotation goes on.

Prompt look-up decoding (Saxena 2023): the last tokens are looked up in the prompt, the drafts and
the text so far, and what followed them there is proposed. One step of the decoder then checks all
proposals. Shapes: see config.py.
"""

from collections.abc import Sequence
from itertools import takewhile

import torch

from model.sampling import Sampler

LOOKED_UP_MAX = 4
"""Last tokens looked up; more would only tell apart what is hardly ever repeated."""
_EDGE = -1
"""Stands between two texts; no proposal goes beyond it."""


class PromptLookup:
    """One sequence's texts with an index of their n-grams, made once and extended as it grows."""

    def __init__(self, prompt: Sequence[int], drafts: Sequence[Sequence[int]] = ()) -> None:
        """Index the texts.

        Of several places that hold the last tokens, the one in the first draft is followed; without
        one, the one nearest to the end.
        """
        self._tokens: list[int] = []
        self._following: dict[tuple[int, ...], int] = {}
        self._source: int | None = None
        self._drafts_end = 0
        for draft in reversed(drafts):
            self._extend([*draft, _EDGE])
        self._drafts_end = len(self._tokens)
        self._extend(prompt)

    def append(self, token: int) -> None:
        """Take the next token of the text."""
        followed = self._source is not None and self._tokens[self._source] == token
        self._source = self._source + 1 if followed and self._source is not None else None
        self._extend([token])

    def propose(self, count_max: int) -> list[int]:
        """Return up to `count_max` tokens that followed the last ones elsewhere."""
        if self._source is None:
            self._source = self._look_up()
        if self._source is None:
            return []
        following = self._tokens[self._source : self._source + count_max]
        return list(takewhile(lambda token: token != _EDGE, following))

    def _look_up(self) -> int | None:
        """Find what followed the longest possible run of last tokens."""
        for size in range(min(LOOKED_UP_MAX, len(self._tokens)), 0, -1):
            if (place := self._following.get(tuple(self._tokens[-size:]))) is not None:
                return place
        return None

    def _extend(self, tokens: Sequence[int]) -> None:
        for token in tokens:
            end = len(self._tokens)
            for size in range(1, min(LOOKED_UP_MAX, end) + 1):
                last = tuple(self._tokens[end - size :])
                if self._following.get(last, end) >= self._drafts_end:
                    self._following[last] = end
            self._tokens.append(token)


class DraftLength:
    """How many tokens to propose: what pays, by the share of proposals that came true lately.

    With a share a, k proposals are expected to yield (1 - a^(k+1)) / (1 - a) tokens (Leviathan et
    al. 2023) at the cost of one step and k more rows in it. The more others write in the same step,
    the less one more token is worth beside theirs, while a row costs what it did.
    """

    FIRST_SHARE = 0.7
    MEMORY = 0.9
    """How much of the past one more proposal leaves."""

    def __init__(self, tokens_max: int, row_cost: float) -> None:
        """`row_cost` is what one more row adds to a step, as a share of a step with one row."""
        self._tokens_max = tokens_max
        self._row_cost = row_cost
        self._share = self.FIRST_SHARE

    def next(self, others: int = 0) -> int:
        """Return how many to propose now, while so many others get a token of the same step.

        Each time it is none, one is nearer to another try.
        """
        counts = range(self._tokens_max + 1)
        count = max(counts, key=lambda count: self._tokens_per_cost(count, others))
        if count == 0:
            self._learn(self.FIRST_SHARE)
        return count

    def record(self, proposed: int, accepted: int) -> None:
        """Learn how many of a step's proposals came true."""
        for place in range(min(accepted + 1, proposed)):
            self._learn(float(place < accepted))

    def _learn(self, share: float) -> None:
        self._share = self.MEMORY * self._share + (1 - self.MEMORY) * share

    def _tokens_per_cost(self, count: int, others: int) -> float:
        tokens = sum(self._share**place for place in range(count + 1))
        return (others + tokens) / (1 + self._row_cost * (others + count))


def accept(proposed: Sequence[int], logits_RV: torch.Tensor, sampler: Sampler) -> list[int]:
    """Choose tokens for as long as the proposals are what the sampler chooses anyway.

    `logits_RV` has a row more than there are proposals: each row's logits are those of the token
    after the row before. Returns the proposals that came true and the one token after them, which
    are exactly the tokens that would have been chosen one by one, at any temperature.
    """
    chosen: list[int] = []
    for row, logits_V in enumerate(logits_RV):
        chosen.append(sampler.choose(logits_V))
        if row == len(proposed) or chosen[-1] != proposed[row]:
            break
    return chosen
