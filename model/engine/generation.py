"""One request in the engine: its tokens so far, and when it ends."""

import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from model.backends.port import FinishReason
from model.engine.stream import AnswerStream, Outcome
from model.sampling import Sampler
from model.speculation import DraftLength, PromptLookup
from model.text_stream import TextStream


@dataclass(frozen=True, slots=True)
class Work:
    """What the engine is asked for. It owns sampler, text and look-up from then on."""

    prompt: Sequence[int]
    new_tokens_max: int
    sampler: Sampler
    text: TextStream
    bytes_of: Callable[[int], bytes]
    """What a token writes."""
    lookup: PromptLookup | None = None
    tenant: str = ""
    deadline_seconds: float | None = None
    cancelled: threading.Event = field(default_factory=threading.Event)


class Generation:
    """A request from its submission to its end. For the engine's thread, but for the stream."""

    def __init__(
        self,
        work: Work,
        stream: AnswerStream,
        *,
        deadline: float,
        end_tokens: Collection[int],
        draft_length: DraftLength,
    ) -> None:
        self.tenant = work.tenant
        self.stream = stream
        self.sampler = work.sampler
        self.tokens = list(work.prompt)
        self.handle: int | None = None
        self.computed = 0
        self.cached_prompt_tokens = 0
        self.reason: FinishReason | None = None
        self._work = work
        self._deadline = deadline
        self._end_tokens = end_tokens
        self._draft_length = draft_length
        self._prompt_count = len(work.prompt)

    @property
    def sequence(self) -> int:
        """The cache's handle, once it has a place."""
        if self.handle is None:
            raise RuntimeError("the request has no place yet")
        return self.handle

    @property
    def tokens_max(self) -> int:
        """Its tokens if it is written to the limit."""
        return self._prompt_count + self._work.new_tokens_max

    @property
    def pending(self) -> int:
        """Tokens still to be computed before the next one can be chosen; 1 while it writes."""
        return len(self.tokens) - self.computed

    def is_over(self, now: float) -> bool:
        """Whether it has ended, or somebody no longer wants it; sets the reason."""
        if self.reason is None:
            if self._work.cancelled.is_set() or self.stream.is_abandoned:
                self.reason = "cancelled"
            elif now >= self._deadline:
                self.reason = "deadline"
        return self.reason is not None

    def drafts(self, others: int) -> list[int]:
        """Guess its next tokens, as many as pay while so many others write.

        Fewer than it may still write, and none that would end it.
        """
        if self._work.lookup is None:
            return []
        left = self.tokens_max - len(self.tokens)
        guess = self._work.lookup.propose(min(self._draft_length.next(others), left - 1))
        return list(takewhile(lambda token: token not in self._end_tokens, guess))

    def record_drafts(self, drafted: int, accepted: int) -> None:
        """Learn how many of a step's guesses came true."""
        self._draft_length.record(drafted, accepted)

    def write(self, token: int) -> None:
        """Add the chosen token, hand its text on, and see whether it is the last one.

        Does nothing once the last one is written.
        """
        if self.reason is not None:
            return
        if token in self._end_tokens:
            self.reason = "stop"
            return
        self._add(token)
        if self._work.text.stopped:
            self.reason = "stop"
        elif len(self.tokens) == self.tokens_max:
            self.reason = "length"

    def finish(self) -> None:
        """Hand on what was held back, and the outcome."""
        if text := self._work.text.finish():
            self.stream.put(text)
        self.stream.end(
            Outcome(
                self.reason or "cancelled",
                self._prompt_count,
                self.cached_prompt_tokens,
                len(self.tokens) - self._prompt_count,
            )
        )

    def _add(self, token: int) -> None:
        self.tokens.append(token)
        if self._work.lookup is not None:
            self._work.lookup.append(token)
        if text := self._work.text.feed(self._work.bytes_of(token)):
            self.stream.put(text)
