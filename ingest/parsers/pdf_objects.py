"""What a PDF page is painted of."""

from collections.abc import Callable
from typing import Any, Final

from pypdfium2 import raw

from ingest.parsers import pdf_calls

_DEPTH_MAX: Final = 8

PageObject = tuple[int, int, int]
"""Its address, its kind (`FPDF_PAGEOBJ_...`) and how many forms it lies in."""


def objects(page: Any) -> list[PageObject]:
    """Return the page's objects in the order they are painted, what forms hold included."""
    found: list[PageObject] = []
    _collect(pdf_calls.address(page), pdf_calls.page_count, pdf_calls.page_object, 0, found)
    return found


def _collect(
    holder: int,
    count: Callable[[int], int],
    get: Callable[[int, int], int],
    depth: int,
    found: list[PageObject],
) -> None:
    kind_of, form = pdf_calls.kind_of, raw.FPDF_PAGEOBJ_FORM
    for number in range(count(holder)):
        one = get(holder, number)
        kind = kind_of(one)
        found.append((one, kind, depth))
        if kind == form and depth < _DEPTH_MAX:
            _collect(one, pdf_calls.form_count, pdf_calls.form_object, depth + 1, found)
