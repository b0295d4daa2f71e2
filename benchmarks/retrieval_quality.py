"""How good rankings are: nDCG@10 and recall@10 of meaning, words and both together.

    SOURCEBOOK_EVAL_DATA=<folder> python -m benchmarks.retrieval_quality [--cache FOLDER] [--sweep]

Each passage of a data set is one chunk under its title. The indexes, the analysis of words and
the fusion are those of the product. `--cache` keeps the vectors, so that a second run takes
seconds; `--sweep` shows nDCG@10 for other weights and rank offsets as well.
"""

import argparse
import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evaluation.datasets import Dataset, read_dataset
from evaluation.metrics import ndcg_at_k, recall_at_k
from retrieval.access import AccessScope
from retrieval.embedding.factory import create_embedder
from retrieval.embedding.port import Embedder, Vectors
from retrieval.embedding.settings import EmbeddingSettings
from retrieval.fusion import fuse
from retrieval.lexical.analysis import terms
from retrieval.lexical.blind import BlindTokens
from retrieval.rows import Batch, IndexedDocument
from retrieval.scripts import is_chinese
from retrieval.settings import RetrievalSettings
from retrieval.stages import ignore
from retrieval.tenant_index import Candidates, TenantIndex

# nDCG@10 of BM25 (k1=0.9, b=0.4; Chinese by pairs of characters) as the data's README gives it.
BM25 = {
    "cranfield": 35.2,
    "squad2_dev": 91.1,
    "cmrc2018_trial_as_dev": 98.6,
    "drcd_dev_hant": 96.0,
    "rgb_zh_dev": 73.0,
    "tatqa_dev": 64.4,
    "clapnq_dev": 85.0,
    "crud_news": 75.3,
}
K = 10
SCOPE = AccessScope("benchmark", frozenset({1}))
WEIGHTS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
OFFSETS = (2.0, 5.0, 10.0, 20.0, 60.0)
BLIND = BlindTokens(bytes(range(32)))


@dataclass(frozen=True)
class Judged:
    """A question's candidates and the grades they are measured by."""

    text: str
    grades: dict[str, float]
    candidates: Candidates


def main() -> None:
    options = _options()
    root = os.environ.get("SOURCEBOOK_EVAL_DATA")
    if not root:
        sys.exit("Set SOURCEBOOK_EVAL_DATA to the folder of the data sets (with qa/ inside).")
    settings = RetrievalSettings()
    embedder = create_embedder(EmbeddingSettings(threads=options.threads))
    header = f"{'':22}{'BM25':>7}{'dense':>14}{'lexical':>14}{'hybrid':>14}"
    print(f"{header}   (nDCG@10 recall@10)")
    for name in options.sets:
        dataset = read_dataset(Path(root) / "qa" / name)
        judged = _judged(dataset, _vectors(dataset, embedder, options.cache), settings)
        _report(name, judged, settings)
        if options.sweep:
            _sweep(judged)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, help="folder that keeps vectors between runs")
    parser.add_argument("--sweep", action="store_true", help="try other weights and offsets")
    parser.add_argument("--threads", type=int, default=1, help="cores for the embedder")
    parser.add_argument("sets", nargs="*", default=list(BM25), help="data sets, default all")
    return parser.parse_args()


def _vectors(dataset: Dataset, embedder: Embedder, cache: Path | None) -> tuple[Vectors, Vectors]:
    """Embed passages and questions, or read them from the cache."""
    model = re.sub(r"[^\w@.-]", "_", embedder.name)
    path = cache and cache / f"{dataset.name}.{model}.npz"
    if path and path.exists():
        stored = np.load(path)
        return stored["passages"], stored["queries"]
    passages = embedder.embed_passages([passage.titled_text for passage in dataset.passages])
    queries = embedder.embed_queries([question.text for question in dataset.questions])
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, passages=passages, queries=queries)
    return passages, queries


def _judged(
    dataset: Dataset, vectors: tuple[Vectors, Vectors], settings: RetrievalSettings
) -> list[Judged]:
    passages, queries = vectors
    index = _index(dataset, passages, settings)
    vector_of = dict(zip((q.id for q in dataset.questions), queries, strict=True))
    rows = []
    for question in dataset.judged_questions:
        words = list(dict.fromkeys(terms(question.text)))[: settings.query_terms_max]
        vector = vector_of[question.id].astype(np.float32)
        found = index.search(SCOPE, vector, BLIND.tokens(words), settings.candidates_max, ignore)
        grades = {
            str(number): grade
            for number, passage in enumerate(dataset.passages)
            if (grade := dataset.grades[question.id].get(passage.id))
        }
        rows.append(Judged(question.text, grades, found))
    return rows


def _index(
    dataset: Dataset, passages: NDArray[np.floating], settings: RetrievalSettings
) -> TenantIndex:
    index = TenantIndex(passages.shape[1], settings)
    documents = [
        IndexedDocument(
            document_id=passage.id,
            acl_id=1,
            collection_id="all",
            chunk_ids=[number],
            tokens=[b"".join(BLIND.tokens(terms(passage.titled_text)))],
            vector_ids=np.array([number]),
            vectors=passages[number : number + 1].astype(np.float16),
        )
        for number, passage in enumerate(dataset.passages)
    ]
    index.load([Batch([], documents)], len(documents))
    return index


Ranker = Callable[[Judged], Sequence[int]]


def _fused(dense: float, offset: float) -> Ranker:
    def ranked(judged: Judged) -> Sequence[int]:
        found = judged.candidates
        return fuse([(dense, found.dense), (1 - dense, found.lexical)], offset)

    return ranked


def _hybrid(settings: RetrievalSettings) -> Ranker:
    def ranked(judged: Judged) -> Sequence[int]:
        chinese = is_chinese(judged.text)
        dense = settings.dense_weight_chinese if chinese else settings.dense_weight
        return _fused(dense, settings.fusion_rank_offset)(judged)

    return ranked


def _measure(judged: Sequence[Judged], rank: Ranker) -> tuple[float, float]:
    """Return the means of nDCG@10 and recall@10 in percent."""
    rankings = [([str(number) for number in rank(one)[:K]], one.grades) for one in judged]
    ndcg = np.mean([ndcg_at_k(ranked, grades, K) for ranked, grades in rankings])
    recall = np.mean([recall_at_k(ranked, grades, K) for ranked, grades in rankings])
    return 100 * float(ndcg), 100 * float(recall)


def _report(name: str, judged: Sequence[Judged], settings: RetrievalSettings) -> None:
    legs: list[Ranker] = [
        lambda one: one.candidates.dense,
        lambda one: one.candidates.lexical,
        _hybrid(settings),
    ]
    cells = "".join("{:8.1f}{:6.1f}".format(*_measure(judged, rank)) for rank in legs)
    print(f"{name:22}{BM25.get(name, 0):7.1f}{cells}", flush=True)


def _sweep(judged: Sequence[Judged]) -> None:
    print(f"  {'offset':8}" + "".join(f"{f'w={weight}':>8}" for weight in WEIGHTS))
    for offset in OFFSETS:
        values = (_measure(judged, _fused(weight, offset))[0] for weight in WEIGHTS)
        print(f"  {offset:<8}" + "".join(f"{value:8.1f}" for value in values), flush=True)


if __name__ == "__main__":
    main()
