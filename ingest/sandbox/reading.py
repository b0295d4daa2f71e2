"""OCR of the pages or pictures of one document: some in each child, within the document's time.

What a child read before a limit or a damaged page ended it is kept; the page that it ended at is
left out, and the next child goes on after it.
"""

import time
from collections.abc import Callable
from dataclasses import replace

from ingest.blocks import ParsedDocument
from ingest.errors import ParseError, ParserTimedOut
from ingest.sandbox.jobs import Job, OnPage, Read, Reading


class Found:
    """What was read, by child with the place that it began at, and why other places were not."""

    def __init__(self, total: int, fruitless_max: int) -> None:
        self.documents: list[tuple[int, ParsedDocument]] = []
        self.unread: dict[int, ParseError] = {}
        self.position = 0
        self._total = total
        self._fruitless, self._fruitless_max = 0, fruitless_max

    @property
    def left(self) -> int:
        """How many were not tried yet."""
        return self._total - self.position

    def add(self, reading: Reading) -> None:
        """Go on after what was read, and after the place that the child ended at."""
        if reading.document is not None:
            self.documents.append((self.position, reading.document))
        self.position += reading.read
        if reading.failure is None:
            return
        self._fruitless = 0 if reading.read else self._fruitless + 1
        self.give_up(self.left if self._fruitless == self._fruitless_max else 1, reading.failure)

    def give_up(self, count: int, reason: ParseError) -> None:
        """Leave the next so many unread."""
        end = self.position + count
        self.unread |= dict.fromkeys(range(self.position, end), reason)
        self.position = end


def read_all(
    job: Job,
    read: Read,
    on_page: OnPage,
    clock: Callable[[], float] = time.monotonic,
) -> Found:
    """Read all scans or pictures of `job`, as far as the document's time goes.

    Raises:
        SandboxUnavailable: a child could not be started.
    """
    total = len(job.scans or job.pictures)
    found = Found(total, job.limits.ocr_fruitless_processes_max)
    counted = _Counted(total, on_page)
    end = clock() + job.limits.ocr_seconds_max(total)
    while found.left:
        seconds_left = end - clock()
        if seconds_left <= 0:
            found.give_up(found.left, ParserTimedOut())
            break
        reading = read(_part(job, found.position, seconds_left, counted))
        found.add(reading)
        if reading.failure is not None:
            counted()  # what is left out is dealt with as well
    return found


def _part(job: Job, start: int, seconds_left: float, on_page: Callable[[], None]) -> Job:
    part = slice(start, start + job.limits.ocr_pages_per_process)
    scans, pictures = job.scans[part], job.pictures[part]
    return replace(
        job,
        scans=scans,
        pictures=pictures,
        limits=job.limits.for_scans(len(scans or pictures), seconds_left),
        page_seconds_max=job.limits.ocr_seconds_per_page_max,
        on_page=on_page,
    )


class _Counted:
    """Counts pages over the children of a document."""

    def __init__(self, total: int, on_page: OnPage) -> None:
        self._done, self._total, self._on_page = 0, total, on_page

    def __call__(self) -> None:
        # A child that says more than it was asked for is not believed.
        self._done = min(self._done + 1, self._total)
        self._on_page(self._done, self._total)
