import pytest

from evaluation.answer_scores import (
    cited_numbers,
    exact_match,
    f1,
    holds_answer,
    is_refusal,
    tokens,
    without_citations,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The  Lake-House, an Inn.", ["lake", "house", "inn"]),
        ("$1,496.5 million", ["1496", "5", "million"]),
        ("１２月３日（周日）", ["12", "月", "3", "日", "周", "日"]),
        ("a 3D-Drucker in 上海市", ["3d", "drucker", "in", "上", "海", "市"]),
    ],
)
def test_tokens(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected


def test_exact_match_passes_over_marks_and_articles() -> None:
    assert exact_match("The blue gate.", ["red gate", "blue gate"])
    assert exact_match("「上海」。", ["上海"])
    assert not exact_match("the blue gates", ["blue gate"])
    assert not exact_match("臺灣", ["台湾"])


def test_f1_counts_words_and_chinese_characters() -> None:
    assert f1("the tall blue gate", ["blue gate", "gate"]) == pytest.approx(0.8)
    assert f1("上海市", ["上海"]) == pytest.approx(0.8)
    assert f1("gate gate", ["gate"]) == pytest.approx(2 / 3)
    assert f1("", ["gate"]) == f1("gate", []) == f1("wall", ["gate"]) == 0


def test_an_answer_is_held_as_whole_words() -> None:
    assert holds_answer("It closed in 1990.", ["1990"])
    assert not holds_answer("It closed in 1990.", ["90"])
    assert holds_answer("起点是南宁。", ["南宁"])
    assert not holds_answer("anything", ["?"])


def test_citations_are_read_wherever_they_stand() -> None:
    text = "By law [2], and by custom【3】; see [1, 4]."
    assert cited_numbers(text) == {1, 2, 3, 4}
    assert cited_numbers("In [brackets] and (5)") == frozenset()
    assert without_citations("Answer: six [1].") == "six."


@pytest.mark.parametrize(
    "text",
    [
        "NOT FOUND",
        "Not found. [1]",
        "The passages do not explicitly mention who pays.",
        "The price isn't stated in the text.",
        "There is no information about that in the passages.",
        "I cannot answer this question.",
        "段落中没有提到这个问题的答案。",
        "根据段落，无法确定价格。",
        "資料未提及此事。",
        "[1]",
        "",
    ],
)
def test_refusals(text: str) -> None:
    assert is_refusal(text)


@pytest.mark.parametrize(
    "text",
    [
        "Six weeks [1]",
        "Six weeks. The passages do not mention pay.",
        "The price does not include breakfast [1]",
        "这项费用不包含早餐 [1]",
        "没有围墙的花园 [2]",
        "NO",
    ],
)
def test_answers(text: str) -> None:
    assert not is_refusal(text)
