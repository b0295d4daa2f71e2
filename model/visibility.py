"""Which tokens of its sequence a token may look at.

All before it and itself; with a window, only so many of them and the sequence's first tokens.
Shapes: see config.py.
"""

from dataclasses import dataclass

import torch

from model.step import Span


@dataclass(frozen=True, slots=True)
class Visibility:
    """A layer's rule.

    Attributes:
        window: how far back a token sees, itself included; 0 for all.
        global_tokens: first tokens of the sequence that the window does not hide.
    """

    window: int = 0
    global_tokens: int = 0

    def needed(self, keys_KSC: torch.Tensor, span: Span) -> torch.Tensor:
        """Leave out the keys (or values) that no new token sees; a view unless some are global."""
        first = self._first_in_window(span)
        if first <= self.global_tokens:
            return keys_KSC
        if not self.global_tokens:
            return keys_KSC[:, first:]
        return torch.cat([keys_KSC[:, : self.global_tokens], keys_KSC[:, first:]], dim=1)

    def mask(self, span: Span, device: torch.device) -> torch.Tensor | None:
        """Return what each new token sees of the needed keys, TS; None for everything."""
        if span.count == 1:
            return None
        token_T1 = torch.arange(span.start, span.end)[:, None]
        key_S = self._needed_places(span)
        seen_TS = key_S <= token_T1
        if self.window:
            seen_TS &= (key_S > token_T1 - self.window) | (key_S < self.global_tokens)
        return seen_TS.to(device)

    def is_plainly_causal(self, span: Span) -> bool:
        """Tell whether the tokens are a sequence's first and each sees all before it."""
        return span.start == 0 and not 0 < self.window < span.count

    def sees_all(self, span: Span) -> bool:
        """Tell whether each new token sees all before it."""
        return not 0 < self.window < span.end

    def _first_in_window(self, span: Span) -> int:
        return max(span.start + 1 - self.window, 0) if self.window else 0

    def _needed_places(self, span: Span) -> torch.Tensor:
        first = self._first_in_window(span)
        if first <= self.global_tokens:
            return torch.arange(span.end)
        return torch.cat([torch.arange(self.global_tokens), torch.arange(first, span.end)])
