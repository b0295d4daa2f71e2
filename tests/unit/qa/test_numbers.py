import pytest

from qa.numbers import numbers_claimed, numbers_held


@pytest.mark.parametrize(
    ("sentence", "passage"),
    [
        ("It cost 1,200 dollars.", "The price was $1200."),
        ("It grew by 2.50 %.", "growth of 2.5%"),
        ("营收为250万元。", "Revenue was 2.5 million yuan."),
        ("Revenue was 2.5 million.", "营收为250万元"),
        ("It began in October 1973.", "始于1973年10月"),
        ("It took 3 days.", "It took three days."),
        ("It took 3 days.", "用了三天"),
        ("It took 20 days.", "It took twenty days."),
        ("It took 90 days.", "It took ninety days."),
        ("It took 45 days.", "It took Forty-five days."),
        ("In the 18th century.", "the 18th century"),
        ("共１２人。", "12 people"),
    ],
)
def test_a_value_is_found_however_it_is_written(sentence, passage):
    assert numbers_claimed(sentence) <= numbers_held(passage)


@pytest.mark.parametrize(
    ("sentence", "passage"),
    [
        ("It cost 1,201 dollars.", "The price was $1200."),
        ("It began in November 1973.", "It began in October 1973."),
        ("Revenue was 2.5 billion.", "Revenue was 2.5 million."),
        ("In 1979.", "In 1977."),
        ("It took 46 days.", "It took forty-five days."),
        ("It took 5 days.", "It took forty-five days."),
        ("增长了3%。", "增长了30%。"),
    ],
)
def test_another_value_is_not_found(sentence, passage):
    assert not numbers_claimed(sentence) <= numbers_held(passage)


def test_may_is_a_month_only_beside_a_number():
    assert numbers_claimed("You may go.") == frozenset()
    assert numbers_claimed("Due on 3 May.") == {"3", "5"}
