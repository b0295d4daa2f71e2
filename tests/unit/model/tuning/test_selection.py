"""Which examples a recipe tunes on."""

from collections import Counter
from collections.abc import Sequence

from model.tuning.example_maker import Example
from model.tuning.prompt import Language
from model.tuning.recipe import Recipe
from model.tuning.selection import selected


def example(number: int, language: Language, answer_tokens: int = 5) -> Example:
    answer = tuple(range(answer_tokens))
    return Example(f"{language}-{number}", language, (1, 2, 3), answer, answerable=True)


ENGLISH = [example(number, "en") for number in range(40)]
SHORT = [example(number, "zh") for number in range(40)]
LONG = [example(number, "zh", answer_tokens=30) for number in range(40, 50)]


def languages(examples: Sequence[Example]) -> Counter[str]:
    return Counter(example.language for example in examples)


def test_the_first_ones_that_are_short_enough_are_taken() -> None:
    taken = selected([*LONG, *ENGLISH], Recipe(tokens_max=20, examples_max=7))
    assert taken == ENGLISH[:7]


def test_a_language_gets_no_more_than_its_share_and_they_stay_mixed() -> None:
    taken = selected([*ENGLISH, *SHORT], Recipe(language_examples_max=10))
    assert languages(taken) == {"en": 10, "zh": 10}
    assert languages(taken[:10]).keys() == {"en", "zh"}
    assert taken == selected([*ENGLISH, *SHORT], Recipe(language_examples_max=10))


def test_only_short_chinese_answers_are_thinned_out() -> None:
    taken = selected([*ENGLISH, *SHORT, *LONG], Recipe(short_answers_kept=0.5))
    assert set(ENGLISH + LONG) <= set(taken)
    assert 10 < len(set(SHORT) & set(taken)) < 30


def test_a_refusal_is_no_short_answer() -> None:
    refusal = Example("n", "zh", (1, 2), (3, 4), answerable=False)
    assert selected([refusal], Recipe(short_answers_kept=0.0)) == [refusal]
