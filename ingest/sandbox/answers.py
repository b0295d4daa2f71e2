"""What comes back from a child: all of it, or what it wrote before it overran a limit or died."""

import os
import select
import signal
import time

from ingest.errors import ParseError, ParserCrashed, ParserOutOfMemory, ParserTimedOut
from ingest.sandbox import wire
from ingest.sandbox.jobs import Job, Reading

_READ_BYTES = 1 << 16
# What an allocator does that gets no more memory: abort (Rust, glibc) or trap (pdfium).
_GAVE_UP = frozenset({signal.SIGABRT, signal.SIGTRAP, signal.SIGILL, signal.SIGKILL})


def received(pipe: int, job: Job) -> tuple[bytes, ParseError | None]:
    """Read up to the end of the pipe, or until a limit is overrun, which is returned as well.

    The first page may take twice as long as the others: the models are loaded before it.
    """
    parts: list[bytes] = []
    size = 0
    end = time.monotonic() + job.limits.parse_seconds_max
    stall = time.monotonic() + 2 * job.page_seconds_max
    poller = select.poll()
    poller.register(pipe, select.POLLIN)
    while (left := min(end, stall) - time.monotonic()) > 0:
        if not poller.poll(left * 1000):
            break
        part = os.read(pipe, _READ_BYTES)
        if not part:
            return b"".join(parts), None
        parts.append(part)
        size += len(part)
        if size > job.limits.parse_result_bytes_max:
            return b"".join(parts), ParserCrashed()
        if pages := part.count(wire.PAGE_END):
            for _ in range(pages):
                job.on_page()
            stall = time.monotonic() + job.page_seconds_max
    return b"".join(parts), ParserTimedOut()


def ended(status: int, *, complete: bool) -> ParseError | None:
    """Turn the end of a child into an error, unless it ended by itself with an answer.

    The host kills a child after its answer, so SIGKILL counts only without one.
    """
    if os.WIFEXITED(status) or complete:
        return None
    number = os.WTERMSIG(status)
    if number == signal.SIGXCPU:
        return ParserTimedOut()
    return ParserOutOfMemory() if number in _GAVE_UP else ParserCrashed()


def reading(answer: bytes, failure: ParseError | None, asked: int) -> Reading:
    """Return what a child read by OCR of so many pages, as far as it came.

    What it wrote after a page counts only as far as it is a document. A child that says that it
    read more than it was asked for is not believed.
    """
    *pages, last = answer.split(wire.PAGE_END)
    try:
        if failure is None:
            return Reading(wire.decode(last), asked, None)
    except ParseError as error:
        failure = error
    try:
        done = wire.decode(pages[-1]) if pages else None
    except ParseError:
        done = None
    read = 0 if done is None else min(len(pages), asked)
    return Reading(done, read, None if read == asked else failure)
