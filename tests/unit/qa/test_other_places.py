"""A passage that stands in several documents is cited once, and the others are told."""

from dataclasses import replace

import pytest

from qa.answer import Answer
from retrieval.access import scope_for
from retrieval.corpus import Box

HOTEL = "Hotel costs are refunded up to 120 euros a night. Receipts are handed in within 30 days."
QUESTION = "Up to how many euros a night are hotel costs refunded?"
SAID = "Hotel costs are refunded up to 120 euros a night."


@pytest.fixture
def folded(shelf, retriever):
    """Put a passage where search finds it with the others as its copies."""

    def fold(*texts, names=("a.pdf", "b.pdf", "c.pdf"), before=""):
        ids = [shelf.add(t, name=n, before=before) for t, n in zip(texts, names, strict=False)]
        best, *copies = retriever.hits
        retriever.hits[:] = [replace(best, copies=tuple(copies))]
        return ids

    return fold


def test_the_other_documents_that_hold_the_quote_are_told(ask, folded, generator, shelf):
    best, other, _ = folded(HOTEL, f"Rates. {HOTEL}", HOTEL.replace(" costs", " prices"))
    generator.says = SAID
    [citation] = ask(QUESTION).citations
    assert citation.document_id == best
    [place] = citation.also
    assert (place.document_id, place.document_name, place.page) == (other, "b.pdf", 3)
    assert shelf.texts[other][place.start : place.end] == citation.quote


def test_the_other_place_has_boxes_of_its_own(ask, shelf, retriever, generator):
    line = Box(7, 0.1, 0.1, 0.9, 0.2)
    shelf.add(HOTEL)
    shelf.add(HOTEL, name="b.pdf", boxes=(line,))
    best, copy = retriever.hits
    retriever.hits[:] = [replace(best, copies=(copy,))]
    generator.says = SAID
    [place] = ask(QUESTION).citations[0].also
    assert (place.page, place.boxes) == (7, (line,))


def test_the_copy_whose_document_is_asked_about_is_cited(ask, folded, generator):
    _, globex = folded(HOTEL, HOTEL, names=("Acme.pdf", "Globex.pdf"))
    generator.says = SAID
    [citation] = ask("Up to how many euros does Globex refund hotel costs?").citations
    assert citation.document_id == globex
    assert [place.document_name for place in citation.also] == ["Acme.pdf"]


def test_they_are_stored_and_left_out_once_they_may_not_be_seen(
    ask, folded, generator, shelf, database, conversations, ann
):
    _, other = folded(HOTEL, HOTEL)
    generator.says = SAID
    answer = ask(QUESTION)
    assert Answer.from_json(answer.to_json()) == answer

    def places():
        with database.reading() as session:
            scope = scope_for(session, ann)
            [turn] = conversations.get(session, ann, scope, answer.conversation_id).turns
        assert turn.status == "answered"
        return turn.answer.citations[0].also

    assert [place.document_id for place in places()] == [other]
    shelf.remove(other)
    assert places() == ()
