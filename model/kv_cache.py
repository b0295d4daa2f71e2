"""Keys and values of the tokens read so far, so that each token is computed once.

Shapes: see config.py; N tokens of capacity.
"""

import torch

from model.config import DecoderConfig


class KeyValueCache:
    """Room for one sequence of at most `capacity` tokens, taken all at once."""

    def __init__(self, config: DecoderConfig, capacity: int, dtype: torch.dtype) -> None:
        shape = (config.layer_count, 1, config.key_value_heads, capacity, config.head_size)
        self._keys_LBKNC = torch.empty(shape, dtype=dtype)
        self._values_LBKNC = torch.empty(shape, dtype=dtype)
        self.length = 0

    def extend(
        self, layer: int, keys_BKTC: torch.Tensor, values_BKTC: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Store this step's keys and values of a layer; return all of that layer's, BKSC each."""
        end = self.length + keys_BKTC.shape[2]
        self._keys_LBKNC[layer, :, :, self.length : end] = keys_BKTC
        self._values_LBKNC[layer, :, :, self.length : end] = values_BKTC
        return self._keys_LBKNC[layer, :, :, :end], self._values_LBKNC[layer, :, :, :end]

    def advance(self, count: int) -> None:
        """Count a step's tokens as read, once every layer has stored them."""
        self.length += count
