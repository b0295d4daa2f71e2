"""Blocks of an office document find their words on the pages of its PDF."""

from ingest.blocks import Block, ParsedDocument
from ingest.placing import placed
from retrieval.corpus import Box


def box(page: int, line: int) -> Box:
    return Box(page, 0.1, line / 100, 0.9, line / 100 + 0.01)


def shown(*blocks: Block) -> ParsedDocument:
    return ParsedDocument(None, blocks, 2, "en")


def places(document: list[Block], pdf: ParsedDocument) -> list[tuple[int | None, list[int]]]:
    found = placed(ParsedDocument(None, tuple(document), None, "en"), pdf)
    assert found.page_count == pdf.page_count
    return [(b.page, [round(100 * box.top) for box in b.boxes]) for b in found.blocks]


PDF = shown(
    Block("text", "The same words. Other words follow here.", page=1, boxes=(box(1, 1), box(1, 2))),
    Block("text", "The same words.", page=2, boxes=(box(2, 5),)),
    Block(
        "table",
        "Town\tHeads\nBonn\t330\nKiel\t247",
        page=2,
        boxes=tuple(box(2, n) for n in (7, 8, 9)),
    ),
)


def test_equal_words_are_told_apart_by_their_order() -> None:
    document = [Block("text", "The same words."), Block("heading", "the SAME words", 1)]
    assert places(document, PDF) == [(1, [1]), (2, [5])]


def test_what_runs_over_two_blocks_has_the_boxes_of_both() -> None:
    document = [Block("text", "follow here. The same words")]
    assert places(document, PDF) == [(1, [2, 5])]


def test_a_table_has_a_box_for_each_row() -> None:
    document = [Block("table", "Town\tHeads\nnot shown\nKiel\t247")]
    assert places(document, PDF) == [(2, [7, 7, 9])]


def test_what_is_not_on_the_pages_keeps_what_it_had() -> None:
    document = [Block("text", "A speaker note", page=1), Block("text", "—")]
    assert places(document, PDF) == [(1, []), (None, [])]


def test_the_beginning_of_a_long_paragraph_is_enough() -> None:
    words = "A paragraph that a footer cuts in the middle of its "
    pdf = shown(Block("text", words + "Page 7 sentence.", page=1, boxes=(box(1, 3),)))
    assert places([Block("text", words + "sentence.")], pdf) == [(1, [3])]
