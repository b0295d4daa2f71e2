"""What chunks look like: headings, tables, boxes. Laws of all documents are in tests/property."""

from collections.abc import Sequence

from ingest.blocks import Block, ParsedDocument
from ingest.chunking import chunk
from retrieval.corpus import Box, Chunk


def words(texts: Sequence[str]) -> list[int]:
    return [len(text.split()) for text in texts]


def chunks(*blocks: Block, tokens_max: int) -> list[Chunk]:
    return chunk(ParsedDocument(None, blocks, None, "en"), words, tokens_max)


def sentence(number: int) -> str:
    return f"Sentence number {number} has six words."


def test_a_section_that_fits_is_one_chunk_with_its_children() -> None:
    (only,) = chunks(
        Block("heading", "Rules", 1),
        Block("text", "Be kind."),
        Block("heading", "More", 2),
        Block("text", "Be early."),
        tokens_max=20,
    )
    assert only.text == "Rules\n\nBe kind.\n\nMore\n\nBe early."
    assert only.heading_path == ()


def test_a_chunk_knows_the_headings_above_it() -> None:
    found = chunks(
        Block("heading", "Rules", 1),
        Block("heading", "Travel", 2),
        Block("text", " ".join(map(sentence, range(4)))),
        tokens_max=14,
    )
    assert [each.heading_path for each in found] == [(), ("Rules", "Travel")]
    assert found[0].text.startswith("Rules\n\nTravel\n\nSentence number 0")


def test_small_siblings_share_a_chunk_and_large_ones_do_not() -> None:
    blocks = [Block("heading", "All", 1), Block("text", " ".join(map(sentence, range(3))))]
    for name in "ABC":
        blocks += [Block("heading", name, 2), Block("text", "Two words.")]
    found = chunks(*blocks, tokens_max=20)
    assert [each.text.count("Two words.") for each in found] == [0, 3]
    assert found[1].heading_path == ("All",)


def test_a_chunk_does_not_run_into_the_next_chapter() -> None:
    long = " ".join(map(sentence, range(3)))
    found = chunks(
        *(part for name in "AB" for part in (Block("heading", name, 1), Block("text", long))),
        tokens_max=25,
    )
    assert [each.text[0] for each in found] == ["A", "B"]


def test_sentences_stay_whole() -> None:
    found = chunks(Block("text", " ".join(map(sentence, range(9)))), tokens_max=20)
    assert all(each.text.endswith(".") and each.text.startswith("Sentence") for each in found)


def test_rows_after_the_first_chunk_carry_the_header_of_their_table() -> None:
    rows = ["Year\tSales", *(f"{year}\t{year * 2}" for year in range(2000, 2010))]
    found = chunks(Block("heading", "Sales", 1), Block("table", "\n".join(rows)), tokens_max=8)
    assert found[0].heading_path == ()
    assert {each.heading_path for each in found[1:]} == {("Sales", "Year | Sales")}
    assert all("\n" not in each.text or each.text.count("\t") > 1 for each in found)


def test_a_long_heading_is_cut_in_the_path_only() -> None:
    heading = "word " * 60
    found = chunks(Block("heading", heading.strip(), 1), Block("text", "x " * 30), tokens_max=40)
    assert found[-1].heading_path[0].endswith("…")
    assert len(found[-1].heading_path[0]) <= 121


def line_boxes(*widths: float) -> tuple[Box, ...]:
    return tuple(
        Box(1, 0.1, 0.1 * row, 0.1 + width, 0.1 * row + 0.05) for row, width in enumerate(widths)
    )


def test_a_chunk_has_the_boxes_of_its_lines() -> None:
    text = " ".join(map(sentence, range(4)))
    boxes = line_boxes(0.8, 0.8, 0.8, 0.8)  # a sentence on each line
    found = chunks(Block("text", text, page=1, boxes=boxes), tokens_max=12)
    assert [each.boxes for each in found] == [boxes[:2], boxes[2:]]
    assert [each.page for each in found] == [1, 1]


def test_rows_have_the_boxes_of_their_rows_whatever_their_width() -> None:
    boxes = line_boxes(0.9, 0.1, 0.1, 0.1)
    table = Block("table", "a b c d e\nf g h i\nj k l m\nn o p q", page=1, boxes=boxes)
    found = chunks(table, tokens_max=9)
    assert [each.boxes for each in found] == [boxes[:2], boxes[2:]]


def test_a_file_attached_to_a_page_is_no_part_of_its_passage() -> None:
    found = chunks(
        Block("text", "See the annex.", page=1),
        Block("heading", "annex.txt", 2),
        Block("text", "It has no pages."),
        tokens_max=40,
    )
    assert [(each.page, each.text) for each in found] == [
        (1, "See the annex."),
        (None, "annex.txt\n\nIt has no pages."),
    ]


def test_nothing_to_cut_gives_no_chunks() -> None:
    assert chunks(tokens_max=10) == []
