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


def hit(text: str, document: str = "d", name: str = "d.txt") -> Hit:
    return Hit(f"{document}.0", document, name, 1, Chunk(0, text, 0, len(text)))


def relevance(question: str, text: str, *mentions: Hit) -> Relevance:
    return Relevance(question, [hit(text)], EvenEmbedder(), mentions)


def test_a_heading_or_a_cell_does_not_answer_a_question_in_another_language() -> None:
    sentence = "Parents may take sixteen weeks of parental leave."
    question = "怎样种植西红柿？"
    fragment = relevance(question, "Hire ten engineers")
    whole = relevance(question, sentence)
    assert fragment.best_score < whole.best_score
    assert fragment.quotation(0.9, 0.9) is None
    assert (quoted := whole.quotation(0.9, 0.9)) is not None
    assert quoted.quote == sentence


LEAVE = "New employees receive 25 days of paid annual leave."


def test_a_name_that_the_document_does_not_hold_leaves_nothing_to_answer_from() -> None:
    assert relevance("How much leave does Acme give?", LEAVE).is_hopeless


def test_a_name_may_stand_elsewhere_in_the_document() -> None:
    cover = hit("Handbook of Acme Limited")
    assert not relevance("How much leave does Acme give?", LEAVE, cover).is_hopeless
    foreign = hit("Handbook of Acme Limited", document="e")
    assert relevance("How much leave does Acme give?", LEAVE, foreign).is_hopeless


def test_a_year_must_stand_in_the_document_or_its_name() -> None:
    question = "How much leave was given in 2018?"
    assert relevance(question, LEAVE).is_hopeless
    named = Relevance(question, [hit(LEAVE, name="Handbook 2018.pdf")], EvenEmbedder())
    assert not named.is_hopeless


def test_abbreviations_sentence_starts_and_explaining_numbers_decide_nothing() -> None:
    question = "How many days in FY is leave, with 365 days a year? Give it in EUR. Round it."
    assert not relevance(question, LEAVE).is_hopeless
