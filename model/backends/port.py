"""The one way to ask a language model for text, whatever computes it."""

import math
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from model.allowed_text import AllowedText
from model.errors import InvalidRequest

SEED_MAX = 2**63 - 1
FinishReason = Literal["stop", "length", "cancelled", "deadline"]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat; the backend applies the model's own chat template."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """What to write, how long at most, and how.

    Raises:
        InvalidRequest: a value is out of its range.
    """

    messages: Sequence[Message]
    new_tokens_max: int = 256
    temperature: float = 0.0
    """0 means greedy, which is deterministic on one machine."""
    seed: int = 0
    stop: Sequence[str] = field(default=())
    """Strings that end the text and are no part of it."""
    top_p: float | None = None
    """Draw from the likeliest tokens of this joint share; None: the backend's own setting."""
    top_k: int | None = None
    """Draw from this many of the likeliest tokens."""
    repetition_penalty: float = 1.0
    """Above 1 makes tokens that stand in the prompt or the text less likely (CTRL, Keskar 2019)."""
    tenant: str = ""
    """Whose request it is: turns are fair between tenants, and no cache is shared among them."""
    deadline_seconds: float | None = None
    """How long it may take in all, waiting included, before it ends with reason "deadline"."""
    allowed: AllowedText | None = None
    """What the text may be. Only a generator that `enforces_allowed` takes it."""
    drafts: Sequence[str] = field(default=())
    """Texts likely to be quoted: they make writing faster and never change what is written."""

    def __post_init__(self) -> None:
        _check(self.new_tokens_max >= 1, "new_tokens_max must be at least 1")
        _check(_finite_from_zero(self.temperature), "temperature must be 0 or a number above it")
        _check(0 <= self.seed <= SEED_MAX, f"seed must be from 0 to {SEED_MAX}")
        _check(self.top_p is None or 0 < self.top_p <= 1, "top_p must be above 0 and at most 1")
        _check(self.top_k is None or self.top_k >= 1, "top_k must be at least 1")
        _check(
            _finite_from_zero(self.repetition_penalty) and self.repetition_penalty > 0,
            "repetition_penalty must be a number above 0",
        )
        _check(
            self.deadline_seconds is None or self.deadline_seconds > 0,
            "deadline_seconds must be above 0",
        )


def _check(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not holds:
        raise InvalidRequest(otherwise)


def _finite_from_zero(value: float) -> bool:
    return math.isfinite(value) and value >= 0


@dataclass(frozen=True, slots=True)
class GenerationPiece:
    """The next piece of text; the last one carries the finish reason and the token counts."""

    text: str
    finish_reason: FinishReason | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_prompt_tokens: int = 0
    """Tokens of the prompt that a cache already held."""


class Generator(Protocol):
    """A language model that streams."""

    @property
    def name(self) -> str:
        """The model's name as users and the audit log see it."""
        ...

    @property
    def context_tokens_max(self) -> int:
        """Prompt and new tokens together may not exceed this."""
        ...

    @property
    def enforces_allowed(self) -> bool:
        """Whether it can hold a text to what the request allows."""
        ...

    def count_tokens(self, text: str) -> int:
        """Count the tokens of plain text, without the chat template's own."""
        ...

    def generate(
        self, request: GenerationRequest, cancelled: threading.Event | None = None
    ) -> Iterator[GenerationPiece]:
        """Stream the answer; ends early with reason "cancelled" once `cancelled` is set.

        Closing the iterator frees everything the generation holds.

        Raises:
            model.errors.PromptTooLong: the prompt alone does not fit the context.
            model.errors.GeneratorBusy: too many requests wait already; try again later.
            model.errors.InvalidRequest: it cannot hold the text to what the request allows.
            model.errors.GeneratorClosed: it was closed.

        """
        ...

    def forget(self, tenant: str) -> None:
        """Keep nothing that was computed from a tenant's requests: documents were deleted."""
        ...

    def close(self) -> None:
        """End what is being written with an error, and free memory, threads and connections."""
        ...
