"""Every number that shapes the tuned weights: same recipe, data and machine, same weights."""

import json
from dataclasses import asdict, dataclass, replace


@dataclass(frozen=True, slots=True)
class Recipe:
    """Sizes, schedule and seed. The defaults are those of the default model's first pass."""

    first_layer: int = 12
    """The layers below are frozen and run once; their outcome is kept on disk."""
    experts: int = 8
    """0 for adapters alone, which is what experts are compared with."""
    experts_per_token: int = 2
    expert_width: int = 32
    attention_rank: int = 16
    """Rank of the adapters on queries, keys, values and outputs; 0 for none."""
    feed_forward_rank: int = 0
    """Rank of adapters on the dense feed-forward."""
    look_alikes: bool = False
    """Ask over passages that look like the right one, and more kinds of questions; see `asking`."""
    plain_share: float = 0.0
    """With `look_alikes`: share of the rows that are asked as without them."""
    english_kept: float = 1.0
    """Share of the English rows that are tuned on; less where they would crowd Chinese out."""
    traditional_share: float = 0.0
    """Share of the Chinese examples that are written in traditional characters."""
    questions_per_set: int = 0
    """Ask so many questions over each few passages, which are then read once for all of them; 0 for
    each question over its own. Takes the place of the four settings above but the last."""
    english_rounds: int = 1
    """With `questions_per_set`: how often the English passages are gone through."""
    invented_sets: int = 0
    """With `questions_per_set`: sets about things that do not exist."""
    table_sets: int = 0
    """With `questions_per_set`: sets of tables of invented numbers."""
    gradient_tokens: int = 32
    """So many last tokens of a prompt, and its answer, get gradients; the others are only read."""
    examples_per_step: int = 8
    examples_max: int = 3200
    """Taken in the order of `read_examples`, which the seed shuffles."""
    tokens_max: int = 700
    """Examples that are longer are left out."""
    adapter_learning_rate: float = 8e-4
    expert_learning_rate: float = 3e-4
    """Also the router's. At 3e-3 for all, the loss rises within thirty steps."""
    warmup_steps: int = 20
    gradient_norm_max: float = 1.0
    balance_weight: float = 0.02
    refusal_bias: float = -1.0
    """Added to the logit of the refusal's first token when an answer begins; chosen on held-out
    examples."""
    seed: int = 20261122

    def __post_init__(self) -> None:
        if self.experts and not 0 < self.experts_per_token <= self.experts:
            raise ValueError("experts_per_token must be between 1 and experts")

    def to_json(self) -> str:
        """Write the recipe down, as the tuned file's metadata holds it."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "Recipe":
        """Read it back; what the text does not name is as in the default.

        Raises:
            ValueError: it is no recipe.
        """
        return cls().changed(text)

    def changed(self, text: str) -> "Recipe":
        """Return this recipe with the changes that a JSON text names.

        Raises:
            ValueError: it is no recipe.
        """
        try:
            return replace(self, **json.loads(text))
        except TypeError as error:
            raise ValueError(f"not a recipe: {error}") from error
