"""The values of a `config.json`, which is not trusted: each is checked for its type."""

import math
from collections.abc import Mapping, Sequence
from typing import Any


class ConfigValues:
    """Reads one value at a time; null counts as absent, as in `transformers`.

    All methods but `has` and `section` raise:
        KeyError: the value is absent, and there is no default.
        ValueError: it is of another type.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def has(self, name: str) -> bool:
        """Tell whether there is a value."""
        return self._values.get(name) is not None

    def count(self, name: str, default: int | None = None) -> int:
        """Return a whole number."""
        value = self._read(name, default)
        if not isinstance(value, int) or isinstance(value, bool):
            raise _wrong(name, value, "a whole number")
        return value

    def size(self, name: str, default: int | None = None) -> int:
        """Return a whole number above 0."""
        size = self.count(name, default)
        if size <= 0:
            raise ValueError(f"{name} is {size}; it must be above 0")
        return size

    def number(self, name: str, default: float | None = None) -> float:
        """Return a finite number."""
        value = self._read(name, default)
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise _wrong(name, value, "a number")
        if not math.isfinite(value):
            raise _wrong(name, value, "a finite number")
        return float(value)

    def flag(self, name: str, default: bool | None = None) -> bool:  # noqa: FBT001 - a value
        """Return true or false."""
        value = self._read(name, default)
        if not isinstance(value, bool):
            raise _wrong(name, value, "true or false")
        return value

    def word(self, name: str, default: str | None = None) -> str:
        """Return a text."""
        value = self._read(name, default)
        if not isinstance(value, str):
            raise _wrong(name, value, "a text")
        return value

    def words(self, name: str) -> list[str]:
        """Return a list of texts."""
        return [ConfigValues({name: value}).word(name) for value in self._list(name)]

    def numbers(self, name: str) -> tuple[float, ...]:
        """Return a list of numbers."""
        return tuple(ConfigValues({name: value}).number(name) for value in self._list(name))

    def counts(self, name: str) -> tuple[int, ...]:
        """Return a list of whole numbers, which may be given as a single one or be absent."""
        if not self.has(name):
            return ()
        values = self._values[name] if isinstance(self._values[name], list) else [self.count(name)]
        return tuple(ConfigValues({name: value}).count(name) for value in values)

    def section(self, name: str) -> "ConfigValues":
        """Return the values inside another; none if it is absent."""
        value = self._values.get(name) or {}
        if not isinstance(value, Mapping):
            raise _wrong(name, value, "a group of values")
        return ConfigValues(value)

    def _list(self, name: str) -> Sequence[Any]:
        value = self._read(name, None)
        if not isinstance(value, list):
            raise _wrong(name, value, "a list")
        return value

    def _read(self, name: str, default: object) -> object:
        value = self._values.get(name)
        if value is not None:
            return value
        if default is None:
            raise KeyError(name)
        return default


def _wrong(name: str, value: object, expected: str) -> ValueError:
    return ValueError(f"{name} is {value!r}, not {expected}")
