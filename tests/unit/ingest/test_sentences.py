import pytest

from ingest.sentences import spans


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("Growth was 3.5 percent. It held.", ["Growth was 3.5 percent.", "It held."]),
        ("Mr. Smith met Dr. Lee. They left.", ["Mr. Smith met Dr. Lee.", "They left."]),
        ("The U.S. Army, e.g. here. Yes.", ["The U.S. Army, e.g. here.", "Yes."]),
        ('He said "Stop." Then he left.', ['He said "Stop."', "Then he left."]),
        ("收入增长。利润下降！为什么？", ["收入增长。", "利润下降！", "为什么？"]),
        ("他说：“好的。”然后走了。", ["他说：“好的。”", "然后走了。"]),
        ("第一；第二；第三", ["第一；", "第二；", "第三"]),
        ("见 v2.0 版。Then English.", ["见 v2.0 版。", "Then English."]),
        ("  padded.  ", ["padded."]),
        ("no end", ["no end"]),
        ("   ", []),
    ],
)
def test_spans(text: str, expected: list[str]) -> None:
    assert [text[start:end] for start, end in spans(text)] == expected
