"""Filters and paths of SCIM (RFC 7644, sections 3.4.2.2 and 3.5.2), those that directories use.

Comparisons joined by `and`, each an attribute, an operator and a JSON value. A path is an
attribute, perhaps with a filter in brackets and a sub-attribute after it:
`emails[type eq "work"].value`.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from security.scim.errors import InvalidFilter, InvalidPath

FILTER_CHARACTERS_MAX: Final = 1000
_ATTRIBUTE: Final = r"(?:urn:[\w:.\-]+:)?([A-Za-z$][\w$\-]*(?:\.[A-Za-z$][\w$\-]*)?)"
_VALUE: Final = r'"(?:[^"\\]|\\.)*"|true|false|null|-?\d+(?:\.\d+)?'
_COMPARISON: Final = re.compile(
    rf"\s*{_ATTRIBUTE}\s+(?:(pr)|(eq|ne|co|sw|ew)\s+({_VALUE}))\s*", re.IGNORECASE
)
_AND: Final = re.compile(r"and\s", re.IGNORECASE)
_PATH: Final = re.compile(rf"{_ATTRIBUTE}(?:\[(.*)\](?:\.([A-Za-z$][\w$\-]*))?)?", re.DOTALL)

_OPERATORS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "co": lambda held, wanted: wanted in held,
    "sw": lambda held, wanted: held.startswith(wanted),
    "ew": lambda held, wanted: held.endswith(wanted),
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """One condition; the attribute is in lower case, `pr` (present) has no value."""

    attribute: str
    operator: str
    value: Any = None

    def holds(self, resource: Mapping[str, Any]) -> bool:
        """Whether a (sub-)resource fits; names and texts are compared without case."""
        held = next((v for name, v in resource.items() if name.lower() == self.attribute), None)
        if self.operator == "pr":
            return held is not None
        if self.operator in {"eq", "ne"}:
            return (_folded(held) == _folded(self.value)) == (self.operator == "eq")
        if not isinstance(held, str) or not isinstance(self.value, str):
            return False
        return _OPERATORS[self.operator](held.lower(), self.value.lower())


@dataclass(frozen=True, slots=True)
class Path:
    """Where an operation applies; names are in lower case."""

    attribute: str
    conditions: Sequence[Comparison] | None = None
    sub: str | None = None


def parsed_filter(text: str) -> list[Comparison]:
    """Read a filter; all of its conditions must hold.

    Raises:
        InvalidFilter: it cannot be read, or needs more than this server does.
    """
    if len(text) > FILTER_CHARACTERS_MAX:
        raise InvalidFilter
    conditions, at = [], 0
    while match := _COMPARISON.match(text, at):
        attribute, present, operator, value = match.groups()
        conditions.append(
            Comparison(attribute.lower(), (present or operator).lower(), _json(value))
        )
        at = match.end()
        if at == len(text):
            return conditions
        joined = _AND.match(text, at)
        if joined is None:
            break
        at = joined.end()
    raise InvalidFilter


def parsed_path(text: str) -> Path:
    """Read the path of an operation.

    Raises:
        InvalidPath: it cannot be read.
        InvalidFilter: what is in its brackets cannot.
    """
    match = _PATH.fullmatch(text.strip()) if len(text) <= FILTER_CHARACTERS_MAX else None
    if match is None:
        raise InvalidPath
    attribute, condition, sub = match.groups()
    name, _, inner = attribute.lower().partition(".")
    if condition is None:
        return Path(name, None, inner or None)
    if inner:
        raise InvalidPath
    return Path(name, parsed_filter(condition), sub.lower() if sub else None)


def _json(value: str | None) -> Any:
    if value is None:
        return None
    try:
        return json.loads(value if value.startswith('"') else value.lower())
    except ValueError as error:
        raise InvalidFilter from error


def _folded(value: object) -> object:
    return value.lower() if isinstance(value, str) else value
