from hypothesis import given
from hypothesis import strategies as st

from retrieval.embedding.batching import batches_by_length


@given(st.lists(st.integers(1, 600), max_size=60), st.integers(1, 3000))
def test_every_text_is_in_one_batch_within_the_budget(lengths: list[int], budget: int) -> None:
    batches = list(batches_by_length(lengths, budget))
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    for batch in batches:
        padded = max(lengths[index] for index in batch) * len(batch)
        assert padded <= budget or len(batch) == 1


def test_like_lengths_go_together_and_a_batch_is_filled() -> None:
    assert list(batches_by_length([5, 100, 6, 99], 200)) == [[1, 3], [2, 0]]
