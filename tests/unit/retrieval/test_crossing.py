"""Questions for passages in the other language, with a model that thinks of languages first."""

from collections.abc import Sequence

import numpy as np
import pytest

from retrieval.crossing import Crossing
from retrieval.embedding.port import Vectors
from retrieval.scripts import SCRIPTS, Script, is_chinese
from retrieval.vectors.centres import centre_of

_TOPICS = {"parking": 2, "停车": 2, "lunch": 3, "午饭": 3}


class LanguageFirst:
    """A vector's first two dimensions tell the language, the others what a text is about."""

    name = "language-first@1"
    dimensions = 4
    passage_tokens_max = 100

    def __init__(self) -> None:
        self.embedded = 0

    def embed_queries(self, queries: Sequence[str]) -> Vectors:
        return self.embed_passages(queries)

    def embed_passages(self, passages: Sequence[str]) -> Vectors:
        self.embedded += len(passages)
        return np.stack([self._vector(text) for text in passages])

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return list(map(len, texts))

    def _vector(self, text: str) -> Vectors:
        vector = np.zeros(self.dimensions, np.float32)
        vector[1 if is_chinese(text) else 0] = 1.0
        for word, topic in _TOPICS.items():
            vector[topic] += 0.3 * (word in text)
        # "bilingual" texts lie near every question in the other language.
        vector[:2] += 0.5 * ("bilingual" in text)
        return vector / np.float32(np.linalg.norm(vector))


PASSAGES = ["parking is behind the house", "lunch is at noon", "bilingual notes"]


def scores(crossing: Crossing, embedder: LanguageFirst, question: str) -> list[float]:
    [vector] = embedder.embed_queries([question])
    query = crossing.queries(question, vector)["other"]
    found = [(n, float(row @ query)) for n, row in enumerate(embedder.embed_passages(PASSAGES))]
    return [score for _, score in crossing.levelled(question, {"other": found})["other"]]


def test_a_passage_near_every_foreign_question_is_not_the_best() -> None:
    embedder = LanguageFirst()
    plain = scores(Crossing(embedder, 0.0), embedder, "停车")
    assert np.argmax(plain) == 2
    parking, lunch, anything = scores(Crossing(embedder, 0.9), embedder, "停车")
    assert parking > max(lunch, anything)


@pytest.mark.parametrize(("question", "own"), [("停车在哪里？", "chinese"), ("parking", "other")])
def test_only_passages_in_the_other_language_are_asked_for_something_else(
    question: str, own: Script
) -> None:
    embedder = LanguageFirst()
    [vector] = embedder.embed_queries([question])
    queries = Crossing(embedder, 0.8).queries(question, vector)
    same = {script for script in SCRIPTS if np.array_equal(queries[script], vector)}
    assert same == {own, "unknown"}
    found = {own: [(1, 0.9)], "unknown": [(2, 0.5)]}
    assert Crossing(embedder, 0.8).levelled(question, found) == found


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_a_passage_that_says_nothing_is_as_near_as_before(share: float) -> None:
    embedder = LanguageFirst()
    crossing = Crossing(embedder, share)
    [vector] = embedder.embed_queries(["停车"])
    centre = centre_of(embedder, "other")
    score = float(crossing.queries("停车", vector)["other"] @ centre)
    [(_, levelled)] = crossing.levelled("停车", {"other": [(1, score)]})["other"]
    assert levelled == pytest.approx(float(vector @ centre), abs=1e-6)


def test_the_centres_are_embedded_once() -> None:
    embedder = LanguageFirst()
    crossing = Crossing(embedder, 0.8)
    scores(crossing, embedder, "停车")
    before = embedder.embedded
    scores(crossing, embedder, "午饭")
    assert embedder.embedded == before + 1 + len(PASSAGES)
