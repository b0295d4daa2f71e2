"""What OCR reads of a document when some of its pages cannot be read."""

from collections.abc import Callable, Sequence
from itertools import count

import pytest

from ingest.blocks import Block, ParsedDocument
from ingest.errors import (
    NoText,
    ParseError,
    ParserCrashed,
    ParserOutOfMemory,
    ParserTimedOut,
    SandboxUnavailable,
)
from ingest.omissions import Omission
from ingest.sandbox import answers, wire
from ingest.sandbox.jobs import Job, Reading
from ingest.sandbox.pictures import read_pictures
from ingest.sandbox.reading import read_all
from ingest.sandbox.scans import read_scans
from ingest.settings import ParseLimits
from retrieval.corpus import Box

LIMITS = ParseLimits(ocr_pages_per_process=4)


def pages(numbers: Sequence[int]) -> ParsedDocument:
    return ParsedDocument(None, tuple(Block("text", f"p{n}", page=n) for n in numbers), None, None)


def job(limits: ParseLimits = LIMITS, scans: Sequence[int] = ()) -> Job:
    return Job(-1, "application/pdf", limits, scans=tuple(scans))


class Child:
    """Reads pages until one that it does not survive; says which it was asked for."""

    def __init__(self, bad: Sequence[int] = (), error: ParseError | None = None) -> None:
        self.bad, self.error = frozenset(bad), error or ParserTimedOut()
        self.asked: list[tuple[int, ...]] = []

    def __call__(self, job: Job) -> Reading:
        wanted = job.scans or tuple(range(1, len(job.pictures) + 1))
        self.asked.append(wanted)
        done: list[int] = []
        for number in wanted:
            if number in self.bad:
                return Reading(pages(done) if done else None, len(done), self.error)
            done.append(number)
            job.on_page()
        return Reading(pages(done), len(done), None)


def scanned(
    unread: Sequence[int], child: Child, limits: ParseLimits = LIMITS, native: Sequence[int] = ()
) -> tuple[ParsedDocument, list[tuple[int, int]]]:
    progress: list[tuple[int, int]] = []
    document = ParsedDocument(None, pages(native).blocks, 20, None, unread_pages=tuple(unread))
    found = read_scans(document, job(limits), child, lambda *counts: progress.append(counts))
    return found, progress


def test_pages_around_one_that_cannot_be_read_are_kept() -> None:
    child = Child(bad=[3, 9])
    found, progress = scanned(range(1, 11), child)
    assert child.asked == [(1, 2, 3, 4), (4, 5, 6, 7), (8, 9, 10), (10,)]
    assert [block.page for block in found.blocks] == [1, 2, 4, 5, 6, 7, 8, 10]
    assert found.omissions == (Omission("pages", "parser_timed_out", 2, ((3, 3), (9, 9))),)
    assert progress == [(n, 10) for n in range(1, 11)]  # what is left out is dealt with as well


@pytest.mark.parametrize("most", [1, 3])
def test_reading_is_given_up_after_some_children_that_read_nothing(most: int) -> None:
    child = Child(bad=range(2, 1000), error=ParserOutOfMemory())
    limits = LIMITS.model_copy(update={"ocr_fruitless_processes_max": most})
    found, _ = scanned(range(1, 301), child, limits)
    assert len(child.asked) == most + 1
    assert [block.page for block in found.blocks] == [1]
    assert found.omissions == (Omission("pages", "parser_out_of_memory", 299, ((2, 300),)),)


def test_a_document_of_which_nothing_was_read_fails_for_the_reason() -> None:
    with pytest.raises(ParserOutOfMemory):
        scanned(range(1, 10), Child(bad=range(20), error=ParserOutOfMemory()))
    found, _ = scanned(range(2, 10), Child(bad=range(20)), native=[1])
    assert (found.text, found.omissions[0].pages) == ("p1", ((2, 9),))


def test_a_document_may_take_as_long_as_its_pages_together() -> None:
    limits = ParseLimits(
        ocr_pages_per_process=1, ocr_seconds_per_page_max=30, ocr_mean_seconds_per_page_max=20
    )
    ticks = count(step=25)  # seconds that each page takes
    asked: list[Job] = []
    child = Child()

    def read(part: Job) -> Reading:
        asked.append(part)
        return child(part)

    clock: Callable[[], float] = lambda: next(ticks)  # noqa: E731 - a clock is a value here
    found = read_all(job(limits, range(1, 11)), read, lambda *_: None, clock)
    assert len(child.asked) == 7  # 10 pages have 200 seconds
    assert asked[0].limits.parse_seconds_max == 60  # the page, and loading
    assert asked[-1].limits.parse_seconds_max == 25  # what is left
    assert {type(error) for error in found.unread.values()} == {ParserTimedOut}
    assert sorted(found.unread) == [7, 8, 9]


def test_a_child_that_cannot_be_started_ends_the_work() -> None:
    def unavailable(_job: Job) -> Reading:
        raise SandboxUnavailable

    with pytest.raises(SandboxUnavailable):
        read_all(job(scans=[1]), unavailable, lambda *_: None)


def test_pictures_that_were_not_read_are_counted() -> None:
    boxes = [Box(n, 0, 0, 1, 1) for n in range(1, 8)]
    drafts = tuple(Block("picture", "", boxes=(box,)) for box in boxes)
    document = ParsedDocument(None, (Block("text", "Annex"), *drafts), None, None)
    limits = ParseLimits(ocr_pictures_max=5)
    found = read_pictures(document, job(limits), Child(bad=[3]), lambda *_: None)
    # The child after the one that ended at the third picture numbers the others from 1.
    assert [block.text for block in found.blocks] == ["Annex", "p1", "p2", "p1", "p2"]
    assert found.omissions == (
        Omission("pictures", "document_too_large", 2),
        Omission("pictures", "parser_timed_out", 1),
    )


def written(*documents: ParsedDocument) -> bytes:
    return b"".join(wire.encode_document(one) + wire.PAGE_END for one in documents)


def test_the_answer_of_a_child_that_was_ended_counts_as_far_as_it_came() -> None:
    one, two = pages([1]), pages([1, 2])
    broken = written(one, two) + wire.encode_document(pages([1, 2, 3]))[:30]
    assert answers.reading(broken, ParserTimedOut(), 5).read == 2
    assert answers.reading(broken, ParserTimedOut(), 5).document == two
    whole = answers.reading(written(one) + wire.encode_document(one), None, 1)
    assert (whole.document, whole.read, whole.failure) == (one, 1, None)
    named = answers.reading(written(one) + wire.encode_error(NoText()), None, 2)
    assert isinstance(named.failure, NoText)
    assert (named.document, named.read) == (one, 1)


def test_a_child_is_not_believed_more_than_it_was_asked_for() -> None:
    many = answers.reading(written(*[pages([1])] * 9), ParserCrashed(), 2)
    assert (many.read, many.failure) == (2, None)
    garbage = answers.reading(b"\n\n\nnonsense", None, 5)
    assert (garbage.document, garbage.read) == (None, 0)
    assert isinstance(garbage.failure, ParserCrashed)


def read_again(
    earlier: ParsedDocument, child: Child, limits: ParseLimits = LIMITS, total: int = 10
) -> ParsedDocument:
    document = ParsedDocument(None, (), 20, None, unread_pages=tuple(range(1, total + 1)))
    return read_scans(document, job(limits), child, lambda *_: None, earlier)


def test_only_pages_that_are_missing_are_read_again() -> None:
    earlier, _ = scanned(range(1, 11), Child(bad=[3, 9]))
    child = Child()
    found = read_again(wire.decode(wire.encode_document(earlier)), child)
    assert child.asked == [(3, 9)]
    assert [block.page for block in found.blocks] == list(range(1, 11))
    assert found.omissions == ()


def test_what_is_missing_again_is_named_again() -> None:
    earlier, _ = scanned(range(1, 11), Child(bad=[3, 9]))
    found = read_again(earlier, Child(bad=[9]))
    assert [block.page for block in found.blocks] == [1, 2, 3, 4, 5, 6, 7, 8, 10]
    assert found.omissions == (Omission("pages", "parser_timed_out", 1, ((9, 9),)),)


def test_pages_that_were_read_otherwise_are_all_read_again() -> None:
    earlier, _ = scanned(range(1, 11), Child(bad=[3]))
    finer = LIMITS.model_copy(update={"ocr_side_pixels_max": 2560})
    child = Child()
    assert read_again(earlier, child, finer).omissions == ()
    assert sum(map(len, child.asked)) == 10


def test_pages_that_are_too_many_stay_so_and_none_is_lost() -> None:
    few = LIMITS.model_copy(update={"ocr_pages_max": 4})
    earlier, _ = scanned(range(1, 11), Child(bad=[2]), few)
    child = Child()
    found = read_again(earlier, child, few)
    assert child.asked == [(2,)]
    assert [block.page for block in found.blocks] == [1, 2, 3, 4]
    assert found.omissions == (Omission("pages", "document_too_large", 6, ((5, 10),)),)


def test_what_stands_beside_a_page_is_kept_once_when_the_page_is_read() -> None:
    short, note = Block("text", "p", page=2), Block("text", "Comment: why?", page=2, beside=True)
    document = ParsedDocument(None, (short, note), 3, None, unread_pages=(1, 2, 3))
    found = read_scans(document, job(), Child(bad=[3]), lambda *_: None)
    assert [block.text for block in found.blocks] == ["p1", "p2", "Comment: why?"]
    again = read_scans(document, job(), Child(), lambda *_: None, earlier=found)
    assert [block.text for block in again.blocks] == ["p1", "p2", "Comment: why?", "p3"]
