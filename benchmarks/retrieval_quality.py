"""How good rankings are: nDCG@10 and recall@10 of meaning, words and both together.

    SOURCEBOOK_EVAL_DATA=<folder> python -m benchmarks.retrieval_quality [--cache FOLDER] [--sweep]

Each passage of a data set is one chunk under its title. The indexes, the analysis of words and
the fusion are those of the product. After the sets on their own come the same questions on a
corpus in which the sets are mixed, English and Chinese, and questions in one language on pages in
the other: how often one of the right passages is among the first 1, 5 and 10, without and with
what the product does about languages. `--cache` keeps the vectors, so that a second run takes
seconds; `--sweep` shows nDCG@10 for other weights and rank offsets as well.
"""

import argparse
import os
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.parallel_pages import read_manual
from evaluation.datasets import Dataset, Passage, read_dataset
from evaluation.metrics import ndcg_at_k, recall_at_k
from ingest.parsers import language
from retrieval.access import AccessScope
from retrieval.embedding.factory import create_embedder
from retrieval.embedding.port import Embedder, Vectors
from retrieval.embedding.settings import EmbeddingSettings
from retrieval.lexical.analysis import terms
from retrieval.lexical.blind import BlindTokens
from retrieval.ranking import by_meaning, ranked
from retrieval.rows import Batch, IndexedDocument
from retrieval.scripts import Script, script_of
from retrieval.settings import RetrievalSettings
from retrieval.stages import ignore
from retrieval.tenant_index import Candidates, TenantIndex
from retrieval.vectors.faiss_vectors import FaissVectors
from retrieval.visibility import DocumentClass, VisibilityClasses

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
MIXED = [name for name in BM25 if name != "crud_news"]
MANUAL = Path("parsing", "debian_docs")
K = 10
DEPTHS = (1, 5, 10)
SCOPE = AccessScope("benchmark", frozenset({1}))
WEIGHTS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
OFFSETS = (2.0, 5.0, 10.0, 20.0, 60.0)
BLIND = BlindTokens(bytes(range(32)))
SETTINGS = RetrievalSettings()
LANGUAGE_BLIND = SETTINGS.model_copy(
    update={"foreign_bonus": 0.0, "foreign_bonus_chinese": 0.0, "foreign_words_share": 0.0}
)


@dataclass(frozen=True)
class Judged:
    """A question's candidates and the grades they are measured by."""

    question_id: str
    text: str
    grades: dict[str, float]
    candidates: Candidates


@dataclass(frozen=True)
class Embedded:
    """A data set with the vectors of its passages and questions."""

    dataset: Dataset
    passages: Vectors
    queries: Vectors


Ranker = Callable[[Judged], Sequence[int | None]]


def main() -> None:
    options = _options()
    root = os.environ.get("SOURCEBOOK_EVAL_DATA")
    if not root:
        sys.exit("Set SOURCEBOOK_EVAL_DATA to the folder of the data sets (with qa/ inside).")
    embedder = create_embedder(EmbeddingSettings(threads=options.threads))
    print(f"{'':28}{'BM25':>7}{'dense':>14}{'lexical':>14}{'hybrid':>14}   (nDCG@10 recall@10)")
    sets = {}
    for name in options.sets:
        sets[name] = _embedded(read_dataset(Path(root) / "qa" / name), embedder, options.cache)
        judged = _judged(sets[name], script_of_passage)
        _report(name, judged, BM25.get(name, 0))
        if options.sweep:
            _sweep(judged)
    mixed = [sets[name] for name in MIXED if name in sets]
    if len(mixed) > 1:
        _report_mixed(mixed)
    if (Path(root) / MANUAL).is_dir():
        manual = read_manual(Path(root) / MANUAL, embedder.count_tokens)
        _report_across(_embedded(manual, embedder, options.cache))
    else:
        print(f"No {MANUAL} in the folder: nothing is measured across languages.")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, help="folder that keeps vectors between runs")
    parser.add_argument("--sweep", action="store_true", help="try other weights and offsets")
    parser.add_argument("--threads", type=int, default=1, help="cores for the embedder")
    parser.add_argument("sets", nargs="*", default=list(BM25), help="data sets, default all")
    return parser.parse_args()


def script_of_passage(passage: Passage) -> Script:
    return script_of(language.guess(passage.titled_text))


def script_of_page(passage: Passage) -> Script:
    return script_of(passage.id.partition("/")[0])


def _embedded(dataset: Dataset, embedder: Embedder, cache: Path | None) -> Embedded:
    """Embed passages and questions, or read them from the cache."""
    model = re.sub(r"[^\w@.-]", "_", embedder.name)
    path = cache and cache / f"{dataset.name}.{model}.npz"
    if path and path.exists():
        stored = np.load(path)
        return Embedded(dataset, stored["passages"], stored["queries"])
    passages = embedder.embed_passages([passage.titled_text for passage in dataset.passages])
    queries = embedder.embed_queries([question.text for question in dataset.questions])
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, passages=passages, queries=queries)
    return Embedded(dataset, passages, queries)


def _judged(embedded: Embedded, script: Callable[[Passage], Script]) -> list[Judged]:
    dataset = embedded.dataset
    index = _index(dataset.passages, embedded.passages, script)
    numbers = {passage.id: str(number) for number, passage in enumerate(dataset.passages)}
    vector_of = dict(zip((q.id for q in dataset.questions), embedded.queries, strict=True))
    rows = []
    for question in dataset.judged_questions:
        words = list(dict.fromkeys(terms(question.text)))[: SETTINGS.query_terms_max]
        vector = vector_of[question.id].astype(np.float32)
        found = index.search(SCOPE, vector, BLIND.tokens(words), SETTINGS.candidates_max, ignore)
        judgements = dataset.grades[question.id].items()
        grades = {numbers[name]: grade for name, grade in judgements if name in numbers}
        rows.append(Judged(question.id, question.text, grades, found))
    return rows


def _index(
    passages: Sequence[Passage],
    vectors: NDArray[np.floating],
    script: Callable[[Passage], Script],
) -> TenantIndex:
    classes = VisibilityClasses()
    held = FaissVectors(classes, vectors.shape[1], SETTINGS, lambda _: vectors[0].astype("f4"))
    index = TenantIndex(held, classes, SETTINGS)
    documents = [
        IndexedDocument(
            document_id=str(number),
            document_class=DocumentClass(1, "all", script(passage)),
            chunk_ids=[number],
            tokens=[b"".join(BLIND.tokens(terms(passage.titled_text)))],
            vector_ids=np.array([number]),
            vectors=vectors[number : number + 1].astype(np.float16),
        )
        for number, passage in enumerate(passages)
    ]
    index.load([Batch([], documents)])
    return index


def _hybrid(settings: RetrievalSettings) -> Ranker:
    return lambda one: ranked(one.candidates, one.text, settings)


def _measure(judged: Sequence[Judged], rank: Ranker) -> tuple[float, float]:
    """Return the means of nDCG@10 and recall@10 in percent."""
    rankings = [([str(number) for number in rank(one)[:K]], one.grades) for one in judged]
    ndcg = np.mean([ndcg_at_k(ranked, grades, K) for ranked, grades in rankings])
    recall = np.mean([recall_at_k(ranked, grades, K) for ranked, grades in rankings])
    return 100 * float(ndcg), 100 * float(recall)


def _report(name: str, judged: Sequence[Judged], bm25: float) -> None:
    legs: list[Ranker] = [
        lambda one: by_meaning(one.candidates, one.text, SETTINGS),
        lambda one: one.candidates.lexical,
        _hybrid(SETTINGS),
    ]
    cells = "".join("{:8.1f}{:6.1f}".format(*_measure(judged, rank)) for rank in legs)
    print(f"{name:28}{bm25:7.1f}{cells}", flush=True)


def _report_mixed(sets: Sequence[Embedded]) -> None:
    print(f"\nall in one corpus{'':18}{'languages ignored':>21}{'hybrid':>14}")
    by_set = _by_kind(_judged(_joined(sets), script_of_passage), "/")
    for name, judged in by_set.items():
        measured = (_measure(judged, _hybrid(one)) for one in (LANGUAGE_BLIND, SETTINGS))
        cells = "".join("{:8.1f}{:6.1f}".format(*pair) for pair in measured)
        print(f"{name:42}{cells}", flush=True)


def _joined(sets: Sequence[Embedded]) -> Embedded:
    """Make one data set of many, with the set's name before each id."""
    together = Dataset("mixed", [], [], {})
    for one in sets:
        name = one.dataset.name
        for source, target in (
            (one.dataset.passages, together.passages),
            (one.dataset.questions, together.questions),
        ):
            target.extend(row.model_copy(update={"id": f"{name}/{row.id}"}) for row in source)
        for question_id, grades in one.dataset.grades.items():
            renamed = {f"{name}/{passage_id}": grade for passage_id, grade in grades.items()}
            together.grades[f"{name}/{question_id}"] = renamed
    passages = np.concatenate([one.passages for one in sets])
    return Embedded(together, passages, np.concatenate([one.queries for one in sets]))


def _report_across(manual: Embedded) -> None:
    print(
        f"\nacross languages{'':14}{'languages ignored':>26}{'hybrid':>18}  (% in first 1, 5, 10)"
    )
    for kind, judged in _by_kind(_judged(manual, script_of_page), None).items():
        cells = "".join(_found_cells(judged, _hybrid(one)) for one in (LANGUAGE_BLIND, SETTINGS))
        print(f"{kind:20}{len(judged):4} questions{cells}", flush=True)


def _found_cells(judged: Sequence[Judged], rank: Ranker) -> str:
    rankings = [([str(number) for number in rank(one)[:K]], one.grades) for one in judged]
    shares = (
        np.mean([not grades.keys().isdisjoint(found[:depth]) for found, grades in rankings])
        for depth in DEPTHS
    )
    return "    " + "".join(f"{100 * share:6.1f}" for share in shares)


def _by_kind(judged: Iterable[Judged], separator: str | None) -> dict[str, list[Judged]]:
    """Group by what comes before the last part of a question's id."""
    kinds: defaultdict[str, list[Judged]] = defaultdict(list)
    for one in judged:
        kinds[one.question_id.rsplit(separator, 1)[0]].append(one)
    return kinds


def _sweep(judged: Sequence[Judged]) -> None:
    print(f"  {'offset':8}" + "".join(f"{f'w={weight}':>8}" for weight in WEIGHTS))
    for offset in OFFSETS:
        values = (_measure(judged, _hybrid(_weighted(weight, offset)))[0] for weight in WEIGHTS)
        print(f"  {offset:<8}" + "".join(f"{value:8.1f}" for value in values), flush=True)


def _weighted(dense: float, offset: float) -> RetrievalSettings:
    weights = {"dense_weight": dense, "dense_weight_chinese": dense}
    return SETTINGS.model_copy(update={**weights, "fusion_rank_offset": offset})


if __name__ == "__main__":
    main()
