"""How good rankings are: nDCG@10 and recall@10 of meaning, words and both together.

    SOURCEBOOK_EVAL_DATA=<folder> python -m benchmarks.retrieval_quality --cache FOLDER [SET ...]

Documents are parsed, cut, indexed and ranked as in the product. In `finance/` these are PDF files:
of financebench the first ten pages are judged, of docugami the documents of the first ten
passages. After the sets on their own come the same questions on a corpus in which sets are mixed,
English and Chinese, and questions in one language on pages in the other: how often one of the right
passages, and one of their pages, is among the first 1, 5 and 10. `--cache` keeps the vectors, so
that a second run takes seconds; `--set NAME=VALUE` tries another setting of retrieval; `--half 0`
and `--half 1` ask every second question only, so that one half can be tuned on and the other
reported; `--rerank BACKEND` adds what a reranker makes of both, and the median and the 95th
percentile of its milliseconds.
"""

import argparse
import os
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.parallel_pages import read_manual
from benchmarks.quality_corpora import Corpus, CutDocument, candidates, cut, read_corpus
from benchmarks.reranking import TimedReranking
from benchmarks.vector_cache import CachedEmbedder
from evaluation.datasets import Dataset
from evaluation.metrics import ndcg_at_k, recall_at_k
from retrieval.corpus import Chunk
from retrieval.embedding.factory import create_embedder
from retrieval.embedding.settings import EmbeddingSettings
from retrieval.fusion import numbers
from retrieval.ranking import by_meaning, ranked
from retrieval.rerank.factory import create_reranker
from retrieval.rerank.settings import RerankSettings
from retrieval.settings import RetrievalSettings
from retrieval.tenant_index import Candidates

SETS: Final = (
    *("cranfield", "tatqa_dev", "rgb_zh_dev", "crud_news", "squad2_dev", "clapnq_dev"),
    *("cmrc2018_trial_as_dev", "drcd_dev_hant", "docugami_sec10q_dev", "financebench_dev"),
)
MIXED: Final = ("cranfield", "tatqa_dev", "rgb_zh_dev", "cmrc2018_trial_as_dev")
BY_PASSAGE: Final = frozenset({"docugami_sec10q_dev"})
"""Sets of few documents: those of the first ten passages count, not the first ten documents."""
MANUAL: Final = Path("parsing", "debian_docs")
K: Final = 10
DEPTHS: Final = (1, 5, 10)


@dataclass(frozen=True)
class Judged:
    """A question's candidates, the places that they stand for, and the grades of places."""

    question_id: str
    text: str
    grades: Mapping[str, float]
    candidates: Candidates
    places: Sequence[str]
    texts: Sequence[str]
    by_passage: bool

    def found(self, chunks: Sequence[int]) -> list[str]:
        """Return the places of chunks, each once."""
        counted = chunks[:K] if self.by_passage else chunks
        return list(dict.fromkeys(self.places[number] for number in counted))


Ranker = Callable[[Judged], Sequence[int]]


def main() -> None:
    options = _options()
    root = os.environ.get("SOURCEBOOK_EVAL_DATA")
    if not root:
        sys.exit("Set SOURCEBOOK_EVAL_DATA to the folder of the data sets (with qa/ inside).")
    settings = RetrievalSettings.model_validate(dict(one.split("=", 1) for one in options.set))
    embedder = create_embedder(EmbeddingSettings(threads=options.threads))
    options_of_rerank = RerankSettings(
        backend=options.rerank, folder=options.rerank_folder, threads=options.threads
    )
    reranker = create_reranker(options_of_rerank, embedder)
    measure = Measurement(
        CachedEmbedder(embedder, options.cache),
        settings,
        options.half,
        None if reranker is None else TimedReranking(reranker, settings),
    )
    folders = [path for name in options.sets for path in Path(root).glob(f"[qf]*/{name}")]
    print(f"{'':28}{'meaning':>14}{'words':>14}{'both':>14}   (nDCG@10 recall@10)")
    corpora = {path.name: read_corpus(path, measure.embedder, options.cache) for path in folders}
    for corpus in corpora.values():
        measure.report(corpus)
    mixed = [corpora[name].dataset for name in MIXED if name in corpora]
    if len(mixed) > 1:
        measure.report_mixed(mixed)
    if options.across and (Path(root) / MANUAL).is_dir():
        for only in (None, "en", "zh"):
            manual = read_manual(Path(root) / MANUAL, embedder.count_tokens, only)
            measure.report_across(manual, f"held in {only or 'either'}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, required=True, help="folder that keeps vectors")
    parser.add_argument("--half", type=int, choices=(0, 1), help="every second question only")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--across", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--threads", type=int, default=1, help="cores for embedder and reranker")
    parser.add_argument("--rerank", default="off", metavar="BACKEND", help="also with a reranker")
    parser.add_argument("--rerank-folder", type=Path, help="folder of a cross-encoder")
    parser.add_argument("sets", nargs="*", default=SETS, help="data sets, default all")
    return parser.parse_args()


@dataclass(frozen=True)
class Measurement:
    """Measures rankings under some settings; `half` picks every second question."""

    embedder: CachedEmbedder
    settings: RetrievalSettings
    half: int | None
    reranking: TimedReranking | None = None

    def report(self, corpus: Corpus) -> None:
        """Print a line for a set: each leg alone, and both together."""
        judged = self._judged(corpus)
        legs: list[Ranker] = [
            lambda one: numbers(by_meaning(one.candidates, one.text, self.settings)),
            lambda one: numbers(one.candidates.lexical),
            self._both,
            *([self._reranked] if self.reranking else []),
        ]
        cells = "".join("{:8.1f}{:6.1f}".format(*_means(judged, leg)) for leg in legs)
        times = self.reranking.times() if self.reranking else ""
        print(f"{corpus.dataset.name:28}{cells}{times}", flush=True)

    def report_mixed(self, sets: Sequence[Dataset]) -> None:
        """Print what each set's questions find among the passages of all."""
        print("\nall in one corpus")
        by_set = _by_kind(self._judged(cut(_joined(sets), self.embedder)), "/")
        for name, judged in by_set.items():
            print(f"{name:56}{'{:8.1f}{:6.1f}'.format(*_means(judged, self._both))}", flush=True)

    def report_across(self, manual: Dataset, title: str) -> None:
        """Print how often questions in one language find the section in the other."""
        print(f"\nacross languages, {title}  (% in first 1, 5, 10 passages; pages)")
        corpus = _in_language_of_page(cut(manual, self.embedder))
        for kind, judged in _by_kind(self._judged(corpus), None).items():
            found = [(one.found(self._both(one)), one.grades) for one in judged]
            pages = [(_pages(names), _pages(grades)) for names, grades in found]
            print(f"{kind:20}{len(judged):4} questions{_shares(found)}  {_shares(pages)}")

    def _both(self, one: Judged) -> list[int]:
        return numbers(ranked(one.candidates, one.text, self.settings))

    def _reranked(self, one: Judged) -> list[int]:
        fused = ranked(one.candidates, one.text, self.settings)
        return self.reranking.order(one.text, fused, one.texts) if self.reranking else []

    def _judged(self, corpus: Corpus) -> list[Judged]:
        grades = corpus.dataset.grades
        with_page = any("#p" in name for judged in grades.values() for name in judged)
        texts = [chunk.embedded_text for _, chunk in corpus.places()]
        places = [_place(*place, with_page=with_page) for place in corpus.places()]
        by_passage = corpus.dataset.name in BY_PASSAGE
        return [
            Judged(
                question.id, question.text, grades[question.id], found, places, texts, by_passage
            )
            for asked, (question, found) in enumerate(
                candidates(corpus, self.embedder, self.settings)
            )
            if self.half is None or asked % 2 == self.half
        ]


def _place(document: CutDocument, one: Chunk, *, with_page: bool) -> str:
    """Name a passage's place as judgements do, where pages count from 0."""
    return f"{document.id}#p{(one.page or 1) - 1}" if with_page else document.id


def _means(judged: Sequence[Judged], rank: Ranker) -> tuple[float, float]:
    """Return the means of nDCG@10 and recall@10 in percent."""
    rankings = [(one.found(rank(one)), one.grades) for one in judged]
    ndcg = np.mean([ndcg_at_k(names, grades, K) for names, grades in rankings])
    recall = np.mean([recall_at_k(names, grades, K) for names, grades in rankings])
    return 100 * float(ndcg), 100 * float(recall)


def _shares(rankings: Iterable[tuple[Sequence[str], Iterable[str]]]) -> str:
    """Return for each depth the percentage of rankings with something right so far."""
    found = [(names, frozenset(right)) for names, right in rankings]
    shares = (
        np.mean([not right.isdisjoint(names[:depth]) for names, right in found]) for depth in DEPTHS
    )
    return "".join(f"{100 * share:6.1f}" for share in shares)


def _pages(names: Iterable[str]) -> list[str]:
    """Return the pages that passages stand on, each once."""
    return list(dict.fromkeys(name.partition("#")[0] for name in names))


def _in_language_of_page(manual: Corpus) -> Corpus:
    """Give each passage the language of its page, as the product does for a whole document.

    By itself a passage of a Chinese page may look English: commands, and sections never translated.
    """
    pages = [replace(one, language=one.id.partition("/")[0]) for one in manual.documents]
    return replace(manual, documents=pages)


def _joined(sets: Sequence[Dataset]) -> Dataset:
    """Make one data set of many, with the set's name before each id."""
    all_grades: dict[str, dict[str, float]] = {}
    together = Dataset("mixed", [], [], all_grades)
    for one in sets:
        together.passages.extend(
            row.model_copy(update={"id": f"{one.name}/{row.id}"}) for row in one.passages
        )
        together.questions.extend(
            row.model_copy(update={"id": f"{one.name}/{row.id}"}) for row in one.questions
        )
        for question_id, grades in one.grades.items():
            renamed = {f"{one.name}/{passage_id}": grade for passage_id, grade in grades.items()}
            all_grades[f"{one.name}/{question_id}"] = renamed
    return together


def _by_kind(judged: Iterable[Judged], separator: str | None) -> dict[str, list[Judged]]:
    """Group by what comes before the last part of a question's id."""
    kinds: defaultdict[str, list[Judged]] = defaultdict(list)
    for one in judged:
        kinds[one.question_id.rsplit(separator, 1)[0]].append(one)
    return kinds


if __name__ == "__main__":
    main()
