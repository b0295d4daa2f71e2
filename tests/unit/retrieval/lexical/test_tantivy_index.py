import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.lexical.tantivy_index import TantivyIndex

BUFFER_BYTES = 15_000_000
EVERYTHING = np.array([False, True, True, True])


def token(word: str) -> bytes:
    return word.encode().ljust(8, b"\x00")


def tokens(text: str) -> bytes:
    return b"".join(map(token, text.split()))


def seen(*classes: int) -> NDArray[np.bool_]:
    visible = np.zeros(4, bool)
    visible[list(classes)] = True
    return visible


@pytest.fixture
def index() -> TantivyIndex:
    index = TantivyIndex(BUFFER_BYTES)
    index.put("a", 1, [1, 2], [tokens("red apple apple"), tokens("red car with wheels")])
    index.put("b", 2, [3], [tokens("apple tart with red cream and sugar")])
    index.put("c", 3, [4, 5], [tokens("green pear"), b""])
    index.commit()
    index.publish()
    return index


def test_ranks_by_words(index: TantivyIndex) -> None:
    assert list(index.search([token("apple")], EVERYTHING, 10)) == [1, 3]
    assert list(index.search([token("apple")], EVERYTHING, 1)) == [1]
    assert set(index.search([token("red"), token("pear")], EVERYTHING, 10)) == {1, 2, 3, 4}


def test_returns_only_what_is_visible(index: TantivyIndex) -> None:
    assert list(index.search([token("apple")], seen(2), 10)) == [3]
    assert list(index.search([token("apple")], seen(3), 10)) == []
    assert list(index.search([token("apple")], seen(), 10)) == []


def test_the_filter_changes_no_rank() -> None:
    random = np.random.default_rng(5)
    index = TantivyIndex(BUFFER_BYTES)
    for number in range(300):
        words = " ".join(f"w{word}" for word in random.zipf(1.3, 20) % 50)
        index.put(f"d{number}", 1 + number % 2, [number], [tokens(words)])
    index.commit()
    index.publish()
    query = [token(f"w{number}") for number in range(1, 6)]
    everything = index.search(query, seen(1, 2), 300)
    odd = index.search(query, seen(2), 300)
    assert list(odd) == [number for number in everything if number % 2]


def test_no_words_find_nothing(index: TantivyIndex) -> None:
    assert list(index.search([], EVERYTHING, 10)) == []
    assert list(index.search([token("nowhere")], EVERYTHING, 10)) == []


def test_changes_show_only_when_they_are_published(index: TantivyIndex) -> None:
    index.remove("a")
    index.put("b", 1, [6], [tokens("plum")])
    index.commit()
    assert list(index.search([token("apple")], EVERYTHING, 10)) == [1, 3]
    assert list(index.search([token("plum")], EVERYTHING, 10)) == []
    index.publish()
    assert list(index.search([token("apple")], EVERYTHING, 10)) == []
    assert list(index.search([token("plum")], seen(1), 10)) == [6]
    assert len(index) == 3


def test_contents_name_document_and_class(index: TantivyIndex) -> None:
    assert index.contents() == {1: ("a", 1), 2: ("a", 1), 3: ("b", 2), 4: ("c", 3), 5: ("c", 3)}
    assert TantivyIndex(BUFFER_BYTES).contents() == {}
