"""Texts cut into sentences and put together again, in both languages."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.tuning.sentences import Sentences

ENGLISH = "Tea grows in Assam. It came there in 1823. Mr. Bruce sold it at 3.5 pounds!"
CHINESE = "茶树生长在阿萨姆。1823年传入，由布鲁斯带来；后来出口。"


@given(st.text(alphabet="ab .!\n。；，", max_size=60))
def test_nothing_is_lost(text: str) -> None:
    assert "".join(Sentences.of(text).pieces) == text


@pytest.mark.parametrize(
    ("text", "count"), [(ENGLISH, 4), (CHINESE, 3), ("no stop", 1), ("", 0), ("v1.2 runs", 1)]
)
def test_sentences_end_at_stops(text: str, count: int) -> None:
    assert len(Sentences.of(text).pieces) == count


def test_a_span_lies_in_one_sentence_or_several() -> None:
    sentences = Sentences.of(CHINESE)
    assert sentences.holding("1823年") == (1, 2)
    assert sentences.holding("阿萨姆。1823") == (0, 2)
    assert sentences.holding("咖啡") is None


@given(st.text(alphabet="ab. ", min_size=1, max_size=40), st.data())
def test_the_run_that_holds_a_span_does(text: str, data: st.DataObject) -> None:
    begin = data.draw(st.integers(0, len(text) - 1))
    span = text[begin : data.draw(st.integers(begin + 1, len(text)))]
    first, end = Sentences.of(text).holding(span) or (0, 0)
    assert span in "".join(Sentences.of(text).pieces[first:end])


def test_what_is_cut_out_is_gone() -> None:
    assert Sentences.of(CHINESE).without((1, 2)) == "茶树生长在阿萨姆。后来出口。"


def test_a_run_grows_to_both_sides_but_not_beyond_its_length() -> None:
    sentences = Sentences.of("a1. b2. c3. d4. e5.")
    grown = {sentences.around((2, 3), 11, Random(seed)) for seed in range(20)}
    assert grown == {"a1. b2. c3.", "b2. c3. d4.", "c3. d4. e5."}
    assert sentences.around((2, 3), 1, Random(0)) == "c3."
    assert sentences.around((0, 1), 99, Random(0)) == "a1. b2. c3. d4. e5."


def test_clauses_end_at_commas() -> None:
    assert Sentences.clauses("一，二；三").pieces == ("一，", "二；", "三")
