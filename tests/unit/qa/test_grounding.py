"""Whatever a model writes, what is shown stands where the citation points."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.grounding import Grounding
from qa.language import language_of
from qa.numbers import numbers_claimed
from qa.passages import Passage
from qa.settings import GroundingThresholds
from qa.vectors import SentenceVectors
from qa.verbatim import is_short, stands_in
from qa.words import content_terms
from retrieval.corpus import Chunk, Hit

BEFORE = 7
TEXTS = (
    "Hotel costs are refunded up to 120 euros a night. Receipts are handed in within 30 days.",
    "The hall has 480 racks. It was opened in March 2019 by Maria Lopez, not by the mayor.",
    "员工出差住宿费每晚不超过600元。报销单由财务部王芳审核，一般在10个工作日内付款。",
)
WORDS = (
    *("120 euros", "30 days", "2019", "480", "racks", "March", "Maria Lopez", "not", "opened"),
    *("600元", "王芳", "10个工作日", "每晚", "hotel costs", "up to", "the", "31", "元", "receipts"),
)


class Alike:
    """All texts mean the same, so only their words and numbers can keep a claim out."""

    dimensions = 1

    def embed_queries(self, queries: Sequence[str]) -> np.ndarray:
        return np.ones((len(queries), 1), dtype=np.float32)

    embed_passages = embed_queries


def grounded(question: str, *texts: str) -> Grounding:
    passages = [
        Passage(Hit(f"{n}.0", f"{n}", f"{n}.pdf", 1, Chunk(0, text, BEFORE, BEFORE + len(text))))
        for n, text in enumerate(texts)
    ]
    vectors = SentenceVectors(Alike(), passages)
    return Grounding(question, passages, vectors, GroundingThresholds())


@pytest.fixture(scope="module")
def grounding() -> Grounding:
    return grounded("What is the limit?", *TEXTS)


said = st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join)
chunk_ids = st.frozensets(st.sampled_from(["0.0", "1.0", "2.0", "9.0"]))


@given(words=said, cited=chunk_ids)
def test_verbatim_words_stand_in_the_quote_and_first_in_what_is_cited(grounding, words, cited):
    support = grounding.verbatim(words, cited)
    if support is None:
        return
    assert stands_in(words, support.quote)
    text = support.hit.chunk.text
    assert text[support.start - BEFORE : support.end - BEFORE] == support.quote
    holders = {f"{n}.0" for n, one in enumerate(TEXTS) if stands_in(words, one)}
    assert support.hit.chunk_id in (holders & cited or holders)


@pytest.mark.parametrize("text", TEXTS)
@given(data=st.data())
def test_every_run_of_words_of_a_sentence_is_verbatim(grounding, text, data):
    words = text.split(". ")[0].split(" ")
    start = data.draw(st.integers(0, len(words) - 1))
    run = " ".join(words[start : data.draw(st.integers(start + 1, len(words)))])
    if content_terms(run):
        assert stands_in(run, grounding.verbatim(run, frozenset()).quote)


@given(words=said)
def test_a_supported_claim_brings_no_number_of_its_own(grounding, words):
    support = grounding.support(words)
    if support is None:
        return
    assert numbers_claimed(words) <= numbers_claimed(support.quote) | {"0", "1", "2"}
    if language_of(words) == language_of(support.quote):
        assert not (is_short(words) and numbers_claimed(words))


@pytest.mark.parametrize(
    "words", ["30 euros", "120 days", "480 euros", "2019 racks", "600个工作日", "121 euros"]
)
def test_words_that_stand_apart_do_not_support_an_amount(grounding, words):
    assert grounding.verbatim(words, frozenset({"0.0", "1.0", "2.0"})) is None
    assert grounding.support(words) is None


def test_words_in_another_order_support_a_name(grounding):
    assert grounding.support("Lopez, Maria").quote.startswith("It was opened in March 2019")
    assert "Lopez" not in grounding.support("Maria Lopez of Dublin").quote


def test_a_figure_is_not_said_of_what_only_the_question_names():
    grounding = grounded("Are taxi fares and parking fees of visitors refunded?", TEXTS[0])
    assert grounding.support("Hotel costs are refunded up to 120 euros a night.")
    of_another = "Taxi fares and parking fees of visitors are refunded up to 120 euros a night."
    assert grounding.support(of_another) is None


def test_words_gathered_from_all_over_a_passage_support_nothing():
    text = (
        "The hotel is paid by the office. Receipts are handed in within a month. "
        "Parking in the yard costs nothing. Taxis are called at the desk. "
        "Breakfast is served in the hall. Visitors wear a badge."
    )
    grounding = grounded("What is there?", text)
    assert grounding.support("Breakfast is served in the hall, and visitors wear a badge.")
    assert not grounding.support("The hotel hands badges, parking, taxis, breakfast and receipts.")
