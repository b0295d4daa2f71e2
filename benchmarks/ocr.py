"""How well and how fast scanned receipts are read.

    python -m benchmarks.ocr [--files 40] [--threads 2]

Reads `parsing/sroie_dev` of the folder that SOURCEBOOK_EVAL_DATA names: scanned English receipts
with the text that people typed. A word counts once for each time that both have it on the receipt,
whatever its case; the second figure leaves punctuation out, which people and models space
differently ("Tel: 03", "Tel:03").
"""

import argparse
import json
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from PIL import Image
from rich.console import Console
from rich.table import Table

from ingest.parsers.ocr import Reader
from ingest.parsers.scan_turns import upright
from ingest.settings import ParseLimits

Words = Callable[[str], Iterable[str]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=40)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    data = os.environ.get("SOURCEBOOK_EVAL_DATA")
    if data is None:
        print("Set SOURCEBOOK_EVAL_DATA to the folder of the data sets.")
        return
    folder = Path(data) / "parsing/sroie_dev"
    with (folder / "truth.jsonl").open(encoding="utf-8") as lines:
        receipts = [json.loads(line) for line in lines][: arguments.files]
    Console(width=110).print(measured(folder, receipts, arguments.threads))


def measured(folder: Path, receipts: Sequence[dict[str, object]], threads: int) -> Table:
    reader = Reader(threads, ParseLimits().ocr_side_pixels_max)
    found, truth = [], []
    begun = time.perf_counter()
    for receipt in receipts:
        picture = Image.open(folder / str(receipt["image"])).convert("RGB")
        found.append(" ".join(strip.text for strip in upright(reader, picture).strips))
        truth.append(" ".join(line["text"] for line in receipt["lines"]))  # type: ignore[attr-defined]
    seconds = (time.perf_counter() - begun) / len(receipts)
    title = f"{len(receipts)} receipts, {seconds:.2f} s each on {threads} threads"
    table = Table("words", "precision", "recall", "F1", title=title)
    for name, words in (("as printed", str.split), ("letters and digits", bare)):
        table.add_row(name, *(f"{value:.3f}" for value in scores(found, truth, words)))
    return table


def bare(text: str) -> list[str]:
    return re.findall(r"\w+", text)


def scores(found: list[str], truth: list[str], words: Words) -> tuple[float, float, float]:
    """Precision, recall and F1 over the words of all receipts."""
    ours = [Counter(words(text.casefold())) for text in found]
    theirs = [Counter(words(text.casefold())) for text in truth]
    common = sum((a & b).total() for a, b in zip(ours, theirs, strict=True))
    total_ours, total_theirs = sum(a.total() for a in ours), sum(b.total() for b in theirs)
    return common / total_ours, common / total_theirs, 2 * common / (total_ours + total_theirs)


if __name__ == "__main__":
    main()
