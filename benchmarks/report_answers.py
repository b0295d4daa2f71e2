"""How good answers about real reports are, from PDF files to the cited answer.

    SOURCEBOOK_EVAL_DATA=<folder> python -m benchmarks.report_answers --cache FOLDER --words FILE
        [--model MODEL] [--details FILE] [--half 0|1] [--set NAME=VALUE]

The library is 35 annual reports, eight quarterly ones and a manual, all in one index. Asked are
plain questions of our own (`report_questions`), those of FinanceBench and the ones of Docugami's
10-Q set that one passage answers (`report_cases`). `right`: the expected figure or name stands in
the answer, which cites a right document; `row`: and four or more other figures beside it. `page`:
a gold page is cited. What the model says is kept in FILE by its whole prompt, so that a rule about
its words is tried in seconds; without a MODEL nothing new is asked. `--half` asks every second
question only.
"""

import argparse
import json
import os
import sys
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, cast

from benchmarks.quality_corpora import SCOPE, Corpus, CutDocument, read_corpus, read_pdf
from benchmarks.remembered_words import RememberedWords
from benchmarks.report_cases import FINANCE, Case, figures_of, holds_answer, read_cases
from benchmarks.shelf import Shelf
from benchmarks.vector_cache import CachedEmbedder
from evaluation.datasets import Dataset
from qa.composition import Composition, Writer
from qa.evidence import Gathering
from qa.parts import parts_of
from qa.settings import AnswerSettings
from retrieval.embedding.factory import create_embedder
from retrieval.embedding.settings import EmbeddingSettings
from retrieval.search import Retriever

MANUAL: Final = Path("parsing", "debian_docs", "en", "install.pdf")
KINDS: Final = ("plain", "figure", "calculated", "wording", "absent")
ROW_FIGURES: Final = 4


@dataclass(frozen=True, slots=True)
class Judged:
    """An answer and what became of it: refused, right, in a row, or wrong."""

    case: Case
    said: str
    answer: str
    quotes: Sequence[str]
    verdict: str
    page: bool
    found: bool


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, required=True, help="folder of passages and vectors")
    parser.add_argument("--words", type=Path, required=True, help="file of the model's words")
    parser.add_argument("--model", type=Path, help="GGUF file or folder, for what is not there yet")
    parser.add_argument("--details", type=Path, help="write each answer as a line of JSON")
    parser.add_argument("--half", type=int, choices=(0, 1), help="every second question only")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    options = parser.parse_args()
    root = os.environ.get("SOURCEBOOK_EVAL_DATA")
    if not root:
        sys.exit("Set SOURCEBOOK_EVAL_DATA to the folder that holds the data sets.")
    judged = list(run(options, Path(root)))
    if options.details:
        lines = (json.dumps(asdict(one), ensure_ascii=False, default=list) for one in judged)
        options.details.write_text("\n".join(lines), encoding="utf-8")
    print_table(judged)


def run(options: argparse.Namespace, root: Path) -> Iterator[Judged]:
    embedder = CachedEmbedder(create_embedder(EmbeddingSettings(threads=1)), options.cache)
    shelf = Shelf(library(root, embedder, options.cache), embedder)
    generator = RememberedWords(options.words, options.model)
    settings = _settings(options.set)
    retriever = cast("Retriever", shelf)
    gathering = Gathering(retriever, SCOPE, settings.passages_max, settings.mentions_max)
    for number, case in enumerate(read_cases(root / "finance")):
        if options.half in (None, number % 2):
            evidence = gathering.of(case.text, parts_of(case.text, settings.question_parts_max))
            written = Composition(Writer(generator, embedder, settings), evidence, (), "reports")
            generator.said = ""
            for _ in written.write(threading.Event()):
                pass
            found = any(
                (Path(hit.document_name).stem, hit.chunk.page) in case.pages
                for part in evidence
                for hit in part.hits
            )
            yield judge(case, written, generator.said, found=found)


def _settings(given: Sequence[str]) -> AnswerSettings:
    """Read settings of answers and, by their own names, of its thresholds."""
    pairs = dict(one.split("=", 1) for one in given)
    own = {name: value for name, value in pairs.items() if name in AnswerSettings.model_fields}
    thresholds = {name: value for name, value in pairs.items() if name not in own}
    return AnswerSettings.model_validate(own | {"grounding": thresholds})


def library(root: Path, embedder: CachedEmbedder, cache: Path) -> Corpus:
    """Read all reports and the manual."""
    documents = [
        CutDocument(one.name, one.name, one.language, one.chunks)
        for name in FINANCE
        for one in read_corpus(root / "finance" / name, embedder, cache).documents
    ]
    manual = CutDocument(MANUAL.stem, MANUAL.stem, *read_pdf(root / MANUAL, embedder, cache))
    return Corpus(Dataset("reports", [], [], {}), [*documents, manual])


def judge(case: Case, written: Composition, said: str, *, found: bool) -> Judged:
    cited = {(Path(one.document_name).stem, one.page) for one in written.citations}
    return Judged(
        case=case,
        said=said,
        answer=written.text,
        quotes=[f"{one.document_name} {one.page}: {one.quote}" for one in written.citations],
        verdict=_verdict(case, written, {name for name, _ in cited}),
        page=bool(cited & case.pages),
        found=found,
    )


def _verdict(case: Case, written: Composition, documents: set[str]) -> str:
    if written.refused:
        return "refused"
    if case.kind == "wording":
        return "answered"
    in_document = any(name.startswith(case.documents) for name in documents)
    if case.kind == "absent" or not (in_document and holds_answer(written.text, case.answers)):
        return "wrong"
    line = next((one for one in written.text.split("\n") if holds_answer(one, case.answers)), "")
    return "row" if len(figures_of(line)) > ROW_FIGURES + line.count("[") else "right"


def print_table(judged: Sequence[Judged]) -> None:
    groups: defaultdict[str, list[Judged]] = defaultdict(list)
    for one in judged:
        groups[one.case.kind].append(one)
    print(f"{'':12}{'n':>4}{'right':>7}{'row':>7}{'wrong':>7}{'refused':>9}{'page':>6}{'found':>7}")
    for kind in KINDS:
        ones = groups[kind]
        verdicts = Counter(one.verdict for one in ones)
        pages, found = sum(one.page for one in ones), sum(one.found for one in ones)
        print(
            f"{kind:12}{len(ones):>4}{verdicts['right']:>7}{verdicts['row']:>7}"
            f"{verdicts['wrong'] + verdicts['answered']:>7}{verdicts['refused']:>9}"
            f"{pages:>6}{found:>7}"
        )


if __name__ == "__main__":
    main()
