"""How much of a question's words the best of what was found holds."""

import numpy as np
import pytest

from retrieval.lexical.bm25 import rarity
from retrieval.lexical.word_index import WordIndex

SEEN = np.array([False, True, False])
HELD = {"a": [b"AAAAAAAABBBBBBBB", b"AAAAAAAA"], "b": [b"CCCCCCCCBBBBBBBB"]}


@pytest.fixture
def index() -> WordIndex:
    """Hold each document in a segment of its own, and one more that nobody sees."""
    words = WordIndex(1_000_000, 0.5)
    for number, (name, tokens) in enumerate(HELD.items()):
        words.put(name, 1, range(10 * number, 10 * number + len(tokens)), tokens)
        words.commit()
    words.put("hidden", 2, [99], [b"AAAAAAAABBBBBBBBCCCCCCCCDDDDDDDD"])
    words.commit()
    words.publish()
    return words


def share(index: WordIndex, *tokens: bytes) -> float:
    return index.find(tokens, SEEN, 10)[1]()


def test_it_is_what_one_passage_holds_of_all_rare_words_before_others(index: WordIndex) -> None:
    a, b, c = b"AAAAAAAA", b"BBBBBBBB", b"CCCCCCCC"
    common, rare = rarity(2, 3), rarity(1, 3)
    assert share(index, a, b) == 1
    assert share(index, a, c) == pytest.approx(rare / (common + rare))
    assert share(index, a, b, c) == pytest.approx((common + rare) / (2 * common + rare))


def test_words_that_nothing_visible_holds_are_missing(index: WordIndex) -> None:
    missing = rarity(0, 3)
    assert share(index, b"CCCCCCCC", b"DDDDDDDD") == pytest.approx(
        rarity(1, 3) / (rarity(1, 3) + missing)
    )
    assert share(index, b"DDDDDDDD") == 0
    assert share(index) == 0
