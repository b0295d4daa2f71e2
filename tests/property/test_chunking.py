"""What holds for every document: nothing lost, nothing twice, bounded, exact, the same again."""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ingest.blocks import Block, ParsedDocument
from ingest.chunking import chunk

WORDS = st.sampled_from(
    ["revenue", "grew", "5.3", "Mr.", "the", "plan", "end.", "Why?", "收入增长。", "利润", "a,b"]
)
TEXTS = st.lists(WORDS, min_size=1, max_size=40).map(" ".join)
HEADINGS = st.builds(
    Block,
    st.just("heading"),
    st.lists(WORDS, min_size=1, max_size=5).map(" ".join),
    st.integers(1, 6),
)
TABLES = st.lists(
    st.lists(WORDS, min_size=1, max_size=4).map("\t".join), min_size=1, max_size=12
).map(lambda rows: Block("table", "\n".join(rows)))
BODIES = st.one_of(st.builds(Block, st.sampled_from(["text", "list"]), TEXTS), TABLES)
BLOCKS = st.lists(st.one_of(HEADINGS, BODIES), max_size=25)
LIMITS = st.integers(3, 80)


def words(texts: Sequence[str]) -> list[int]:
    return [2 + len(text.split()) for text in texts]


def characters(texts: Sequence[str]) -> list[int]:
    return [len(text) for text in texts]


def document(blocks: Sequence[Block]) -> ParsedDocument:
    return ParsedDocument(None, tuple(blocks), None, None)


@given(BLOCKS, LIMITS)
def test_every_character_is_in_exactly_one_chunk(blocks: list[Block], tokens_max: int) -> None:
    parsed = document(blocks)
    chunks = chunk(parsed, words, tokens_max)
    end = 0
    for each in chunks:
        assert not parsed.text[end : each.start].strip()
        assert each.text == parsed.text[each.start : each.end]
        assert each.text == each.text.strip() != ""
        end = each.end
    assert not parsed.text[end:].strip()
    assert [each.ordinal for each in chunks] == list(range(len(chunks)))


@given(BLOCKS, LIMITS)
def test_no_chunk_exceeds_the_limit(blocks: list[Block], tokens_max: int) -> None:
    for each in chunk(document(blocks), words, tokens_max):
        assert words([each.text])[0] <= tokens_max


@given(BLOCKS, st.integers(1, 40))
def test_any_measure_of_size_is_respected(blocks: list[Block], tokens_max: int) -> None:
    for each in chunk(document(blocks), characters, tokens_max):
        assert len(each.text) <= tokens_max


@given(BLOCKS, LIMITS)
def test_chunking_again_gives_the_same(blocks: list[Block], tokens_max: int) -> None:
    parsed = document(blocks)
    assert chunk(parsed, words, tokens_max) == chunk(parsed, words, tokens_max)


@given(st.lists(st.lists(BODIES, min_size=1, max_size=6), min_size=2, max_size=6), st.data())
def test_an_edit_changes_chunks_of_its_own_chapter_only(
    chapters: list[list[Block]], data: st.DataObject
) -> None:
    edited = data.draw(st.integers(0, len(chapters) - 1))
    tokens_max = 12
    filler = Block("text", "word " * 40)  # no chapter fits into one chunk with its neighbour

    def texts(change: str) -> list[list[str]]:
        blocks: list[Block] = []
        for number, chapter in enumerate(chapters):
            body = [filler, *chapter]
            if number == edited:
                body = [replace(body[0], text=change + body[0].text), *body[1:]]
            blocks += [Block("heading", f"Chapter {number}", 1), *body]
        found: list[list[str]] = []
        for each in chunk(document(blocks), words, tokens_max):
            if each.text.startswith("Chapter "):
                found.append([])
            found[-1].append(each.text)
        return found

    before, after = texts(""), texts("changed ")
    assert len(before) == len(after) == len(chapters)
    for number, (old, new) in enumerate(zip(before, after, strict=True)):
        assert (old == new) is (number != edited)
