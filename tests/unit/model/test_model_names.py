import pytest

from model.errors import UnknownModel
from model.model_names import whole_name

NAMES = ["qwen2.5-coder-0.5b-instruct", "qwen2.5-coder-1.5b-instruct", "ours", "ours-large"]


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("qwen2.5-coder-1.5b-instruct", NAMES[1]),
        ("qwen2.5-coder-1.5b", NAMES[1]),
        ("Coder-1.5B", NAMES[1]),
        ("1.5b", NAMES[1]),
        ("…-1.5b", NAMES[1]),
        ("0.5b-instruct", NAMES[0]),
        ("ours", "ours"),
        ("large", "ours-large"),
    ],
)
def test_part_of_a_name(written: str, name: str) -> None:
    assert whole_name(written, NAMES) == name


@pytest.mark.parametrize("written", ["", "-", "5b", "coder", "qwen", "1.5b-coder", "gpt-9"])
def test_no_name(written: str) -> None:
    with pytest.raises(UnknownModel, match=r"known are|may be"):
        whole_name(written, NAMES)


def test_what_may_be_meant_is_listed() -> None:
    with pytest.raises(
        UnknownModel, match=r"'coder' may be \S+0\.5b-instruct or \S+1\.5b-instruct"
    ):
        whole_name("coder", NAMES)
    with pytest.raises(UnknownModel, match=r"'gpt-9'; known are qwen2\.5.*ours-large\. `source"):
        whole_name("gpt-9", NAMES)
