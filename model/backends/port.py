"""The one way to ask a language model for text, whatever computes it."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

FinishReason = Literal["stop", "length", "cancelled"]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat; the backend applies the model's own chat template."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """What to write, how long at most, and how.

    `temperature` 0 means greedy, which is deterministic on one machine. A stop string ends the
    text and is not part of it.
    """

    messages: Sequence[Message]
    new_tokens_max: int = 256
    temperature: float = 0.0
    seed: int = 0
    stop: Sequence[str] = field(default=())


@dataclass(frozen=True, slots=True)
class GenerationPiece:
    """The next piece of text; the last one carries the finish reason and both token counts."""

    text: str
    finish_reason: FinishReason | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0


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

        """
        ...
