"""The frozen dense model that tuning starts from. Shapes: see config.py."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from model.checkpoint import Checkpoint
from model.tuning.layer import LayerSizes, Weights, read, stretches


@dataclass(frozen=True, slots=True)
class FrozenBase:
    """A dense Qwen2 model's weights by layer, and what comes before and after the layers."""

    layers: tuple[Weights, ...]
    embedding_VD: torch.Tensor
    norm_D: torch.Tensor
    head_VD: torch.Tensor
    sizes: LayerSizes
    sha256: str
    """Hash of the file that the weights come from."""

    @classmethod
    def from_checkpoint(cls, checkpoint: Checkpoint, sha256: str) -> "FrozenBase":
        """Take over a dense checkpoint's weights without copying them."""
        config, weights = checkpoint.config, checkpoint.weights
        embedding_VD = weights["model.embed_tokens.weight"]
        return cls(
            layers=tuple(_of_layer(weights, layer) for layer in range(config.layer_count)),
            embedding_VD=embedding_VD,
            norm_D=weights["model.norm.weight"],
            head_VD=weights.get("lm_head.weight", embedding_VD),
            sizes=LayerSizes(
                query_heads=config.query_heads,
                key_value_heads=config.key_value_heads,
                head_width=config.head_size,
                norm_epsilon=config.norm_epsilon,
                rope_base=config.rope.base,
            ),
            sha256=sha256,
        )

    @property
    def hidden_size(self) -> int:
        """Width of the hidden states."""
        return self.embedding_VD.shape[1]

    @property
    def dtype(self) -> torch.dtype:
        """Number format of weights and hidden states."""
        return self.embedding_VD.dtype

    @torch.no_grad()
    def states_entering(self, layer: int, tokens: tuple[int, ...]) -> torch.Tensor:
        """Return the hidden states TD of one text that enter a layer."""
        x_TD = self.embedding_VD[torch.tensor(tokens)]
        for weights in self.layers[:layer]:
            x_TD = read(weights, self.sizes, x_TD, stretches([len(tokens)])).output_TD
        return x_TD

    @torch.no_grad()
    def states_after(
        self, layer: int, common: tuple[int, ...], rests: Sequence[tuple[int, ...]]
    ) -> list[torch.Tensor]:
        """Return the same of several texts that begin alike, reading their beginning once."""
        past_PD = self.embedding_VD[torch.tensor(common)]
        live_GD = self.embedding_VD[torch.tensor([token for rest in rests for token in rest])]
        own = stretches([len(common)])
        live = stretches([len(rest) for rest in rests], positions=[len(common)] * len(rests))
        for weights in self.layers[:layer]:
            past = read(weights, self.sizes, past_PD, own)
            past_PD, shared = past.output_TD, replace(past, own=own * len(rests))
            live_GD = read(weights, self.sizes, live_GD, live, shared).output_TD
        return [torch.cat([past_PD, live_GD[stretch.rows]]) for stretch in live]


def _of_layer(weights: Weights, layer: int) -> Weights:
    prefix = f"model.layers.{layer}."
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in weights.items()
        if name.startswith(prefix)
    }
