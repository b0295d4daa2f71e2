"""One pass of a BERT encoder over texts that lie end to end, without padding.

Every product goes row by row and every text attends by itself, so a text's vector does not depend,
to the last bit, on the texts beside it: as measured with oneDNN's bfloat16 kernels, which add up
long rows in another order from 33 rows on and are therefore given 32 at a time.

Rows are filled up to a multiple of 16, as many as a tile of the processor has: oneDNN writes code
for each number of rows that it meets, which took half as long as the pass itself.

The functions are written in what TorchScript understands: compiled, a pass is one call that does
not hold Python's lock. As 200 separate calls, each waits for the lock of a busy server. TorchScript
is deprecated but has no successor that needs no C++ compiler where it runs; the same functions
also run as they stand.

Shapes in names: R rows (the tokens of all texts), T tokens of one text, H hidden size, N heads,
D size of a head.
"""

from collections.abc import Callable
from threading import Lock
from typing import Any, Final

import torch
from torch import Tensor
from torch.nn import functional

Pass = Callable[..., Tensor]

_COMPILING: Final = Lock()


def token_states(  # noqa: PLR0917 - TorchScript has no keyword-only arguments
    x_RH: Tensor,
    lengths: list[int],
    heads: int,
    epsilon: float,
    packed: bool,  # noqa: FBT001 - as above
    weights: list[Tensor],
    biases: list[Tensor],
    norm_weights: list[Tensor],
    norm_biases: list[Tensor],
) -> Tensor:
    """Return what the last layer says of each row: (R, H).

    Each layer has four of `weights` and `biases` (attention in and out, feed-forward in and out)
    and two norms; before them stands the embedding's norm.
    """
    rows = x_RH.shape[0]
    x_RH = functional.pad(x_RH, [0, 0, 0, -rows % 16])
    lengths = lengths + [x_RH.shape[0] - rows]  # noqa: RUF005 - TorchScript cannot unpack
    x_RH = _norm(x_RH, norm_weights[0], norm_biases[0], epsilon)
    for at in range(0, len(weights), 4):
        inputs_R3H = _linear(x_RH, weights[at], biases[at], packed)
        mixed_RH = _attend(inputs_R3H, lengths, heads)
        mixed_RH = _linear(mixed_RH, weights[at + 1], biases[at + 1], packed)
        norm = 1 + at // 2
        x_RH = _norm(x_RH + mixed_RH, norm_weights[norm], norm_biases[norm], epsilon)
        fed = _linear_gelu(x_RH, weights[at + 2], biases[at + 2], packed)
        fed_RH = _long_linear(fed, weights[at + 3], biases[at + 3], packed)
        x_RH = _norm(x_RH + fed_RH, norm_weights[norm + 1], norm_biases[norm + 1], epsilon)
    return x_RH[:rows]


def embed(  # noqa: PLR0917 - as above
    x_RH: Tensor,
    lengths: list[int],
    heads: int,
    epsilon: float,
    packed: bool,  # noqa: FBT001 - as above
    weights: list[Tensor],
    biases: list[Tensor],
    norm_weights: list[Tensor],
    norm_biases: list[Tensor],
) -> Tensor:
    """Return a vector of length 1 for each text, from inputs as of `token_states`: (texts, H)."""
    x_RH = token_states(
        x_RH, lengths, heads, epsilon, packed, weights, biases, norm_weights, norm_biases
    )
    # The mean and the sum have one direction, and only the direction is kept.
    sums = [text_TH.to(torch.float32).sum(dim=0) for text_TH in torch.split(x_RH, lengths)]
    return functional.normalize(torch.stack(sums), dim=1)


def _norm(x_RH: Tensor, weight: Tensor, bias: Tensor, epsilon: float) -> Tensor:
    return functional.layer_norm(x_RH, [x_RH.shape[1]], weight, bias, epsilon)


def _attend(inputs_R3H: Tensor, lengths: list[int], heads: int) -> Tensor:
    """Let each text attend by itself; the last of `lengths` are rows of no text."""
    mixed: list[Tensor] = []
    texts, hidden = torch.split(inputs_R3H, lengths), inputs_R3H.shape[1] // 3
    for text in texts[:-1]:
        tokens = text.shape[0]
        query_1NTD, key_1NTD, value_1NTD = (
            text.view(1, tokens, 3, heads, -1).permute(2, 0, 3, 1, 4).unbind(0)
        )
        mixed_1NTD = functional.scaled_dot_product_attention(query_1NTD, key_1NTD, value_1NTD)
        mixed.append(mixed_1NTD.transpose(1, 2).reshape(tokens, hidden))
    mixed.append(texts[-1][:, :hidden])
    return torch.cat(mixed)


def _long_linear(x: Tensor, weight: Tensor, bias: Tensor, packed: bool) -> Tensor:  # noqa: FBT001 - as above
    return torch.cat([_linear(rows, weight, bias, packed) for rows in torch.split(x, 32)])


def _linear(x: Tensor, weight: Tensor, bias: Tensor, packed: bool) -> Tensor:  # noqa: FBT001 - as above
    if packed:
        product: Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")
        return product
    return functional.linear(x, weight, bias)


def _linear_gelu(x: Tensor, weight: Tensor, bias: Tensor, packed: bool) -> Tensor:  # noqa: FBT001 - as above
    if packed:
        product: Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, bias, "gelu", [], "none")
        return product
    return functional.gelu(functional.linear(x, weight, bias))


def pack(weight: Tensor) -> Tensor:
    """Lay a weight out as oneDNN's kernels read it, which they else do anew for each product."""
    operations: Any = torch.ops.mkldnn
    packed: Tensor = operations._reorder_linear_weight(weight.contiguous(), None)
    return packed


def compiled(function: Pass) -> Pass:
    """Return one of the passes as one call that leaves Python's lock to others.

    TorchScript is told nowhere to bear several threads that compile, so one does at a time.
    """
    with _COMPILING:
        script: Pass = torch.jit.script(function)
    return script
