"""Which year a figure is of: of a report's many years, only the one asked about answers."""

import pytest

from qa.passages import Passage
from qa.years import column_years, figures, of_asked_year
from retrieval.corpus import Chunk, Hit

TABLE = (
    "(Millions)\t2019\t2018\t2017\n\nRevenues:\n\n"
    "Net sales\t$ 519\t$(510)\t—\nOther income\t4\t6\t5"
)
PROSE = "Research cost $1.821 billion in 2018, $1.870 billion in 2017 and $1.764 billion in 2016."
ONLY_2017 = "The tax rate for 2017 was 35.5 percent."


def passage(text: str) -> Passage:
    return Passage(Hit("d.0", "d", "d.pdf", 1, Chunk(0, text, 0, len(text))))


def said_for(year: str, words: str, text: str) -> str | None:
    one = passage(text)
    index = next(i for i, sentence in enumerate(one.sentences) if words in sentence)
    return of_asked_year(words, one, index, frozenset({year} if year else ()))


def test_each_figure_of_a_row_is_of_the_year_above_it() -> None:
    one = passage(TABLE)
    row = one.sentences.index("Net sales\t$ 519\t$(510)\t—")
    assert column_years(one, row) == ("2019", "2018", "2017")
    assert figures(one.sentences[row]) == ["$ 519", "$(510)", "—"]


def test_a_row_of_other_columns_is_of_no_year() -> None:
    one = passage("2019\t2018\nStores\t5\t6\t7")
    assert column_years(one, 1) == ()


@pytest.mark.parametrize(
    ("year", "words", "said"),
    [
        ("2019", "$ 519", "$ 519"),
        ("2018", "$ 519", "$(510)"),
        ("2016", "$ 519", None),
        ("", "$ 519", "$ 519"),
    ],
)
def test_the_cell_of_the_asked_year_is_said(year: str, words: str, said: str | None) -> None:
    assert said_for(year, words, TABLE) == said


def test_a_sentence_that_gives_the_figure_another_year_is_said_whole() -> None:
    assert said_for("2018", "$1.821 billion", PROSE) == "$1.821 billion"
    assert said_for("2017", "$1.764 billion", PROSE) == PROSE


def test_a_sentence_about_other_years_only_does_not_answer() -> None:
    assert said_for("2018", "35.5 percent", ONLY_2017) is None
    assert said_for("2017", "35.5 percent", ONLY_2017) == "35.5 percent"


def test_words_without_a_figure_and_sentences_without_a_year_are_of_any_year() -> None:
    assert said_for("2018", "The tax rate", ONLY_2017) == "The tax rate"
    assert said_for("2018", "12 stores", "We have 12 stores.") == "12 stores"
