from collections.abc import Sequence

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from model.sampling import Sampler, Sampling
from model.speculation import DraftLength, PromptLookup, accept

tokens = st.lists(st.integers(0, 3), max_size=30)


def after(prompt: Sequence[int], text: Sequence[int], *drafts: Sequence[int]) -> PromptLookup:
    lookup = PromptLookup(prompt, drafts)
    for token in text:
        lookup.append(token)
    return lookup


def test_proposes_how_the_prompt_went_on() -> None:
    assert after([1, 2, 3, 4, 5, 9], [2, 3]).propose(3) == [4, 5, 9]
    assert after([1, 2, 3, 4, 5, 9], [2, 3]).propose(1) == [4]


def test_nothing_new_nothing_proposed() -> None:
    assert after([1, 2, 3], [7]).propose(5) == []
    assert after([], []).propose(5) == []
    assert after([1, 2, 3], [1]).propose(0) == []


def test_the_longest_run_decides() -> None:
    prompt = [5, 1, 2, 7, 7, 9, 2, 8, 8]
    assert after(prompt, [1, 2]).propose(2) == [7, 7]
    assert after(prompt, [4, 2]).propose(2) == [8, 8]


def test_the_place_nearest_to_the_end_is_followed() -> None:
    assert after([1, 5, 1, 6, 0], [1]).propose(1) == [6]


def test_a_run_may_reach_back_into_the_prompt() -> None:
    assert after([8, 9, 1, 4, 4, 8, 9], [1]).propose(1) == [4]


def test_own_text_is_looked_up_too() -> None:
    assert after([0], [4, 5, 6, 4, 5]).propose(2) == [6, 4]


def test_drafts_come_first_and_end_where_they_end() -> None:
    prompt = [1, 2, 3, 0]
    assert after(prompt, [1, 2], [1, 2, 7], [1, 2, 8, 9]).propose(5) == [7]
    assert after(prompt, [8], [1, 2, 7], [1, 2, 8, 9]).propose(5) == [9]
    assert after(prompt, [9], [1, 2, 7], [1, 2, 8, 9]).propose(5) == []


def test_goes_on_where_it_is_instead_of_jumping() -> None:
    """The text is in the first of two copies: the tokens before the looked up ones tell so."""
    first, second = [10, 1, 2, 3, 4, 5, 20], [11, 1, 2, 3, 4, 5, 21]
    lookup = PromptLookup([*first, *second, 10])
    followed = []
    for token in first[1:]:
        followed += lookup.propose(1)
        lookup.append(token)
    assert followed == first[1:]


def test_leaves_a_source_that_goes_on_differently() -> None:
    lookup = after([1, 2, 3, 4, 7, 8, 0], [1])
    assert lookup.propose(2) == [2, 3]
    lookup.append(7)
    assert lookup.propose(2) == [8, 0]


@given(prompt=tokens, text=tokens, drafts=st.lists(tokens, max_size=3), count=st.integers(0, 6))
def test_a_proposal_is_what_followed_the_last_token_somewhere(
    prompt: list[int], text: list[int], drafts: list[list[int]], count: int
) -> None:
    lookup = PromptLookup(prompt, drafts)
    for token in text:
        lookup.propose(count)  # looking changes nothing
        lookup.append(token)
    proposed = lookup.propose(count)
    assert len(proposed) <= count
    written = prompt + text
    if proposed:
        run = [written[-1], *proposed]
        texts = [written, *drafts]
        assert any(run == t[i : i + len(run)] for t in texts for i in range(len(t)))


class Reference:
    """A decoder whose logits depend on the last token alone."""

    def __init__(self, size: int = 6) -> None:
        self.logits = torch.randn(size, size, generator=torch.Generator().manual_seed(2)) * 2

    def one_by_one(self, first: int, count: int, how: Sampling) -> list[int]:
        sampler, chosen = Sampler(how), [first]
        for _ in range(count):
            chosen.append(sampler.choose(self.logits[chosen[-1]]))
        return chosen[1:]

    def speculated(self, first: int, count: int, how: Sampling, lookup: PromptLookup) -> list[int]:
        sampler, chosen = Sampler(how), [first]
        while len(chosen) <= count:
            proposed = lookup.propose(4)
            rows = self.logits[torch.tensor([chosen[-1], *proposed])]
            new = accept(proposed, rows, sampler)
            assert new[:-1] == proposed[: len(new) - 1]
            for token in new:
                lookup.append(token)
            chosen += new
        return chosen[1 : count + 1]


@pytest.mark.parametrize(
    "how", [Sampling(), Sampling(0.8, seed=3), Sampling(1.5, top_k=4, seed=4)], ids=str
)
@pytest.mark.parametrize("draft", [[1], [0, 1, 2, 3, 4, 5, 0, 2, 4], [3, 3, 3, 3, 3]], ids=str)
def test_speculated_text_is_the_text(how: Sampling, draft: list[int]) -> None:
    reference = Reference()
    found = reference.speculated(1, 60, how, PromptLookup([2, 1], [draft]))
    assert found == reference.one_by_one(1, 60, how)


def test_all_true_proposals_bring_one_token_more() -> None:
    rows = torch.eye(5)[[1, 2, 3]]
    assert accept([1, 2], rows, Sampler(Sampling())) == [1, 2, 3]
    assert accept([1, 4], rows, Sampler(Sampling())) == [1, 2]
    assert accept([], rows[:1], Sampler(Sampling())) == [1]


def test_proposes_more_the_more_comes_true() -> None:
    length = DraftLength(tokens_max=10, row_cost=0.1)
    before = length.next()
    for _ in range(20):
        length.record(4, 4)
    assert length.next() == 10 > before > 0


def test_proposes_nothing_when_nothing_comes_true_and_tries_again() -> None:
    length = DraftLength(tokens_max=10, row_cost=0.2)
    for _ in range(20):
        length.record(4, 0)
    tries = [length.next() for _ in range(20)]
    assert tries[0] == 0 < tries[-1]


def test_rows_that_cost_as_much_as_steps_are_not_worth_it() -> None:
    assert DraftLength(tokens_max=10, row_cost=1.0).next() == 0
    assert DraftLength(tokens_max=10, row_cost=0.0).next() == 10


def test_fewer_are_proposed_while_others_write() -> None:
    counts = [DraftLength(tokens_max=10, row_cost=0.1).next(others) for others in (0, 2, 8, 100)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[2] > counts[3] == 0


def test_steps_without_proposals_teach_nothing() -> None:
    length = DraftLength(tokens_max=10, row_cost=0.1)
    before = length.next()
    for _ in range(50):
        length.record(0, 0)
    assert length.next() == before
