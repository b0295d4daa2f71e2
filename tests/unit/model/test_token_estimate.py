import pytest

from model.backends.token_estimate import estimate_tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("", 0), ("a", 1), ("three short words", 6), ("12.5 %", 6), ("两个字。", 4)],
)
def test_estimate(text: str, tokens: int) -> None:
    assert estimate_tokens(text) == tokens
