"""How well sentences fit a question, apart from what the embedder makes of them."""

import numpy as np

from qa.relevance import Relevance
from retrieval.corpus import Chunk, Hit


class EvenEmbedder:
    """Finds everything equally similar, as a real one nearly does across languages."""

    name = "even"
    dimensions = 1
    passage_tokens_max = 100

    def embed_queries(self, texts: list[str]) -> np.ndarray:
        return np.full((len(texts), 1), 0.8, np.float32)

    def embed_passages(self, texts: list[str]) -> np.ndarray:
        return np.ones((len(texts), 1), np.float32)

    def count_tokens(self, texts: list[str]) -> list[int]:
        return [len(text) for text in texts]


def relevance(question: str, text: str) -> Relevance:
    return Relevance(
        question, [Hit("c", "d", "d.txt", 1, Chunk(0, text, 0, len(text)))], EvenEmbedder()
    )


def test_a_heading_or_a_cell_does_not_answer_a_question_in_another_language() -> None:
    sentence = "Parents may take sixteen weeks of parental leave."
    question = "怎样种植西红柿？"
    fragment = relevance(question, "Hire ten engineers")
    whole = relevance(question, sentence)
    assert fragment.best_score < whole.best_score
    assert fragment.quotation(0.9, 0.9) is None
    assert (quoted := whole.quotation(0.9, 0.9)) is not None
    assert quoted.quote == sentence
