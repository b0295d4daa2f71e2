"""How much of the tables in PDFs survives: cells, and cells beside and below each other.

    python -m benchmarks.tables [--show eu-001]

Reads `parsing/icdar2013_tables` of the folder that SOURCEBOOK_EVAL_DATA names: reports of the EU
with tables that people described. A cell counts when a table of ours has one with the same letters
and digits; a relation is a pair of cells that are neighbours in a row or a column (the measure of
the ICDAR 2013 competition), counted over a document, because tables of ours have no numbers.
"""

import argparse
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain, pairwise
from pathlib import Path
from typing import TypeVar
from xml.etree import ElementTree

from rich.console import Console
from rich.table import Table

from ingest import detect
from ingest.parsers import parse

BLANK = Counter({"": 1 << 30})
_Thing = TypeVar("_Thing")
Grid = Sequence[Sequence[str]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--show", help="print the tables found in one document")
    arguments = parser.parse_args()
    data = os.environ.get("SOURCEBOOK_EVAL_DATA")
    if data is None:
        print("Set SOURCEBOOK_EVAL_DATA to the folder of the data sets.")
        return
    folder = Path(data) / "parsing/icdar2013_tables/competition-dataset-eu"
    if arguments.show:
        for grid in found_tables(folder / f"{arguments.show}.pdf"):
            print(*(" | ".join(row) for row in grid), "", sep="\n")
        return
    described = [pdf for pdf in sorted(folder.glob("*.pdf")) if truth_of(pdf).exists()]
    Console(width=110).print(measured(described))


def truth_of(pdf: Path) -> Path:
    return pdf.with_name(f"{pdf.stem}-str.xml")


def measured(pdfs: Sequence[Path]) -> Table:
    cells, relations = Score(), Score()
    for pdf in pdfs:
        both = list(found_tables(pdf)), list(true_tables(truth_of(pdf)))
        ours, theirs = (Counter(chain(*chain(*grids))) - BLANK for grids in both)
        cells.add(pdf.stem, ours, theirs)
        beside, truly = (Counter(chain(*map(neighbours, grids))) for grids in both)
        relations.add(pdf.stem, beside, truly)
    table = Table("", "precision", "recall", "F1", title=f"{len(pdfs)} documents")
    for name, score in (("cells", cells), ("neighbours", relations)):
        table.add_row(name, *(f"{value:.3f}" for value in score.total()))
    worst = sorted(cells.missed.items(), key=lambda item: -item[1])[:12]
    table.caption = "most cells lost: " + ", ".join(f"{name} {count}" for name, count in worst)
    return table


class Score:
    """Counts what is common over documents."""

    def __init__(self) -> None:
        self.common = self.ours = self.theirs = 0
        self.missed: dict[str, int] = {}

    def add(self, name: str, ours: Counter[_Thing], theirs: Counter[_Thing]) -> None:
        common = (ours & theirs).total()
        self.common += common
        self.ours += ours.total()
        self.theirs += theirs.total()
        self.missed[name] = theirs.total() - common + ours.total() - common

    def total(self) -> tuple[float, float, float]:
        precision, recall = self.common / self.ours, self.common / self.theirs
        return precision, recall, 2 * self.common / (self.ours + self.theirs)


def found_tables(path: Path) -> Iterator[list[list[str]]]:
    for block in parse(path, detect.PDF).blocks:
        if block.kind == "table":
            yield [[bare(cell) for cell in row.split("\t")] for row in block.text.split("\n")]


def true_tables(path: Path) -> Iterator[list[list[str]]]:
    """Tables as grids; a cell that spans others stands in its first place."""
    for region in ElementTree.parse(path).iter("region"):
        cells = [
            (
                int(cell.get("start-row", 0)),
                int(cell.get("start-col", 0)),
                cell.findtext("content") or "",
            )
            for cell in region.iter("cell")
        ]
        rows, columns = max(c[0] for c in cells) + 1, max(c[1] for c in cells) + 1
        grid = [[""] * columns for _ in range(rows)]
        for row, column, text in cells:
            grid[row][column] = bare(text)
        yield grid


def bare(text: str) -> str:
    return "".join(filter(str.isalnum, text)).casefold()


def neighbours(grid: Grid) -> Iterator[tuple[str, str, str]]:
    """Pairs of cells that follow each other in a row or column, empty ones left out."""
    width = max((len(row) for row in grid), default=0)
    columns = [[row[i] if i < len(row) else "" for row in grid] for i in range(width)]
    for direction, lines in (("across", grid), ("down", columns)):
        for line in lines:
            for one, other in pairwise(filter(None, line)):
                yield direction, one, other


if __name__ == "__main__":
    main()
