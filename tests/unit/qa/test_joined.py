"""Chunks side by side are one passage, and what is cited stays an exact place in one of them."""

from hypothesis import given
from hypothesis import strategies as st

from qa.passages import joined
from qa.verified import VerifiedText
from retrieval.corpus import Box, Chunk, Hit

_SENTENCES = st.sampled_from(["One.", "Two is here!", "第三。", "Rows\tof\ttables", "a\nb", "x"])
_GAPS = st.sampled_from(["", " ", "\n", "\n\n", " \n \n"])


def _hits(pieces: list[tuple[str, str]], ranks: list[int]) -> tuple[str, list[Hit]]:
    """Cut a document made of pieces and gaps into hits, one box each."""
    document, chunks = "", []
    for ordinal, (text, gap) in enumerate(pieces):
        start, document = len(document), document + text + gap
        box = Box(ordinal + 1, 0, 0, 1, 1)
        chunks.append(Chunk(ordinal, text, start, start + len(text), page=ordinal, boxes=(box,)))
    hits = [Hit(f"d.{c.ordinal}", "d", "d.pdf", r, c) for c, r in zip(chunks, ranks, strict=False)]
    return document, sorted(hits, key=lambda hit: hit.rank)


@given(
    pieces=st.lists(st.tuples(_SENTENCES, _GAPS), min_size=1, max_size=5),
    ranks=st.permutations(range(1, 6)),
)
def test_every_quote_of_a_joined_passage_is_the_slice_it_names(
    pieces: list[tuple[str, str]], ranks: list[int]
) -> None:
    document, hits = _hits(pieces, ranks)
    passages = list(joined(hits))
    assert sorted(p.chunk_id for one in passages for p in one.parts) == [
        f"d.{number}" for number in range(len(pieces))
    ]
    assert [one.hit.rank for one in passages] == sorted(one.hit.rank for one in passages)
    for passage in passages:
        verified = VerifiedText()
        assert len(passage.sentences) == len(passage.titled_sentences)
        for window in passage.windows:
            list(verified.add(f"{window.start} {window.end}", passage.support(window, 1.0)))
        for citation in verified.citations:
            assert document[citation.start : citation.end] == citation.quote
            [box] = citation.boxes
            chunk = hits[[hit.chunk.boxes[0] for hit in hits].index(box)].chunk
            assert chunk.start <= citation.start < citation.end <= chunk.end


def test_what_is_side_by_side_is_joined_and_nothing_else() -> None:
    _, hits = _hits([("A.", "\n\n"), ("B.", "\n\n\n"), ("C.", ""), ("D.", "")], [3, 1, 4, 2])
    other = Hit("e.0", "e", "e.pdf", 5, Chunk(0, "E.", 4, 6))
    parts = [[part.chunk.text for part in one.parts] for one in joined([*hits, other])]
    assert parts == [["A.", "B."], ["C.", "D."], ["E."]]


def test_neighbours_are_shown_as_one_passage(ask, shelf, retriever, generator):
    text = "Hotel costs are refunded up to 120 euros a night."
    document = shelf.add(text)
    [hit] = retriever.hits
    rest = "Receipts are handed in within 30 days."
    shelf.texts[document] = shelf.texts[document].replace("\n\nThe end.", f"\n{rest}")
    start = hit.chunk.end + 1
    retriever.around = [Chunk(1, rest, start, start + len(rest), page=4)]
    generator.says = "30 days [1]"
    [citation] = ask("Within how many days are receipts of hotel costs handed in?").citations
    shown = generator.requests[-1].messages[-1].content
    assert shown.count("<passage") == 1
    assert f"{text} {rest}" in shown
    assert (citation.quote, citation.page) == (rest, 4)


def test_a_neighbour_that_begins_a_paragraph_is_left_out(ask, shelf, retriever, generator):
    shelf.add("Hotel costs are refunded up to 120 euros a night.")
    [hit] = retriever.hits
    start = hit.chunk.end + 2
    retriever.around = [Chunk(1, "The end.", start, start + 8)]
    generator.says = "120 euros [1]"
    ask("Up to what sum are hotel costs refunded?")
    assert "The end." not in generator.requests[-1].messages[-1].content
