"""What the engine has done and holds: counts only, for metrics."""

from dataclasses import dataclass


@dataclass(slots=True)
class Counters:
    """Counts that only grow."""

    steps: int = 0
    computed_tokens: int = 0
    """Of prompts, answers and drafts."""
    cached_prompt_tokens: int = 0
    """Of prompts, found in the cache."""
    written_tokens: int = 0
    drafted_tokens: int = 0
    accepted_tokens: int = 0
    """Drafted ones that came true."""


@dataclass(frozen=True, slots=True)
class EngineStatistics:
    """The engine at one moment."""

    running: int
    waiting: int
    blocks: int
    blocks_held: int
    """By requests that run."""
    blocks_kept: int
    """Held by none, but found by the next prompt that begins alike."""
    counted: Counters
