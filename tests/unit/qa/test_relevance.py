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


ROWS = "2019\t2018\nInterest cost\t1,308\t1,230\nService cost\t10\t12\nOther\t1\t2"


def test_a_row_is_shown_below_the_rows_that_name_its_columns() -> None:
    (excerpt,) = relevance("What was the service cost?", f"Costs by year\n{ROWS}").excerpts(1)
    assert excerpt.text == ROWS


def test_a_header_over_several_columns_is_shown_whole() -> None:
    head = "Fiscal\tyear\n2019\t2018\nA\t1\t2"
    rows = "\n".join(f"Row {number}\t1\t2" for number in range(5))
    (excerpt,) = relevance(
        "What was the service cost?", f"{head}\n{rows}\nService cost\t10\t12"
    ).excerpts(1)
    assert excerpt.text == "Fiscal\tyear\n2019\t2018\nRow 4\t1\t2\nService cost\t10\t12"


def test_a_row_takes_no_header_from_the_table_before() -> None:
    text = "City\tHotel\nOslo\t180\n\nFee\tEuros\nService cost\t12"
    (excerpt,) = relevance("What was the service cost?", text).excerpts(1)
    assert excerpt.text == "Fee\tEuros\nService cost\t12"


def test_sentences_around_a_table_stay_apart_from_its_rows() -> None:
    text = "Hotels cost much. Trains are cheap.\nCity\tHotel cost\nOslo\t180"
    (excerpt,) = relevance("What is the hotel cost in Oslo?", text).excerpts(3)
    assert excerpt.text == text


def test_a_heading_is_never_quoted_as_an_answer() -> None:
    text = "Preparing a memory stick\nWrite the image to the stick."
    asked = relevance("How is preparing a memory stick done?", text)
    assert (quoted := asked.quotation(0.0, 0.0)) is not None
    assert quoted.quote == "Write the image to the stick."


def test_what_the_whole_document_is_about_its_sentences_need_not_say() -> None:
    text = "The staff was 93,516 people. Acme improved its staff training in 2018."
    question = "How many people were the staff of Acme in 2018?"
    cover = Hit("d.1", "d", "Acme 2018.pdf", 9, Chunk(1, "Acme Limited", 90, 102))
    found = hit(text, name="Acme 2018.pdf")
    asked = Relevance(question, [found], EvenEmbedder(), [cover])
    assert (quoted := asked.quotation(0.0, 0.0)) is not None
    assert quoted.quote == "The staff was 93,516 people."


def test_the_header_of_a_row_counts_as_said_in_it() -> None:
    (excerpt, *_) = relevance("What was the service cost in 2018?", ROWS).excerpts(1)
    best = excerpt.sentences[excerpt.best]
    assert best == "Service cost\t10\t12"
    asked = relevance("What was the service cost in 2018?", ROWS)
    assert asked.best_score > relevance("What was the service cost in 2011?", ROWS).best_score


def test_a_sentence_without_what_is_asked_for_is_not_quoted() -> None:
    text = "The number of stores fell."
    assert relevance("How many stores are there?", text).quotation(0.0, 0.0) is None
    assert relevance("What happened to the stores?", text).quotation(0.0, 0.0) is not None


def test_a_row_is_not_quoted_in_another_language() -> None:
    asked = relevance("那里有多少家门店？", "Idaho has many\t5\tPuerto Rico has\t2")
    assert asked.quotation(0.0, 0.0) is None


def test_sentences_near_the_best_are_counted() -> None:
    asked = relevance("What do stores sell?", "Stores sell phones. Stores sell tea. Trains run.")
    assert [asked.count_near_best(margin) for margin in (0.0, 0.08, 1.0)] == [2, 2, 3]
