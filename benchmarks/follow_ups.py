"""How often a question within a conversation finds its passage: as asked, and with its history.

    SOURCEBOOK_EVAL_DATA=<folder> python -m benchmarks.follow_ups --cache FOLDER [--half 0]

The conversations are those of MTRAG (Katsis et al. 2025, "MTRAG: A Multi-Turn Conversational
Benchmark for Evaluating Retrieval-Augmented Generation Systems"): the last question of each, with
those before it. The set has few passages, so those of other English sets stand beside them.
`--half` asks every second conversation only. `--cache` keeps the vectors.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from benchmarks.quality_corpora import candidates, cut
from benchmarks.retrieval_quality import K
from benchmarks.vector_cache import CachedEmbedder
from evaluation.datasets import Dataset, Question, read_dataset
from evaluation.metrics import ndcg_at_k, recall_at_k
from qa.followup import search_query
from retrieval.embedding.factory import create_embedder
from retrieval.embedding.settings import EmbeddingSettings
from retrieval.fusion import numbers
from retrieval.ranking import ranked
from retrieval.settings import RetrievalSettings

SET: Final = "mtragun_dev"
BESIDE: Final = ("cranfield", "tatqa_dev", "clapnq_dev", "squad2_dev")
HIT_DEPTH: Final = 5

Wording = Callable[[str, Sequence[str]], str]
"""Says what is searched for a question that was asked after earlier ones."""

WORDINGS: Final[Mapping[str, Wording]] = {
    "as asked": lambda question, _earlier: question,
    "as the product searches": search_query,
    "always with the one before": lambda question, earlier: "\n".join((*earlier[-1:], question)),
    "always with all before": lambda question, earlier: "\n".join((*earlier, question)),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, required=True, help="folder that keeps vectors")
    parser.add_argument("--half", type=int, choices=(0, 1), help="every second conversation only")
    options = parser.parse_args()
    root = os.environ.get("SOURCEBOOK_EVAL_DATA")
    if not root:
        sys.exit("Set SOURCEBOOK_EVAL_DATA to the folder of the data sets (with qa/ inside).")
    folder = Path(root, "qa")
    embedder = CachedEmbedder(create_embedder(EmbeddingSettings(threads=1)), options.cache)
    dataset, earlier = read_dataset(folder / SET), _earlier(folder / SET / "queries.jsonl")
    judged = dataset.judged_questions[options.half :: 2] if options.half is not None else None
    asked = replace(dataset, questions=judged or dataset.judged_questions)
    beside = [row for name in BESIDE for row in read_dataset(folder / name).passages]
    kinds = {"first questions": False, "follow-ups": True}
    for name, others in ((f"{len(dataset.passages)} passages", []), ("beside others", beside)):
        corpus = replace(asked, passages=[*asked.passages, *others])
        for wording, words in WORDINGS.items():
            found = _found(_worded(corpus, words, earlier), embedder)
            for kind, is_later in kinds.items():
                ids = [key for key in found if bool(earlier[key]) is is_later]
                print(f"{name:16}{kind:18}{wording:28}{_measures(ids, found, dataset)}", flush=True)


def _earlier(file: Path) -> dict[str, list[str]]:
    """Read what people asked before each question."""
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n") if line]
    return {
        row["id"]: [turn["text"] for turn in row["history"] if turn["role"] == "user"]
        for row in rows
    }


def _worded(dataset: Dataset, words: Wording, earlier: Mapping[str, Sequence[str]]) -> Dataset:
    def worded(one: Question) -> Question:
        return one.model_copy(update={"text": words(one.text, earlier[one.id])})

    return replace(dataset, questions=[worded(one) for one in dataset.questions])


def _found(dataset: Dataset, embedder: CachedEmbedder) -> dict[str, list[str]]:
    """Return for each question the ids of what was found, best first."""
    corpus, settings = cut(dataset, embedder), RetrievalSettings()
    ids = [document.id for document, _ in corpus.places()]
    return {
        question.id: list(
            dict.fromkeys(ids[number] for number in numbers(ranked(one, question.text, settings)))
        )
        for question, one in candidates(corpus, embedder, settings)
    }


def _measures(ids: Sequence[str], found: Mapping[str, list[str]], dataset: Dataset) -> str:
    """Return how many questions, and in percent: any right in the first five, recall, nDCG."""
    pairs = [(found[key], dataset.grades[key]) for key in ids]
    any_right = sum(not set(grades).isdisjoint(names[:HIT_DEPTH]) for names, grades in pairs)
    recall = sum(recall_at_k(names, grades, K) for names, grades in pairs)
    ndcg = sum(ndcg_at_k(names, grades, K) for names, grades in pairs)
    shares = [100 * one / len(pairs) for one in (any_right, recall, ndcg)]
    return f"{len(pairs):4}" + "".join(f"{share:7.1f}" for share in shares)


if __name__ == "__main__":
    main()
