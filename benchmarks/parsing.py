"""How fast documents are parsed, where the time goes, and how much of their text arrives.

    python -m benchmarks.parsing [--files 6] [FOLDER]

FOLDER holds PDFs; without it `finance/financebench_dev/pdfs` of the folder that
SOURCEBOOK_EVAL_DATA names. Faithfulness is the F1 of 5-grams of characters against the plain text
edition of the same manual, `parsing/debian_docs`. That edition draws rules and tables with
characters that the PDF does not have, so a second figure leaves them out. It also ends each section
number with a dot ("2.1." for "2.1") and repeats a section's title wherever it refers to it, which
the PDF does not; a third figure folds both.
"""

import argparse
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pypdfium2 as pdfium
from rich.console import Console
from rich.table import Table

from ingest import detect
from ingest.chunking import chunk
from ingest.parsers import parse
from ingest.parsers.pdf_lines import read_page
from ingest.sandbox import ParserSandbox

GRAM = 5
DRAWN = re.compile(r"[\u2500-\u257f|]+|[-=_]{4,}|[•◦*]")
NUMBER_DOT = re.compile(r"^\s*((?:\d+|[A-Z])(?:\.\d+)+)\.\s", re.MULTILINE)
NAMED_SECTION = re.compile(
    r"""((?:第\s*[\w.]+\s*[节章]|附录\s*\w+\s*,?|(?:Section|Chapter|Appendix)\s+[\w.]+),?\s*)"""
    r'''"[^"]{1,120}"'''
)
QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"'})
MANUALS = ("en/install", "zh/install", "en/debian-faq")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--files", type=int, default=6, help="how many PDFs, the first by name")
    arguments = parser.parse_args()
    data = os.environ.get("SOURCEBOOK_EVAL_DATA")
    folder = arguments.folder or (Path(data) / "finance/financebench_dev/pdfs" if data else None)
    if folder is None:
        print("Give a folder of PDFs, or set SOURCEBOOK_EVAL_DATA to the folder of the data sets.")
        return
    console = Console(width=110)
    console.print(speed(sorted(folder.glob("*.pdf"))[: arguments.files]))
    if data:
        console.print(faithfulness(Path(data) / "parsing/debian_docs"))


def speed(files: Sequence[Path]) -> Table:
    table = Table("stage", "ms a page", "pages/s", "share of sandbox", title=f"{len(files)} PDFs")
    pages = sum(len(pdfium.PdfDocument(file.read_bytes())) for file in files)
    with ParserSandbox() as sandbox:
        start = time.perf_counter()
        sandbox.parse(b"warm", detect.TEXT)
        warm_up = time.perf_counter() - start
        sandboxed = timed(lambda file: sandbox.parse(file.read_bytes(), detect.PDF), files)
    stages = {
        "pdfium: load page and text": timed(load_text, files),
        "+ lines, sizes, cells": timed(read_lines, files),
        "+ layout: the whole parser": timed(lambda file: parse(file, detect.PDF), files),
        "+ sandbox and wire": sandboxed,
    }
    for name, seconds in stages.items():
        share = f"{seconds / sandboxed:.0%}"
        table.add_row(name, f"{1000 * seconds / pages:.2f}", f"{pages / seconds:.0f}", share)
    documents = [parse(file, detect.PDF) for file in files]
    start = time.perf_counter()
    for document in documents:
        chunk(document, lambda texts: [len(text) // 4 for text in texts])
    chunking = time.perf_counter() - start
    table.add_row("chunking, without a tokenizer", f"{1000 * chunking / pages:.2f}", "", "")
    table.add_row("warm process, once", f"{warm_up:.1f} s", "", "")
    return table


def timed(work: Callable[[Path], object], files: Sequence[Path]) -> float:
    """Seconds for `work(file)` over all files."""
    start = time.perf_counter()
    for file in files:
        work(file)
    return time.perf_counter() - start


def load_text(file: Path) -> None:
    document = pdfium.PdfDocument(file.read_bytes())
    for page in document:
        page.get_textpage().get_text_range()


def read_lines(file: Path) -> None:
    document = pdfium.PdfDocument(file.read_bytes())
    for index in range(len(document)):
        read_page(document, index)


def faithfulness(folder: Path) -> Table:
    title = "5-grams against the text edition: as it is / without drawings / of the same wording"
    table = Table("manual", "precision", "recall", "F1", title=title)
    for manual in MANUALS:
        found = parse(folder / f"{manual}.pdf", detect.PDF).text
        truth = (folder / f"{manual}.txt").read_text(encoding="utf-8", errors="replace")
        drawn = plain(found), plain(truth)
        pairs = [(found, truth), drawn, (worded(drawn[0]), worded(drawn[1]))]
        values = zip(*(f1(*pair) for pair in pairs), strict=True)
        table.add_row(manual, *(" / ".join(f"{100 * v:.1f}" for v in both) for both in values))
    return table


def f1(found: str, truth: str) -> tuple[float, float, float]:
    """Precision, recall and F1 of the 5-grams."""
    ours, theirs = grams(found), grams(truth)
    common = (ours & theirs).total()
    precision, recall = common / ours.total(), common / theirs.total()
    return precision, recall, 2 * precision * recall / (precision + recall)


def plain(text: str) -> str:
    """Leave out what the text edition draws with characters, and fold typographic quotes."""
    return DRAWN.sub("", text.translate(QUOTES))


def worded(text: str) -> str:
    """Fold what the editions word differently: dots after section numbers, titles in references."""
    return NUMBER_DOT.sub(r"\1 ", NAMED_SECTION.sub(lambda match: match[1].rstrip(" ,"), text))


def grams(text: str) -> Counter[str]:
    characters = "".join(text.split())
    return Counter(characters[i : i + GRAM] for i in range(len(characters) - GRAM + 1))


if __name__ == "__main__":
    main()
