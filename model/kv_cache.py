"""Two simple caches: one of fixed size, and one for steps that hold whole sequences.

Shapes: see config.py; N tokens of capacity, Q sequences.
"""

from collections.abc import Sequence

import torch

from model.config import DecoderConfig
from model.step import Span, rows_of


class KeyValueCache:
    """Room for sequences 0, 1, ... of at most `capacity` tokens each, taken all at once."""

    def __init__(
        self,
        config: DecoderConfig,
        capacity: int,
        dtype: torch.dtype,
        sequences: int = 1,
        device: torch.device | None = None,
    ) -> None:
        def room(width: int) -> torch.Tensor:
            shape = (sequences, config.cache_heads, capacity, width)
            return torch.empty(shape, dtype=dtype, device=device)

        layers = range(config.layer_count)
        self._keys_QKNC = [room(config.key_width) for _ in layers]
        self._values_QKNC = [room(config.value_width) for _ in layers]

    def extend(
        self, layer: int, spans: Sequence[Span], keys_TKC: torch.Tensor, values_TKC: torch.Tensor
    ) -> None:
        """Store a layer's keys and values of this step's tokens."""
        for span, rows in rows_of(spans):
            place = (span.sequence, slice(None), slice(span.start, span.end))
            self._keys_QKNC[layer][place] = keys_TKC[rows].transpose(0, 1)
            self._values_QKNC[layer][place] = values_TKC[rows].transpose(0, 1)

    def read(self, layer: int, span: Span) -> tuple[torch.Tensor, torch.Tensor]:
        """View a layer's keys and values of a whole sequence, KSC each."""
        place = (span.sequence, slice(None), slice(span.end))
        return self._keys_QKNC[layer][place], self._values_QKNC[layer][place]


class WholeSequences:
    """Keeps a layer's keys and values only until the next layer, for steps of whole sequences.

    Nothing is copied or written in place, so gradients flow through: training uses it.
    """

    def __init__(self) -> None:
        self._of: dict[Span, tuple[torch.Tensor, torch.Tensor]] = {}

    def extend(
        self,
        layer: int,  # noqa: ARG002 - part of the protocol
        spans: Sequence[Span],
        keys_TKC: torch.Tensor,
        values_TKC: torch.Tensor,
    ) -> None:
        """Hold a layer's keys and values; every span must start its sequence."""
        self._of = {
            span: (keys_TKC[rows].transpose(0, 1), values_TKC[rows].transpose(0, 1))
            for span, rows in rows_of(spans)
        }

    def read(
        self,
        layer: int,  # noqa: ARG002 - part of the protocol
        span: Span,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """View the keys and values of a sequence, KSC each."""
        return self._of[span]
