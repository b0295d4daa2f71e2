"""What typesetting does to characters of a line is undone."""

import pytest

from ingest.parsers.characters import one_line
from ingest.parsers.pdf_spelling import broken, spelled

GRAVE = "\u0300"
NO_BREAK = "\u00a0"


def test_marks_of_broken_words_are_gone() -> None:
    assert spelled("hyphen\x02ated \ufffe") == "hyphenated "


def test_an_accent_reported_at_the_end_of_the_line_goes_back_to_its_space() -> None:
    line = f"for {NO_BREAK}{GRAVE}frozen' and {NO_BREAK}unstable'? {GRAVE}"
    assert one_line(spelled(line)) == "for `frozen' and `unstable'?"


def test_an_accent_among_the_dots_of_an_entry_goes_back_too() -> None:
    line = f"in {NO_BREAK}stable'? . . . . .{GRAVE} 5"
    assert one_line(spelled(line)) == "in `stable'? . . . . . 5"


def test_accents_that_no_space_waits_for_stay() -> None:
    line = f"one{NO_BREAK}two .{GRAVE} {GRAVE}"
    assert spelled(line) == line


def test_accents_on_letters_stay() -> None:
    assert one_line(spelled("re\u0301sume\u0301")) == "résumé"


@pytest.mark.parametrize("arrow", ["\u2190-", "\u2190\u0593", "\u21a9", "\u23ce"])
def test_the_arrow_after_broken_code_is_no_part_of_it(arrow: str) -> None:
    assert broken(f"desktop=mate- {arrow}") == ("desktop=mate-", True)
    assert broken(f"language=en {arrow}") == ("language=en", False)


def test_arrows_within_a_line_stay() -> None:
    assert broken("back \u2190- forth") == ("back \u2190- forth", False)
    assert broken("\u21a9") == ("\u21a9", False)
