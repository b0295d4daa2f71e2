"""JSON in the one form that RFC 8785 (JCS) gives it, so that equal values have equal bytes."""

import json
from typing import Final, TypeAlias

Json: TypeAlias = "str | int | bool | list[Json] | dict[str, Json] | None"
"""Audit entries hold no fractions, whose canonical form only ECMAScript writes by itself."""

_INTEGER_MAX: Final = 2**53 - 1


def canonical(value: Json) -> bytes:
    """Return the canonical UTF-8 of a value.

    Raises:
        ValueError: a fraction, an integer beyond 2**53 - 1, or a lone surrogate.
        TypeError: not a JSON value.
    """
    ordered = _ordered(value)
    return json.dumps(ordered, ensure_ascii=False, separators=(",", ":")).encode()


def _ordered(value: object) -> object:
    match value:
        case dict():
            return {key: _ordered(value[key]) for key in sorted(value, key=_utf16)}
        case list():
            return [_ordered(item) for item in value]
        case float():
            message = "an audit entry holds no fractions"
            raise ValueError(message)
        case int() if abs(value) > _INTEGER_MAX:
            message = "an integer of JSON has at most 53 bits"
            raise ValueError(message)
    return value


def _utf16(key: str) -> bytes:
    # RFC 8785, section 3.2.3: names are compared by their UTF-16 code units.
    return key.encode("utf-16-be")
