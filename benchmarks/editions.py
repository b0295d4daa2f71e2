"""What the two editions of the Debian manuals have different, taken out one after another.

    python -m benchmarks.editions

The PDF and the text edition are made from one source by two programs. Each row folds one more
difference in both and gives precision, recall and F1 of 5-grams as `benchmarks.parsing` does; what
is missing at the end is the most that the parser can have lost.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.parsing import DRAWN, QUOTES, f1, worded
from ingest import detect
from ingest.parsers import parse

MANUALS = ("en/install", "zh/install")
CONTENTS = re.compile(r"^(?:Table of Contents|目录)\n\n(?:[ \t]*\S.*\n)+", re.MULTILINE)
PRINTED_CODE = re.compile(r"b'([^']*)'|</?[ib]>")
NOTE_MARKS = re.compile(r"\^\[\d+\]|[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
CHAPTERS = re.compile(r"(?:Chapter|Appendix|第|附录)\s*([\dA-F])(?:\s*章|\.)?\s*")
NOTICES = re.compile("note|warning|注意|警告", re.IGNORECASE)
DASHES = re.compile(r"\s*(?:--+|[—–]+)\s*")


def without_later_contents(text: str) -> str:
    """Leave the first table of contents, which both editions have."""
    first = CONTENTS.search(text)
    return text[: first.end()] + CONTENTS.sub("", text[first.end() :]) if first else text


def labelled(text: str) -> str:
    """Fold "Chapter 4.", "第 4 章" and "NOTE", and dashes."""
    text = NOTICES.sub(lambda match: match[0].lower(), CHAPTERS.sub(r"C\1 ", text))
    return DASHES.sub("-", text)


Fold = Callable[[str], str]
FOLDS: dict[str, Fold] = {
    "as they are": lambda text: text,
    "contents of each chapter, in the text edition": without_later_contents,
    "typographic quotes": lambda text: text.translate(QUOTES),
    "code printed by mistake around Chinese, in the PDF": lambda t: PRINTED_CODE.sub(r"\1", t),
    "drawn lines and bullets": lambda text: DRAWN.sub("", text),
    "dots after section numbers, titles in references": worded,
    "marks of notes": lambda text: NOTE_MARKS.sub("", text),
    "words for chapters, case of notices, dashes": labelled,
}


def main() -> None:
    data = os.environ.get("SOURCEBOOK_EVAL_DATA")
    if data is None:
        print("Set SOURCEBOOK_EVAL_DATA to the folder of the data sets.")
        return
    for manual in MANUALS:
        Console(width=110).print(ladder(Path(data) / "parsing/debian_docs", manual))


def ladder(folder: Path, manual: str) -> Table:
    table = Table("and without", "precision", "recall", "F1", title=manual)
    found = parse(folder / f"{manual}.pdf", detect.PDF).text
    truth = (folder / f"{manual}.txt").read_text(encoding="utf-8", errors="replace")
    for name, fold in FOLDS.items():
        found, truth = fold(found), fold(truth)
        table.add_row(name, *(f"{100 * value:.1f}" for value in f1(found, truth)))
    return table


if __name__ == "__main__":
    main()
