"""A recogniser's columns become text, with spaces where one was nearly seen."""

import numpy as np
import pytest

from ingest.parsers.ocr_spaces import Decoder

ALPHABET = ["blank", *"L:03中国", " "]
SPACE = len(ALPHABET) - 1


def columns(*seen: str | float) -> np.ndarray:
    """A column for each character ("-" is blank); a number is a blank with so likely a space."""
    probabilities = np.zeros((1, len(seen), len(ALPHABET)), np.float32)
    for at, what in enumerate(seen):
        if isinstance(what, str):
            probabilities[0, at, 0 if what == "-" else ALPHABET.index(what)] = 0.9
        else:
            probabilities[0, at, [0, SPACE]] = 0.55, what
    return probabilities


def read(*seen: str | float) -> str:
    [(text, _)], _ = Decoder(ALPHABET)(columns(*seen), True, wh_ratio_list=(1.0,))
    return text


@pytest.mark.parametrize(
    ("seen", "text"),
    [
        (("L", "L", "-", "L", ":", "0"), "LL:0"),
        (("L", ":", 0.4, "0", "3"), "L: 03"),
        (("L", ":", "-", 0.4, "-", "0", "3"), "L: 03"),
        (("L", ":", 0.1, "0", "3"), "L:03"),
        (("L", ":", " ", 0.4, "0"), "L: 0"),
        (("0", 0.4, "3"), "03"),
        (("L", 0.4, "L"), "LL"),
        (("3", 0.4, "L"), "3 L"),
        (("中", 0.4, "国"), "中国"),
        (("中", 0.4, "3"), "中3"),
        (("-", "-"), ""),
    ],
)
def test_text_of_columns(seen: tuple[str | float, ...], text: str) -> None:
    assert read(*seen) == text


def test_certainty_is_that_of_the_characters() -> None:
    lines, _ = Decoder(ALPHABET)(columns("L", 0.4, "0"))
    assert lines[0][1] == pytest.approx(0.9)
    assert Decoder(ALPHABET)(columns("-"))[0] == [("", 0.0)]
