import pytest

from qa.verbatim import spelling, stands_in


@pytest.mark.parametrize(
    ("span", "text"),
    [
        ("October 1973", "It began in October 1973, when"),
        ("the 1970s", "During 1970s"),
        ("$1,496.5", "Total | $ 1496.5 | $1,202.9"),
        ("\u221212.6", "a change of -12.6 million"),
        ("“Mary’s mill”", "It was Mary's Mill."),
        ("１月17日", "春运于1月17日开始"),
        ("1990", "from 1990-1995"),
    ],
)
def test_words_stand_in_a_text_however_they_are_written(span, text):
    assert stands_in(span, text)


@pytest.mark.parametrize(
    ("span", "text"),
    [
        ("90", "in 1990"),
        ("12", "12.6 million"),
        ("12.6", "a change of -12.6 million"),
        ("mill", "the mills"),
        ("October 1973", "October of 1973"),
        ("臺灣", "台湾"),
        ("7日", "17日"),
        ("", "anything"),
        ("?!", "What?!"),
    ],
)
def test_other_words_do_not(span, text):
    assert not stands_in(span, text)


def test_a_chinese_character_is_a_word():
    assert spelling("在3D城。") == " 在 3d 城"
