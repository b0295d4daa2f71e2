import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.lexical.analysis import question_terms, terms
from retrieval.lexical.english import STOP_WORDS

MIXED = st.text(
    st.sampled_from("aBé ß7,.1-/'’&_年月日中华人民共和國々ﬁＡ１½İカナ테\n\t😀") | st.characters()
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The companies were running", ["compani", "run"]),
        ("What is the company's policy?", ["compani", "polici"]),
        ("ＦＵＬＬ　ｗｉｄｔｈ ﬁle", ["full", "width", "file"]),
        ("in 2019, $1,234.5 million (12.5%)", ["2019", "1234.5", "million", "12.5"]),
        ("1,234,567 12,34 3.11.2", ["1234567", "12", "34", "3.11.2"]),
        ("ISO-9001", ["iso", "9001", "iso9001"]),
        ("ISO9001", ["iso9001", "iso", "9001"]),
        ("Form 10-K", ["form", "10", "k", "10k"]),
        ("1,234.5-ton crane", ["1234.5", "ton", "crane"]),
        ("due 31/12/2025", ["due", "31", "12", "2025"]),
        ("long-term R&D", ["long", "term", "r", "d"]),
        ("café", ["café"]),
        ("snake_case", ["snake", "case"]),
        ("the of and", []),
        ("", []),
        ("— … !?", []),
    ],
)
def test_english_numbers_and_codes(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("人", {"人"}),
        ("立法会选举", {"立法", "法会", "会选", "选举", "立法会"}),
        ("梵語的研究", {"梵語", "語的", "的研", "研究", "的"}),
        ("2022年", {"2022", "年"}),
        ("营收1,234.5万元", {"营收", "1234.5", "万元"}),
        ("使用X9101班列", {"使用", "x9101", "x", "9101", "班列"}),
        ("カタカナ", {"カタ", "タカ", "カナ"}),
    ],
)
def test_chinese_is_found_by_word_and_by_pair(text: str, expected: set[str]) -> None:
    assert expected <= set(terms(text))


def test_a_word_weighs_more_than_a_chance_pair() -> None:
    found = terms("立法会选举")
    assert found.count("选举") == 2
    assert found.count("会选") == 1


def test_codes_are_found_however_they_are_written() -> None:
    spellings = [set(terms(text)) for text in ("ISO-9001", "ISO 9001", "ISO9001", "iso－９００１")]
    for one in spellings:
        for other in spellings:
            assert len(one & other) >= 2


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("会议在几点开始？", ["会议", "几点", "点开", "开始"]),
        ("李丰被选为什么职位？", ["李丰", "丰被", "被选", "选为", "被选为", "职位"]),
        ("誰發明了電話", ["發明", "電話"]),
        ("中心和平台的ISO-9001？", [*terms("中心和平台"), "iso", "9001", "iso9001"]),
        ("什么？", ["什么"]),
        ("Where is the Q2 report, the report?", ["q2", "q", "2", "report"]),
    ],
)
def test_questions_look_for_what_they_ask_about(question: str, expected: list[str]) -> None:
    assert question_terms(question) == list(dict.fromkeys(expected))


@given(MIXED)
def test_a_question_that_has_terms_looks_for_some(text: str) -> None:
    assert bool(question_terms(text)) == bool(terms(text))
    if text.isascii():
        assert question_terms(text) == list(dict.fromkeys(terms(text)))


@given(MIXED)
def test_terms_are_never_empty_or_spaced(text: str) -> None:
    assert all(term and not any(map(str.isspace, term)) for term in terms(text))


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E)))
def test_width_and_case_do_not_matter(text: str) -> None:
    full_width = "".join(chr(ord(character) + 0xFEE0) for character in text)
    assert terms(full_width) == terms(text.swapcase()) == terms(text)


@given(MIXED, MIXED)
def test_texts_apart_have_the_terms_of_each(first: str, second: str) -> None:
    assert terms(f"{first}\n\n{second}") == terms(first) + terms(second)


@given(st.integers(0, 10**12))
def test_thousands_separators_do_not_matter(number: int) -> None:
    assert terms(f"{number:,}") == terms(str(number)) == [str(number)]


@given(st.sampled_from(sorted(STOP_WORDS)))
def test_stop_words_are_left_out_in_any_case(word: str) -> None:
    assert terms(f"{word} {word.upper()} {word.title()}") == []


def test_raised_digits_are_marks_and_no_part_of_what_stands_before_them() -> None:
    assert terms("45.2¹ million²") == terms("45.2 million")
    assert terms("官方语言¹，列表") == terms("官方语言，列表")
