"""Which passages are shown as one, and which only look alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.corpus import Chunk, DocumentVersion
from retrieval.duplicates import Folding, place_of_quote
from retrieval.passages import Passage

VERSION = DocumentVersion(1, "digest of the file")
CLAUSE = (
    "The supplier delivers the goods to the place that the purchaser names in the order. Risk "
    "passes when the goods are handed over there. The purchaser inspects them within 10 working "
    "days and tells the supplier of every visible defect in writing. Hidden defects are told as "
    "soon as they are found. What is not told in time counts as accepted, unless the supplier "
    "knew of the defect and kept it secret."
)
RULE = (
    "供应商将货物运到采购方在订单中指定的地点，货物在该地点交付时风险转移。采购方应当在10个工作日内"
    "检验货物，并以书面形式将可见的缺陷告知供应商。隐蔽的缺陷在发现后应当立即告知。逾期告知的视为"
    "验收合格，供应商明知缺陷而隐瞒的除外。"
)


def passage(text: str, number: int = 1, headings: tuple[str, ...] = ()) -> Passage:
    chunk = Chunk(0, text, 0, len(text), headings)
    return Passage(number, f"d{number}", f"{number}.pdf", VERSION, f"digest of {number}", chunk)


def groups(*passages: Passage, similarity_min: float | None = 0.9) -> list[list[str]]:
    folding = Folding(10, 10, similarity_min)
    for one in passages:
        folding.add(one)
    return [[hit.document_id, *(c.document_id for c in hit.copies)] for hit in folding.hits()]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (CLAUSE, CLAUSE.upper().replace(" ", "\n")),
        (CLAUSE, f"{CLAUSE} General terms of purchase."),
        (CLAUSE, CLAUSE.replace("names in the order", "names in its order")),
        (RULE, RULE.replace("，", ", ")),
        (RULE, RULE.replace("应当立即告知", "应立即告知")),
    ],
    ids=["spelling", "footer", "a word", "Chinese marks", "a Chinese word"],
)
def test_what_says_the_same_is_shown_once(one: str, other: str) -> None:
    assert groups(passage(one), passage(other, 2)) == [["d1", "d2"]]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (CLAUSE, CLAUSE.replace("10 working", "15 working")),
        (CLAUSE, CLAUSE.replace("counts as accepted", "counts not as accepted")),
        (RULE, RULE.replace("10个", "15个")),
        (RULE, RULE.replace("视为验收", "不视为验收")),
        (CLAUSE, CLAUSE[: len(CLAUSE) // 2]),
        ("The price is $5.", "The price is €5."),
        ("Growth was -5 %.", "Growth was 5 %."),
        ("----", "===="),
    ],
    ids=["figure", "negation", "Chinese figure", "Chinese negation", "part", "money", "sign", "-"],
)
def test_what_says_something_else_is_not_folded(one: str, other: str) -> None:
    assert groups(passage(one), passage(other, 2)) == [["d1"], ["d2"]]


def test_the_same_words_under_another_heading_are_about_something_else() -> None:
    first = passage(CLAUSE, 1, ("Terms", "Machines"))
    assert groups(first, passage(CLAUSE, 2, ("Terms", "Spare parts"))) == [["d1"], ["d2"]]
    assert groups(first, passage(CLAUSE, 2)) == [["d1", "d2"]]


def test_only_equal_words_are_folded_at_one_and_nothing_without_a_threshold() -> None:
    near = passage(CLAUSE.replace("the order", "its order"), 2)
    assert groups(passage(CLAUSE), near, similarity_min=1) == [["d1"], ["d2"]]
    assert groups(passage(CLAUSE), passage(CLAUSE, 2), similarity_min=None) == [["d1"], ["d2"]]


def test_full_results_take_copies_only_and_not_too_many_of_them() -> None:
    folding = Folding(1, 2, 0.9)
    assert not folding.is_full
    for number in (1, 2, 3, 4):
        folding.add(passage(CLAUSE, number))
    folding.add(passage(RULE, 5))
    [hit] = folding.hits()
    assert folding.is_full
    assert [copy.document_id for copy in hit.copies] == ["d2", "d3"]


@given(st.lists(st.sampled_from([CLAUSE, RULE, f"{CLAUSE} More.", "Short.", "5"]), max_size=9))
def test_every_passage_is_shown_or_told_with_another_and_the_best_one_leads(
    texts: list[str],
) -> None:
    found = groups(*(passage(text, number) for number, text in enumerate(texts)))
    assert sorted(one for group in found for one in group) == [f"d{n}" for n in range(len(texts))]
    assert all(group == sorted(group) for group in found)
    assert [group[0] for group in found] == sorted(group[0] for group in found)


def test_a_quote_is_found_in_a_copy_whatever_the_space() -> None:
    copy = Chunk(0, "Costs (of  hotels)\nare refunded.", 100, 132)
    assert place_of_quote("Costs (of hotels) are", copy) == (100, 122)
    assert place_of_quote("Costs of hotels", copy) is None
    assert place_of_quote(" ", copy) is None
