from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.lexical.word_index import WordIndex
from retrieval.tie_breaks import place_of

BUFFER_BYTES = 15_000_000
EVERYTHING = np.array([False, True, True, True])


def found(
    index: WordIndex, words: Sequence[bytes], visible: NDArray[np.bool_], limit: int
) -> list[int]:
    return [chunk for chunk, _ in index.search(words, visible, limit)]


def token(word: str) -> bytes:
    return word.encode().ljust(8, b"\x00")


def tokens(text: str) -> bytes:
    return b"".join(map(token, text.split()))


def seen(*classes: int) -> NDArray[np.bool_]:
    visible = np.zeros(4, bool)
    visible[list(classes)] = True
    return visible


@pytest.fixture
def index() -> WordIndex:
    index = WordIndex(BUFFER_BYTES, 0.2)
    index.put("a", 1, [1, 2], [tokens("red apple apple"), tokens("red car with wheels")])
    index.put("b", 2, [3], [tokens("apple tart with red cream and sugar")])
    index.put("c", 3, [4, 5], [tokens("green pear"), b""])
    index.commit()
    index.publish()
    return index


def test_ranks_by_words(index: WordIndex) -> None:
    assert found(index, [token("apple")], EVERYTHING, 10) == [1, 3]
    assert found(index, [token("apple")], EVERYTHING, 1) == [1]
    assert set(found(index, [token("red"), token("pear")], EVERYTHING, 10)) == {1, 2, 3, 4}


def test_returns_only_what_is_visible(index: WordIndex) -> None:
    assert found(index, [token("apple")], seen(2), 10) == [3]
    assert found(index, [token("apple")], seen(3), 10) == []
    assert found(index, [token("apple")], seen(), 10) == []


def random_texts(count: int) -> list[str]:
    random = np.random.default_rng(5)
    sizes = random.integers(1, 40, count)
    return [" ".join(f"w{word}" for word in random.zipf(1.3, size) % 50) for size in sizes]


def reference(texts: dict[int, str], query: list[str]) -> list[int]:
    """Rank by BM25 as the textbook writes it."""
    words = {number: text.split() for number, text in texts.items()}
    mean = sum(map(len, words.values())) / len(words)

    def score(held: list[str]) -> float:
        total = 0.0
        for word in query:
            frequency = sum(word in other for other in words.values())
            rarity = np.log(1 + (len(words) - frequency + 0.5) / (frequency + 0.5))
            count, damping = held.count(word), 1.2 * (0.25 + 0.75 * len(held) / mean)
            total += rarity * 2.2 * count / (count + damping)
        return total

    scores = {number: score(held) for number, held in words.items()}
    ranked = sorted(scores, key=lambda number: (-round(scores[number], 5), place(number)))
    return [number for number in ranked if scores[number] > 0]


def place(number: int) -> int:
    return place_of(f"d{number}")


@pytest.mark.parametrize("buffer_bytes", [BUFFER_BYTES, 4000])  # one segment, and many
def test_scores_are_those_of_bm25_among_what_is_visible(buffer_bytes: int) -> None:
    texts = dict(enumerate(random_texts(300)))
    index = WordIndex(buffer_bytes, 0.2)
    for number, text in texts.items():
        index.put(f"d{number}", 1 + number % 2, [number], [tokens(text)])
    index.commit()
    index.publish()
    query = [f"w{number}" for number in (7, 1, 3, 12)]
    odd = {number: text for number, text in texts.items() if number % 2}
    for visible, expected in ((seen(1, 2), texts), (seen(2), odd)):
        best = found(index, list(map(token, query)), visible, 300)
        assert best == reference(expected, query)
        assert found(index, list(map(token, query)), visible, 7) == best[:7]


def test_what_is_hidden_moves_nothing_however_it_came_and_went() -> None:
    texts = random_texts(400)
    alone, among = WordIndex(BUFFER_BYTES, 0.2), WordIndex(4000, 0.01)
    for number, text in enumerate(texts[:200]):
        alone.put(f"d{number}", 1, [number], [tokens(text)])
    for number, hidden in enumerate(texts[200:]):
        among.put(f"h{number}", 2, [9000 - number], [tokens(hidden)])
    for number in reversed(range(200)):
        among.put(f"d{number}", 1, [5000 - number], [tokens(texts[number])])
        among.put(f"h{number}", 2, [7000 + number], [tokens("w1 w2 " + texts[-number])])
        if number % 3 == 0:
            among.remove(f"h{number}")
            among.commit()
    for index in (alone, among):
        index.commit()
        index.publish()
    for query in (["w1"], ["w2", "w1"], ["w3", "w9", "w1", "w30"], ["w49"]):
        wanted = list(map(token, query))
        for limit in (1, 10, 400):
            moved = [5000 - number for number in found(among, wanted, seen(1), limit)]
            assert moved == found(alone, wanted, seen(1), limit)


def test_equals_are_ordered_by_document_and_place_in_it(index: WordIndex) -> None:
    for name in ("x", "y", "z"):
        first = ord(name) * 10
        index.put(name, 1, [first + 1, first], [tokens("fig"), tokens("fig")])
    index.commit()
    index.publish()
    by_place = sorted("xyz", key=place_of)
    expected = [ord(name) * 10 + offset for name in by_place for offset in (1, 0)]
    assert found(index, [token("fig")], EVERYTHING, 10) == expected
    assert found(index, [token("fig")], EVERYTHING, 3) == expected[:3]


def test_no_words_find_nothing(index: WordIndex) -> None:
    assert found(index, [], EVERYTHING, 10) == []
    assert found(index, [token("nowhere")], EVERYTHING, 10) == []


def test_changes_show_only_when_they_are_published(index: WordIndex) -> None:
    index.remove("a")
    index.put("b", 1, [6], [tokens("plum")])
    index.commit()
    assert found(index, [token("apple")], EVERYTHING, 10) == [1, 3]
    assert found(index, [token("plum")], EVERYTHING, 10) == []
    index.publish()
    assert found(index, [token("apple")], EVERYTHING, 10) == []
    assert found(index, [token("plum")], seen(1), 10) == [6]
    assert len(index) == 3


def test_contents_name_document_and_class(index: WordIndex) -> None:
    assert index.contents() == {1: ("a", 1), 2: ("a", 1), 3: ("b", 2), 4: ("c", 3), 5: ("c", 3)}
    assert WordIndex(BUFFER_BYTES, 0.2).contents() == {}


def test_deleted_chunks_are_swept_out_and_nothing_else_changes() -> None:
    swept, kept = WordIndex(BUFFER_BYTES, 0.01), WordIndex(BUFFER_BYTES, 0.99)
    texts = random_texts(60)
    for index in (swept, kept):
        index.put("h", 2, range(10_000, 11_100), [tokens(texts[0])] * 1100)
        for number, text in enumerate(texts):
            index.put(f"d{number}", 1, [number], [tokens(text)])
        index.commit()
        index.remove("h")
        index.commit()
        index.publish()
    query = [token("w1"), token("w3")]
    best = found(swept, query, EVERYTHING, 100)
    assert best == found(kept, query, EVERYTHING, 100) != []
    assert swept.contents() == kept.contents()
    assert swept.held_slots == len(swept) == 60
    assert kept.held_slots == 1160
