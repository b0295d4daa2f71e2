import pytest

from retrieval.scripts import is_chinese


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("What is the notice period?", False),
        ("离职通知期是多久？", True),
        ("離職通知期是多久？", True),
        ("Docker 容器怎么重启", True),
        ("What does 通知期 mean in this employment contract?", False),
        ("2024", False),
        ("", False),
    ],
)
def test_recognises_chinese_questions(text: str, expected: bool) -> None:
    assert is_chinese(text) is expected
