import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.lexical.postings import Segment, merge_segments, numbers, write_segments


def chunks(*tokens: list[int]) -> list[NDArray[np.uint64]]:
    return [np.array(one, np.uint64) for one in tokens]


def written(tokens: list[NDArray[np.uint64]], first_slot: int) -> Segment:
    (segment,) = write_segments(tokens, first_slot)
    return segment


def contents(segment: Segment) -> dict[int, dict[int, int]]:
    tokens = segment.tokens
    places = segment.find(tokens)
    return {
        int(token): dict(zip(segment.slots[p].tolist(), segment.counts[p].tolist(), strict=True))
        for token, p in zip(tokens, places, strict=True)
    }


def test_a_segment_counts_each_token_of_each_chunk() -> None:
    segment = written(chunks([5, 3, 5], [], [3]), 10)
    assert contents(segment) == {3: {10: 1, 12: 1}, 5: {10: 2}}
    missing = segment.find(np.array([0, 4, 2**64 - 1], np.uint64))
    assert [len(segment.slots[where]) for where in missing] == [0, 0, 0]


def test_merging_keeps_every_posting() -> None:
    first, second = written(chunks([1, 2], [2]), 0), written(chunks([2, 9]), 2)
    merged = merge_segments([first, second])
    assert contents(merged) == {1: {0: 1}, 2: {0: 1, 1: 1, 2: 1}, 9: {2: 1}}
    assert contents(merge_segments([merged])) == contents(merged)
    assert contents(merge_segments([first, written(chunks([]), 2)])) == contents(first)


def test_moving_renumbers_and_leaves_out() -> None:
    segment = written(chunks([1, 2], [2, 2], [2, 9], [4]), 0)
    assert contents(segment.moved(np.array([-1, 0, 1, -1]))) == {2: {0: 2, 1: 1}, 9: {1: 1}}
    assert contents(segment.moved(np.full(4, -1))) == {}


def test_more_chunks_than_a_segment_numbers_make_several() -> None:
    several = list(write_segments(chunks([7]) * 65_537, 5))
    assert [len(segment) for segment in several] == [65_536, 1]
    assert contents(several[1]) == {7: {65_541: 1}}
    assert len(merge_segments(several)) == 65_537
    assert list(write_segments([], 0)) == []


def test_a_count_has_an_end() -> None:
    assert contents(written(chunks([1] * 70_000), 0)) == {1: {0: 65_535}}


def test_tokens_that_were_cut_are_refused() -> None:
    with pytest.raises(ValueError, match="8 bytes"):
        numbers(b"1234567")
