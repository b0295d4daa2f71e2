"""What a text may be: asked for by callers, held to by a generator token by token."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CitedNumbers:
    """Anything, but where "[" is written one of these numbers and "]" follow."""

    numbers: frozenset[int]


@dataclass(frozen=True, slots=True)
class Quotation:
    """A verbatim span of whole words of one passage and " [its number]", or the refusal."""

    passages: Mapping[int, str]
    refusal: str


AllowedText = CitedNumbers | Quotation
