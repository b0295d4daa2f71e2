"""An answer, the citations in it, and the events it streams as."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from retrieval.corpus import Box


@dataclass(frozen=True, slots=True)
class OtherPlace:
    """Another document in which a quote stands too, save for the space between its words."""

    document_id: str
    document_name: str
    page: int | None
    boxes: tuple[Box, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Citation:
    """The place that supports a sentence.

    `number` counts from 1 in the answer's own order; `quote` is exactly
    `document_text[start:end]`; `page` is None where the format has no pages. `also` are other
    documents that were found and hold the same quote, one place each.
    """

    number: int
    document_id: str
    document_name: str
    page: int | None
    boxes: tuple[Box, ...]
    quote: str
    start: int
    end: int
    also: tuple[OtherPlace, ...] = ()

    @property
    def document_ids(self) -> tuple[str, ...]:
        """All documents that it names."""
        return (self.document_id, *(place.document_id for place in self.also))


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that the generator read and wrote."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Timings:
    """Milliseconds since the question arrived; `first_token_ms` ends when text was first sent."""

    retrieval_ms: int = 0
    first_token_ms: int = 0
    total_ms: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. Every sentence of `text` ends in `[n]` unless the answer is a refusal.

    A question of several parts is answered line by line, and `unanswered` are the parts without an
    answer, each of which has a line of its own that says so, without a number.
    `interrupted`: the reader went away or stopped it; `text` is what had been shown by then.
    `cached`: the same question was asked before over the same passages; no model was asked.
    `arm`: "B" when the passages were found as the variant of `experiment` says ("": none runs).
    """

    id: str
    conversation_id: str
    text: str
    refused: bool
    citations: tuple[Citation, ...]
    model: str
    usage: Usage
    timings: Timings
    interrupted: bool = False
    cached: bool = False
    experiment: str = ""
    arm: str = "A"
    unanswered: tuple[str, ...] = ()

    def to_json(self) -> bytes:
        """Serialise for storage."""
        return json.dumps(asdict(self), ensure_ascii=False).encode()

    @classmethod
    def from_json(cls, stored: bytes) -> "Answer":
        """Read back what `to_json` wrote."""
        fields: dict[str, Any] = json.loads(stored)
        fields["unanswered"] = tuple(fields.get("unanswered", ()))
        fields["citations"] = tuple(map(_citation, fields["citations"]))
        fields["usage"] = Usage(**fields["usage"])
        fields["timings"] = Timings(**fields["timings"])
        return cls(**fields)


def _citation(fields: dict[str, Any]) -> Citation:
    also = tuple(OtherPlace(**_with_boxes(place)) for place in fields.pop("also", ()))
    return Citation(also=also, **_with_boxes(fields))


def _with_boxes(fields: dict[str, Any]) -> dict[str, Any]:
    return fields | {"boxes": tuple(Box(**box) for box in fields["boxes"])}


@dataclass(frozen=True, slots=True)
class Started:
    """The question was stored. Comes first: one may go on from an answer that is stopped."""

    conversation_id: str
    answer_id: str


@dataclass(frozen=True, slots=True)
class Token:
    """The next piece of the answer's text: a whole checked sentence with its `[n]`."""

    text: str


@dataclass(frozen=True, slots=True)
class CitationFound:
    """A citation, sent before the first sentence that carries its number."""

    citation: Citation


@dataclass(frozen=True, slots=True)
class Done:
    """The stored answer; its text is the concatenation of the tokens."""

    answer: Answer


Event = Started | Token | CitationFound | Done

TurnStatus = Literal["answered", "interrupted", "withheld"]


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and its answer as their owner may see them now.

    "withheld": a cited document is gone or no longer visible, so the text and the citations are
    left out. "interrupted": the answer broke off; its text may be empty. `helpful` is what the
    owner said of it, if anything.
    """

    question: str
    answer: Answer
    status: TurnStatus
    created_at: datetime
    helpful: bool | None = None


@dataclass(frozen=True, slots=True)
class ConversationSummary:
    """A conversation in a list; the title is the start of its first question."""

    id: str
    title: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation with its turns, oldest first."""

    id: str
    title: str
    created_at: datetime
    turns: tuple[Turn, ...]
