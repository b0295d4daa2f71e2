import pytest

from retrieval.scripts import is_chinese, script_of


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


@pytest.mark.parametrize(
    ("language", "script"),
    [("zh", "chinese"), ("ja", "chinese"), ("en", "other"), ("de", "other"), (None, "unknown")],
)
def test_the_script_of_a_language(language: str | None, script: str) -> None:
    assert script_of(language) == script
