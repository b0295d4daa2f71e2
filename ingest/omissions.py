"""What of a document was not read although the rest was, and why: shown with the document."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

from ingest.errors import IngestError

Part = Literal["pages", "pictures", "attachments"]


@dataclass(frozen=True, slots=True)
class Omission:
    """So many pages, pictures or attachments that were not read, for the reason of an error's code.

    `pages` are the first and last numbers, from 1, of stretches of pages; pictures and attachments
    have none.
    """

    part: Part
    reason: str
    count: int
    pages: tuple[tuple[int, int], ...] = ()


def omitted_pages(unread: Mapping[int, IngestError]) -> tuple[Omission, ...]:
    """Gather pages by the reason that each was not read for."""
    by_reason: dict[str, list[int]] = {}
    for page, reason in sorted(unread.items()):
        by_reason.setdefault(reason.code, []).append(page)
    return tuple(
        Omission("pages", code, len(pages), _stretches(pages)) for code, pages in by_reason.items()
    )


def omitted(part: Part, reasons: Iterable[str]) -> tuple[Omission, ...]:
    """Count pictures or attachments by the code of what each was not read for."""
    ordered = sorted(reasons)
    return tuple(Omission(part, code, len(list(group))) for code, group in groupby(ordered))


def stored(omissions: Iterable[Omission]) -> list[dict[str, Any]] | None:
    """Write omissions for a row: numbers and codes; None for none."""
    rows = [
        {"part": one.part, "reason": one.reason, "count": one.count, "pages": one.pages}
        for one in omissions
    ]
    return rows or None


def read_stored(rows: Iterable[Mapping[str, Any]] | None) -> tuple[Omission, ...]:
    """Read what `stored` wrote."""
    return tuple(
        Omission(
            row["part"],
            row["reason"],
            row["count"],
            tuple((first, last) for first, last in row["pages"]),
        )
        for row in rows or ()
    )


def _stretches(pages: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Join neighbours of sorted numbers: a stretch is where number and place grow together."""
    runs = groupby(enumerate(pages), key=lambda pair: pair[1] - pair[0])
    stretches = ([page for _, page in run] for _, run in runs)
    return tuple((pages[0], pages[-1]) for pages in stretches)
