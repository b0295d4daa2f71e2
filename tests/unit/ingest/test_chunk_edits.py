"""What an edit costs: chunks whose text is new are embedded, all others keep their vectors."""

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from ingest.blocks import Block, ParsedDocument
from ingest.chunking import chunk

SHARE_MAX = 0.05
Blocks = list[Block]


def count(texts: list[str]) -> list[int]:
    return [2 + len(text) // 4 for text in texts]


def report() -> Blocks:
    """Build one long section, where nothing but paragraphs tells chunks where to begin."""
    numbers = random.Random(7)
    words = ["margin", "plant", "order", "region", "cost", "growth", "staff", "price", "demand"]
    paragraphs = [
        " ".join(numbers.choices(words, k=numbers.randint(20, 120))).capitalize() + f" in {n}."
        for n in range(400)
    ]
    return [Block("heading", "Report", 1), *(Block("text", text) for text in paragraphs)]


def added(blocks: Blocks) -> Blocks:
    return [*blocks[:200], Block("text", "A wholly new paragraph. " * 20), *blocks[200:]]


def removed(blocks: Blocks) -> Blocks:
    return blocks[:150] + blocks[151:]


def changed(blocks: Blocks) -> Blocks:
    longer = replace(blocks[20], text=f"Corrected: {blocks[20].text}")
    return [*blocks[:20], longer, *blocks[21:]]


@pytest.mark.parametrize("edit", [added, removed, changed])
def test_an_edit_of_a_report_leaves_nearly_all_passages_as_they_are(
    edit: Callable[[Blocks], Blocks],
) -> None:
    before, after = (
        chunk(ParsedDocument(None, tuple(blocks), None, "en"), count)
        for blocks in (report(), edit(report()))
    )
    known = {passage.embedded_text for passage in before}
    new = [passage for passage in after if passage.embedded_text not in known]
    assert 1 <= len(new) <= SHARE_MAX * len(after)
