import numpy as np
import pytest

from retrieval.lexical.word_index import WordIndex

SEEN = np.array([False, True, False])


def tokens(text: str) -> bytes:
    return b"".join(word.encode().ljust(8, b"\x00") for word in text.split())


def asked(index: WordIndex, text: str) -> list[int]:
    words = [tokens(word) for word in text.split()]
    return [chunk for chunk, _ in index.search(words, SEEN, 10)]


def filled(weight: float, *documents: tuple[str, int, list[str]]) -> WordIndex:
    """Number the passages from 10 on for the first document, from 20 on for the second."""
    index = WordIndex(15_000_000, 0.2, weight)
    for number, (name, visibility, texts) in enumerate(documents, start=1):
        ids = [10 * number + place for place in range(len(texts))]
        index.put(f"d{number}", visibility, ids, list(map(tokens, texts)), tokens(name))
    index.commit()
    index.publish()
    return index


APPLE = ("a", 1, ["apple reports", "apple apple sales", "total revenue was five"])
PEAR = ("b", 1, ["pear reports", "pear pear sales", "total revenue was nine total"])


def test_a_passage_is_found_by_what_its_document_is_about() -> None:
    assert asked(filled(0, APPLE, PEAR), "apple revenue total")[0] == 22
    assert asked(filled(1, APPLE, PEAR), "apple revenue total")[0] == 12


def test_a_passage_is_found_by_its_documents_name() -> None:
    first, second = ("q1 2023", 1, ["net sales rose"]), ("q2 2023", 1, ["net sales rose"])
    assert asked(filled(1, first, second), "net sales q1")[0] == 10
    assert asked(filled(1, first, second), "net sales q2")[0] == 20


def test_a_name_alone_finds_no_passage() -> None:
    assert asked(filled(1, ("budget", 1, ["figures"])), "budget") == []


def test_documents_that_are_put_again_and_swept_keep_their_evidence() -> None:
    index = WordIndex(15_000_000, 0.01, 1)
    for number in range(1200):
        index.put(f"filler{number}", 1, [1000 + number], [tokens("filler")], tokens("filler"))
    for number, (name, _, texts) in enumerate((APPLE, PEAR), start=1):
        ids = [10 * number + place for place in range(3)]
        index.put(f"d{number}", 1, [n + 500 for n in ids], [tokens("old")] * 3, tokens("old"))
        index.commit()
        index.put(f"d{number}", 1, ids, list(map(tokens, texts)), tokens(name))
    for number in range(1200):
        index.remove(f"filler{number}")
    index.commit()
    index.publish()
    fresh = filled(1, APPLE, PEAR)
    assert index.held_slots == 6
    for words in ("apple revenue total", "pear total", "a b reports"):
        query = [tokens(word) for word in words.split()]
        assert index.search(query, SEEN, 10) == fresh.search(query, SEEN, 10)


@pytest.mark.parametrize("hidden", ["apple revenue", "total total total"])
def test_hidden_documents_and_names_move_no_score(hidden: str) -> None:
    alone = filled(1, APPLE, PEAR)
    among = filled(1, APPLE, PEAR, (hidden, 2, [hidden, hidden]))
    for words in ("apple revenue total", "total", "reports b"):
        query = [tokens(word) for word in words.split()]
        assert among.search(query, SEEN, 10) == alone.search(query, SEEN, 10)
