from collections.abc import Iterator, Mapping

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from model.allowed_text import AllowedText, CitedNumbers, Quotation
from model.allowed_tokens import AllowedTokens, allowed_tokens
from model.vocabulary import Vocabulary

END = 0
CONTROL = 1
WORDS = ["[", " [", "[1", "[2", "[12", "[]", "[x", "x[1", "x[3", "].", "] [", "],[1", "][9", "12"]
WORDS += [
    "the",
    " the",
    "The",
    " city",
    " c",
    "ity",
    "Paris",
    " Paris",
    "北京",
    "北京市",
    "市",
    "NOT",
]
WORDS += [" FOUND", " [1", "1]", "0", "1", "2", "3", "]", ".", ", ", "\n"]
TOKENS = [b"", b"", *(word.encode() for word in WORDS)]
TOKENS += [bytes([byte]) for byte in range(256) if bytes([byte]) not in TOKENS]
PADDED = len(TOKENS) + 3
REFUSAL = "NOT FOUND"
PASSAGES = {
    1: "Paris is the city. It has 3.5 m people.",
    4: "北京市是首都。",
    12: "the end the cat",
}


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary(PADDED, lambda token: TOKENS[token] if token < len(TOKENS) else b"", [END])


def writings(text: str) -> Iterator[list[int]]:
    """Yield ways to cut a text into tokens: by the byte, and by the longest that fits."""
    data = text.encode()
    yield [TOKENS.index(data[place : place + 1]) for place in range(len(data))]
    longest = sorted(range(2, len(TOKENS)), key=lambda token: -len(TOKENS[token]))
    tokens, place = [], 0
    while place < len(data):
        tokens.append(next(t for t in longest if data.startswith(TOKENS[t], place)))
        place += len(TOKENS[tokens[-1]])
    yield tokens


def follow(allowed: AllowedText, tokens: list[int], vocabulary: Vocabulary) -> AllowedTokens | None:
    """Write the tokens; None as soon as one may not be written."""
    state = allowed_tokens(allowed, vocabulary)
    for token in tokens:
        mask = state.mask()
        if mask is not None and not mask[token]:
            return None
        state.advance(token)
    return state


def may_end(allowed: AllowedText, text: str, vocabulary: Vocabulary) -> bool:
    states = [follow(allowed, tokens, vocabulary) for tokens in writings(text)]
    ends = {state is not None and bool(state.mask()[END]) for state in states}
    assert len(ends) == 1, "how the text is cut into tokens decides"
    return ends.pop()


@pytest.mark.parametrize(
    "text", ["No.", "It is [1].", "[2][12] [1]", "好[1]。", "a] 3] 1", "x[12], [2]\n"]
)
def test_citations_of_given_passages(text: str, vocabulary: Vocabulary) -> None:
    assert may_end(CitedNumbers(frozenset({1, 2, 12})), text, vocabulary)


@pytest.mark.parametrize(
    "text", ["[3]", "a [", "[]", "[1", "[x]", "[11]", "[2, 1]", "[ 1]", "[[1]"]
)
def test_other_brackets(text: str, vocabulary: Vocabulary) -> None:
    assert not may_end(CitedNumbers(frozenset({1, 2, 12})), text, vocabulary)


def test_no_passage_no_bracket(vocabulary: Vocabulary) -> None:
    mask = allowed_tokens(CitedNumbers(frozenset()), vocabulary).mask()
    assert mask is not None
    assert {TOKENS[t] for t in range(len(TOKENS)) if not mask[t]} == {
        token for token in TOKENS if b"[" in token
    }


def test_control_tokens_stay_out_of_a_citation(vocabulary: Vocabulary) -> None:
    state = allowed_tokens(CitedNumbers(frozenset({1})), vocabulary)
    assert state.mask()[[END, CONTROL]].all()
    state.advance(TOKENS.index(b" ["))
    assert {TOKENS[t] for t in state.mask().nonzero().flatten().tolist()} == {b"1", b"1]"}


def test_one_text_s_state_is_not_another_s(vocabulary: Vocabulary) -> None:
    first, second = (allowed_tokens(CitedNumbers(frozenset({1})), vocabulary) for _ in range(2))
    first.advance(TOKENS.index(b"["))
    assert not first.mask()[END]
    assert second.mask()[END]


@pytest.mark.parametrize(
    "text",
    [
        "Paris [1]",
        "the city [1]",
        "the city. [1]",
        "3.5 m [1]",
        "3.5 m people. [1]",
        "the [1]",
        "the [12]",
        "the end the cat [12]",
        "北京 [4]",
        "京市 [4]",
        "北京市是首都。 [4]",
        ". [1]",
        REFUSAL,
    ],
)
def test_spans_of_whole_words_and_the_refusal(text: str, vocabulary: Vocabulary) -> None:
    assert may_end(Quotation(PASSAGES, REFUSAL), text, vocabulary)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Paris",
        "Paris ",
        "Paris  [1]",
        "Paris[1]",
        "Paris [2]",
        "Paris [4]",
        "Paris [1].",
        "Pari [1]",
        "aris [1]",
        " the [1]",
        "5 m [1]",
        "3 [1]",
        "paris [1]",
        "the cat [1]",
        "city It [1]",
        " [1]",
        "NOT",
        "NOT FOUND [1]",
        "Paris NOT FOUND",
    ],
)
def test_anything_else_is_no_quotation(text: str, vocabulary: Vocabulary) -> None:
    assert not may_end(Quotation(PASSAGES, REFUSAL), text, vocabulary)


def test_without_passages_only_the_refusal(vocabulary: Vocabulary) -> None:
    assert may_end(Quotation({}, REFUSAL), REFUSAL, vocabulary)
    assert int(allowed_tokens(Quotation({}, REFUSAL), vocabulary).mask().sum()) == 2  # N, NOT


def test_a_text_that_ended_only_ends(vocabulary: Vocabulary) -> None:
    for tokens in writings("Paris [1]"):
        state = follow(Quotation(PASSAGES, REFUSAL), tokens, vocabulary)
        assert state is not None
        assert state.mask().nonzero().flatten().tolist() == [END]


def test_passage_that_looks_like_its_citation(vocabulary: Vocabulary) -> None:
    allowed = Quotation({1: "a [1] b"}, REFUSAL)
    for text in ("a [1]", "a [1] b [1]", "b [1]"):
        assert may_end(allowed, text, vocabulary), text


def test_the_citation_begins_with_a_token_of_its_own(vocabulary: Vocabulary) -> None:
    by_the_byte, longest = writings("[1] [1]")
    assert TOKENS.index(b"] [") in longest
    allowed = Quotation({1: "a [1] b"}, REFUSAL)
    assert follow(allowed, by_the_byte, vocabulary) is not None
    assert follow(allowed, longest, vocabulary) is None


def _random_writing(allowed: AllowedText, vocabulary: Vocabulary, choices: Iterator[int]) -> str:
    state, written = allowed_tokens(allowed, vocabulary), b""
    for choice in choices:
        mask = state.mask()
        assert mask is None or mask.any(), "a dead end"
        may = mask.nonzero().flatten().tolist() if mask is not None else list(range(PADDED))
        token = END if END in may and choice % 2 else may[choice % len(may)]
        if token == END:
            return written.decode()
        state.advance(token)
        written += vocabulary.bytes_of(token)
    return "unfinished"


@given(
    passages=st.dictionaries(st.integers(1, 20), st.text("ab c.3京", max_size=15), max_size=4),
    choices=st.lists(st.integers(0, 10_000), min_size=60, max_size=60),
)
def test_every_way_through_is_a_quotation(passages: Mapping[int, str], choices: list[int]) -> None:
    vocabulary = Vocabulary(len(TOKENS), TOKENS.__getitem__, [END])
    text = _random_writing(Quotation(passages, REFUSAL), vocabulary, iter(choices))
    span, _, number = text.rpartition(" [")
    assert text in {REFUSAL, "unfinished"} or span in passages[int(number.rstrip("]"))]


@given(st.sets(st.integers(1, 30), max_size=4), st.lists(st.integers(0, 10_000), max_size=40))
def test_every_way_through_cites_given_numbers(numbers: set[int], choices: list[int]) -> None:
    vocabulary = Vocabulary(len(TOKENS), TOKENS.__getitem__, [END])
    state, written = allowed_tokens(CitedNumbers(frozenset(numbers)), vocabulary), b""
    for choice in choices:
        may = state.mask().nonzero().flatten().tolist()
        state.advance(may[choice % len(may)])
        written += vocabulary.bytes_of(may[choice % len(may)])
    *whole, last = written.split(b"[")
    for piece in whole[1:]:
        assert int(piece.split(b"]")[0]) in numbers
    if b"[" in written:
        assert any(f"{number}]".encode().startswith(last.split(b"]")[0]) for number in numbers)


def test_pieces_of_characters_are_tokens_too(vocabulary: Vocabulary) -> None:
    state = allowed_tokens(Quotation(PASSAGES, REFUSAL), vocabulary)
    for byte in "北".encode():
        assert state.mask()[TOKENS.index(bytes([byte]))]
        assert not state.mask()[TOKENS.index(b"\x00")]
        state.advance(TOKENS.index(bytes([byte])))
    assert isinstance(state.mask(), torch.Tensor)
    assert state.mask()[TOKENS.index(b" [")]
