import pytest

from qa.words import content_terms, names, negation_differs, unknown_names


@pytest.mark.parametrize(
    ("sentence", "quote"),
    [
        ("The fee is not refunded.", "The fee is refunded."),
        ("The fee is refunded.", "The fee is not refunded."),
        ("费用不予退还。", "费用予以退还。"),
        ("费用可以退还。", "费用不可以退还。"),
        ("It doesn't expire.", "It expires."),
    ],
)
def test_a_denial_differs(sentence, quote):
    assert negation_differs(sentence, quote)


@pytest.mark.parametrize(
    ("sentence", "quote"),
    [
        ("The fee is refunded.", "The fee is refunded, but not the tax."),
        ("The fee is not refunded.", "Fees are never refunded."),
        ("费用非常高。", "费用高。"),
        ("费用可以退还。", "费用可以退还，但税不退。"),
    ],
)
def test_a_denial_elsewhere_does_not_matter(sentence, quote):
    assert not negation_differs(sentence, quote)


def test_names_are_capitalised_words_after_the_first():
    assert names("Yesterday Bill Clinton met the UN.") == content_terms("Bill Clinton UN")


def test_names_may_end_differently():
    held = content_terms("Israel and the Israeli army")
    assert unknown_names(names("The Israelis left."), held) == frozenset()
    assert unknown_names(names("The Egyptians left."), held) != frozenset()


def test_function_words_are_no_content():
    assert content_terms("What is the of and 的 是 什么") == frozenset()
