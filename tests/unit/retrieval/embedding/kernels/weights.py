"""Small random encoders."""

import torch

from retrieval.embedding.layers import LayerWeights


def random_weights(
    *,
    hidden: int = 64,
    heads: int = 2,
    feed_forward: int = 128,
    layers: int = 2,
    dtype: torch.dtype = torch.bfloat16,
) -> LayerWeights:
    seeded = torch.Generator().manual_seed(hidden + heads + feed_forward + layers)
    shapes = [
        (3 * hidden, hidden),
        (hidden, hidden),
        (feed_forward, hidden),
        (hidden, feed_forward),
    ]

    def numbers(*shape: int, size: float) -> torch.Tensor:
        # Rounded as the kernel has them, so that only the arithmetic differs.
        return (torch.randn(shape, generator=seeded) * size).to(torch.bfloat16).to(dtype)

    return LayerWeights(
        heads=heads,
        epsilon=1e-12,
        weights=[numbers(*shape, size=0.15) for _ in range(layers) for shape in shapes],
        biases=[numbers(shape[0], size=0.3) for _ in range(layers) for shape in shapes],
        norm_weights=[1 + numbers(hidden, size=0.3) for _ in range(1 + 2 * layers)],
        norm_biases=[numbers(hidden, size=0.3) for _ in range(1 + 2 * layers)],
    )


def random_rows(count: int, hidden: int = 64, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, hidden, generator=torch.Generator().manual_seed(seed))
