"""Speed of the default embedder, and what it and the search terms find.

    python -m benchmarks.embedding [--sets cranfield rgb_zh_dev ...]

The data sets lie in the folder `qa` of the folder that SOURCEBOOK_EVAL_DATA names; without it only
speed is measured.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from evaluation.datasets import Dataset, read_dataset
from evaluation.metrics import ndcg_at_k, recall_at_k
from retrieval.embedding.bert import Precision
from retrieval.embedding.e5 import E5Embedder
from retrieval.lexical.analysis import terms
from retrieval.lexical.blind import BlindTokens
from retrieval.lexical.word_index import WordIndex
from tests.unit.retrieval.embedding.engine import Engine

PASSAGE_TOKENS = 200
QUERY = "what was the total revenue in the third quarter?"
SETS = ("cranfield", "rgb_zh_dev", "tatqa_dev")
WAYS: tuple[tuple[str, Precision, bool], ...] = (
    ("float32", "float32", False),
    ("bfloat16 in torch", "bfloat16", False),
    ("bfloat16, kernels", "bfloat16", True),  # as torch where they cannot be had
)
Ranker = Callable[[str], list[str]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="*", default=SETS)
    parser.add_argument("--threads", type=int, default=2, help="for quality; speed tries 1 and 2")
    arguments = parser.parse_args()
    Console(width=110).print(speed())
    data = os.environ.get("SOURCEBOOK_EVAL_DATA")
    if data is None:
        print("Quality is skipped: set SOURCEBOOK_EVAL_DATA to the folder of the data sets.")
        return
    embedder = E5Embedder(threads=arguments.threads)
    sets = [read_dataset(Path(data) / "qa" / name) for name in arguments.sets]
    Console(width=110).print(quality(embedder, sets))


def speed() -> Table:
    columns = ("passages/s", "ratio", "passages/CPU s", "ratio", "CPU ms/query", "of 6 at once")
    table = Table("embedder", *columns, "seconds to load")
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        engine = Engine(Path(folder))
        base = Speed.of(engine, time.perf_counter() - start, passages=8)
    table.add_row("the package's engine", *base.cells(base))
    for name, precision, kernels in WAYS:
        for threads in (1, 2):
            start = time.perf_counter()
            embedder = E5Embedder(threads=threads, precision=precision, kernels=kernels)
            measured = Speed.of(embedder, time.perf_counter() - start, passages=64)
            table.add_row(f"{name}, threads={threads}", *measured.cells(base))
    return table


@dataclass(frozen=True)
class Speed:
    """CPU seconds count what all cores spent, so they stay true on a busy machine."""

    per_second: float
    per_cpu_second: float
    query_ms: float
    six_queries_ms: float
    load_seconds: float

    @classmethod
    def of(cls, embedder: E5Embedder | Engine, load_seconds: float, passages: int) -> "Speed":
        texts = ["word " * PASSAGE_TOKENS] * passages
        # The better of two: other programs can only make it slower.
        wall, cpu = np.min([spent(lambda: embedder.embed_passages(texts)) for _ in range(2)], 0)
        one, six = (
            1000
            * min(spent(partial(embedder.embed_queries, [QUERY] * count))[1] for _ in range(20))
            for count in (1, 6)
        )
        return cls(passages / wall, passages / cpu, one, six, load_seconds)

    def cells(self, base: "Speed") -> list[str]:
        ratio = f"{self.per_second / base.per_second:.1f}x"
        cpu_ratio = f"{self.per_cpu_second / base.per_cpu_second:.1f}x"
        figures = [f"{self.per_second:.1f}", ratio, f"{self.per_cpu_second:.1f}", cpu_ratio]
        queries = [f"{self.query_ms:.1f}", f"{self.six_queries_ms:.1f}"]
        return [*figures, *queries, f"{self.load_seconds:.2f}"]


def spent(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds and CPU seconds that some work takes."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def quality(embedder: E5Embedder, sets: Sequence[Dataset]) -> Table:
    table = Table("set", "passages", "way", "nDCG@10", "recall@10", "seconds to index")
    for dataset in sets:
        for way, build in (("dense", partial(dense, embedder)), ("lexical", lexical)):
            start = time.perf_counter()
            rank = build(dataset)
            seconds = time.perf_counter() - start
            figures = [f"{100 * value:.1f}" for value in measure(dataset, rank)]
            count = str(len(dataset.passages))
            table.add_row(dataset.name, count, way, *figures, f"{seconds:.1f}")
    return table


def measure(dataset: Dataset, rank: Ranker) -> tuple[float, float]:
    ndcg, recall = [], []
    for question in dataset.judged_questions:
        ranked, grades = rank(question.text), dataset.grades[question.id]
        ndcg.append(ndcg_at_k(ranked, grades, 10))
        recall.append(recall_at_k(ranked, grades, 10))
    return float(np.mean(ndcg)), float(np.mean(recall))


def dense(embedder: E5Embedder, dataset: Dataset) -> Ranker:
    ids = [passage.id for passage in dataset.passages]
    vectors = embedder.embed_passages([passage.titled_text for passage in dataset.passages])

    def rank(question: str) -> list[str]:
        similarities = vectors @ embedder.embed_queries([question])[0]
        return [ids[index] for index in np.argsort(-similarities, kind="stable")[:10]]

    return rank


def lexical(dataset: Dataset) -> Ranker:
    index, blind = WordIndex(50_000_000, 0.2), BlindTokens(bytes(16))
    for number, passage in enumerate(dataset.passages):
        tokens = b"".join(blind.tokens(terms(passage.titled_text)))
        index.put(str(number), 1, [number], [tokens])
    index.commit()
    index.publish()
    everything = np.array([False, True])

    def rank(question: str) -> list[str]:
        words = list(dict.fromkeys(terms(question)))
        found = index.search(blind.tokens(words), everything, 10)
        return [dataset.passages[number].id for number, _ in found]

    return rank


if __name__ == "__main__":
    main()
