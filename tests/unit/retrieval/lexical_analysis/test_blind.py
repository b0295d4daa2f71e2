import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.lexical.blind import TOKEN_BYTES, BlindTokens

KEYS = st.binary(min_size=16, max_size=64)
TERMS = st.lists(st.text(min_size=1))


@given(KEYS, TERMS)
def test_tokens_keep_order_and_repetitions(key: bytes, terms: list[str]) -> None:
    tokens = BlindTokens(key).tokens(terms)
    assert tokens == [BlindTokens(key).tokens([term])[0] for term in terms]
    assert {len(token) for token in tokens} <= {TOKEN_BYTES}


@given(KEYS, TERMS)
def test_different_terms_have_different_tokens(key: bytes, terms: list[str]) -> None:
    assert len(set(BlindTokens(key).tokens(terms))) == len(set(terms))


@given(KEYS, KEYS, st.text(min_size=1))
def test_another_key_gives_other_tokens(key: bytes, other: bytes, term: str) -> None:
    is_same = BlindTokens(key).tokens([term]) == BlindTokens(other).tokens([term])
    assert is_same == (key == other)


def test_tokens_stay_the_same_between_versions() -> None:
    # A change would make every stored token unfindable.
    tokens = BlindTokens(bytes(range(32))).tokens(["invoice", "发票"])
    assert [token.hex() for token in tokens] == ["075ef576c5292e1c", "c00e78e254bae903"]


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        BlindTokens(b"short")
