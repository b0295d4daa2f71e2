"""Reading the values of a GGUF header one after the other, never beyond its end."""

from typing import Any

import gguf
import numpy as np
import numpy.typing as npt

ARRAY_MAX = 4_194_304  # entries; the largest vocabularies have some 300,000
_Type = gguf.GGUFValueType
_NUMBERS = {
    _Type.UINT8: "<u1",
    _Type.INT8: "<i1",
    _Type.UINT16: "<u2",
    _Type.INT16: "<i2",
    _Type.UINT32: "<u4",
    _Type.INT32: "<i4",
    _Type.FLOAT32: "<f4",
    _Type.BOOL: "?",
    _Type.UINT64: "<u8",
    _Type.INT64: "<i8",
    _Type.FLOAT64: "<f8",
}


class Damaged(ValueError):
    """The file is not what it claims to be."""


class Cursor:
    """A place in a mapped file; every read moves it on. All reads raise `Damaged` at the end."""

    def __init__(self, data: npt.NDArray[np.uint8]) -> None:
        self._data = data
        self._at = 0

    def numbers(self, dtype: str, count: int) -> list[Any]:
        """Read this many numbers of a numpy type."""
        numbers: list[Any] = self._bytes(count * np.dtype(dtype).itemsize).view(dtype).tolist()
        return numbers

    def number(self, dtype: str) -> Any:
        """Read one number."""
        return self.numbers(dtype, 1)[0]

    def count(self, maximum: int, what: str) -> int:
        """Read a count that must not be larger than any real file's."""
        count: int = self.number("<u8")
        if count > maximum:
            raise Damaged(f"it claims {count} {what}")
        return count

    def text(self) -> str:
        """Read a string."""
        return self._bytes(self.number("<u8")).tobytes().decode("utf-8")

    def field(self) -> tuple[str, Any]:
        """Read one metadata value with its key."""
        key = self.text()
        return key, self._value(_Type(self.number("<u4")))

    def rest_from_multiple_of(self, alignment: int) -> npt.NDArray[np.uint8]:
        """Return what follows, from the next multiple of so many bytes on."""
        return self._data[-(-self._at // alignment) * alignment :]

    def _value(self, kind: gguf.GGUFValueType) -> Any:
        if kind in _NUMBERS:
            return self.number(_NUMBERS[kind])
        return self.text() if kind == _Type.STRING else self._array()

    def _array(self) -> list[Any]:
        kind = _Type(self.number("<u4"))
        count = self.count(ARRAY_MAX, "entries of an array")
        if kind in _NUMBERS:
            return self.numbers(_NUMBERS[kind], count)
        if kind != _Type.STRING:
            raise Damaged("it has arrays within arrays")
        return [self.text() for _ in range(count)]

    def _bytes(self, count: int) -> npt.NDArray[np.uint8]:
        end = self._at + count
        if end > len(self._data):
            raise Damaged("it ends too early")
        piece = self._data[self._at : end]
        self._at = end
        return piece
