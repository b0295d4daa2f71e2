"""Batches of texts of like length, so that little of the work is padding."""

from collections.abc import Iterator, Sequence


def batches_by_length(lengths: Sequence[int], batch_tokens_max: int) -> Iterator[list[int]]:
    """Yield indices of texts, longest first, in batches whose padded size stays in the budget.

    A text longer than the budget is a batch by itself. Longest first: memory peaks, and fails if
    it must, at the start.
    """
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lambda index: -lengths[index]):
        padded_length = lengths[batch[0]] if batch else 0
        if batch and padded_length * (len(batch) + 1) > batch_tokens_max:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch
