"""How well a model answers from passages that it is given: the reader alone, without retrieval.

    SOURCEBOOK_EVAL_DATA=<folder> python -m benchmarks.generator_answers MODEL --details FILE
        [--each N] [--only SET] [--quote-only] [--server URL]
    SOURCEBOOK_EVAL_DATA=<folder> python -m benchmarks.generator_answers --report FILE ...

MODEL is a GGUF file or a checkpoint's folder, or with `--server` the name under which that
OpenAI-compatible server serves one. Each question is asked over its gold passage and
three look-alikes (see `evaluation.cases`), N answerable and N/2 unanswerable ones of a set, with
the product's own prompt. `--details` gets each answer as a line of JSON; what stands there already
is not asked again. With `--quote-only` nothing but a span of a passage and its number can be
written, or the refusal. `--report` compares such files on the questions that all of them answered.
"""

import argparse
import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from pydantic import HttpUrl

from evaluation.bootstrap import mean
from evaluation.cases import Case, cases_of
from evaluation.datasets import read_dataset
from evaluation.report import Score, score
from model.allowed_text import AllowedText, CitedNumbers, Quotation
from model.backends.local import LocalGenerator
from model.backends.openai_server import OpenAIServerGenerator
from model.backends.port import GenerationRequest, Generator, Message
from model.settings import ModelServerSettings, ModelSettings
from qa.prompt import NOT_FOUND, build_prompt
from qa.relevance import Excerpt
from qa.settings import AnswerSettings
from retrieval.corpus import Chunk, Hit

SETS = (
    *("squad2_dev", "clapnq_dev", "tatqa_dev"),
    *("cmrc2018_trial_as_dev", "drcd_dev_hant", "rgb_zh_dev"),
)
ALL_PASSAGES = AnswerSettings(passage_tokens_max=100_000)  # the cases are cut to size already
NEW_TOKENS_MAX = 80


def cases_in_turn(data: Path, each: int, only: str | None) -> list[Case]:
    """Take the sets and kinds in turn, so that a run that is stopped has asked of each."""
    kinds: defaultdict[tuple[str, bool], list[Case]] = defaultdict(list)
    for name in SETS:
        if only in (None, name):
            dataset = read_dataset(data / "qa" / name)
            for case in cases_of(dataset, answerable=each, unanswerable=each // 2):
                kinds[case.group, case.answerable].append(case)
    placed = [(i / len(kind), case) for kind in kinds.values() for i, case in enumerate(kind)]
    return [case for _, case in sorted(placed, key=lambda pair: pair[0])]


def prompt(case: Case, count_tokens: Callable[[str], int]) -> tuple[Message, ...]:
    excerpts = [
        Excerpt(
            Hit(f"{n}", one.id, one.title, n, Chunk(0, one.text, 0, len(one.text))), (one.text,)
        )
        for n, one in enumerate(case.passages, start=1)
    ]
    return build_prompt(case.question, excerpts, (), count_tokens, ALL_PASSAGES).messages


def allowed(case: Case, generator: Generator, *, quote_only: bool) -> AllowedText | None:
    """Return what the product asks for, or a quotation; nothing of a server that knows no masks."""
    texts = {number: one.text for number, one in enumerate(case.passages, start=1)}
    if quote_only:
        return Quotation(texts, NOT_FOUND)
    return CitedNumbers(frozenset(texts)) if generator.enforces_allowed else None


def ask(case: Case, generator: Generator, *, quote_only: bool) -> dict[str, object]:
    started = time.monotonic()
    request = GenerationRequest(
        prompt(case, generator.count_tokens),
        NEW_TOKENS_MAX,
        allowed=allowed(case, generator, quote_only=quote_only),
        drafts=[one.text for one in case.passages],
    )
    pieces = list(generator.generate(request))
    return {
        "group": case.group,
        "id": case.id,
        "answerable": case.answerable,
        "question": case.question,
        "expected": case.answers,
        "gold": sorted(case.gold),
        "said": "".join(piece.text for piece in pieces),
        "prompt_tokens": pieces[-1].prompt_tokens,
        "completion_tokens": pieces[-1].completion_tokens,
        "seconds": round(time.monotonic() - started, 2),
    }


def asked_already(details: Path) -> set[tuple[str, str, bool]]:
    return {_key(answer) for answer in _answers(details)}


def _key(answer: dict[str, object]) -> tuple[str, str, bool]:
    return str(answer["group"]), str(answer["id"]), bool(answer["answerable"])


def _answers(details: Path) -> Iterator[dict[str, object]]:
    if details.exists():
        with details.open(encoding="utf-8") as lines:
            yield from map(json.loads, lines)


def run(cases: Sequence[Case], generator: Generator, details: Path, *, quote_only: bool) -> None:
    done = asked_already(details)
    for number, case in enumerate(cases, start=1):
        if (case.group, case.id, case.answerable) in done:
            continue
        answer = ask(case, generator, quote_only=quote_only)
        with details.open("a", encoding="utf-8") as lines:
            print(json.dumps(answer, ensure_ascii=False), file=lines)
        print(f"{number}/{len(cases)} {case.group} {answer['seconds']} s", file=sys.stderr)


def report(files: Sequence[Path], cases: Sequence[Case]) -> None:
    by_key = {(case.group, case.id, case.answerable): case for case in cases}
    common = set(by_key).intersection(*(asked_already(file) for file in files))
    print(f"{'':<36}{'n':>4} {'exact':>13}{'F1':>13}{'held':>13}{'cited':>13}", end="")
    print(f"{'refused':>13}   n {'refused right':>13}")
    for file in files:
        groups: defaultdict[str, list[tuple[Case, Score]]] = defaultdict(list)
        for answer in _answers(file):
            if _key(answer) in common:
                case = by_key[_key(answer)]
                for name in (case.group, *_sums(case)):
                    groups[name].append((case, score(case, str(answer["said"]))))
        print(file.stem)
        for name, judged in sorted(groups.items(), key=lambda item: _place(item[0])):
            _print_row(name, judged)


def _sums(case: Case) -> tuple[str, ...]:
    """Calculated answers are counted apart: a reader that quotes cannot give them."""
    return () if "calculated" in case.group else (f"all {case.language}", "all")


def _place(group: str) -> tuple[bool, int]:
    name = group.removesuffix(", calculated")
    return name.startswith("all"), SETS.index(name) if name in SETS else -len(name)


def _print_row(name: str, judged: Sequence[tuple[Case, Score]]) -> None:
    can = [one for case, one in judged if case.answerable]
    cannot = [one for case, one in judged if not case.answerable]
    means = (mean([getattr(one, what) for one in can]) for what in Score.__slots__)
    row = "".join(f"{value!s:>13}" for value in means)
    right = mean([one.refused for one in cannot]) if cannot else ""
    print(f"  {name:<34}{len(can):>4} {row}{len(cannot):>4} {right!s:>13}")


def open_generator(model: str, server: str | None) -> Generator:
    if server:
        where = ModelServerSettings(url=HttpUrl(server))
        return OpenAIServerGenerator(ModelSettings(name=model, backend="openai", server=where))
    return LocalGenerator.load(Path(model), ModelSettings())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?", help="GGUF file, checkpoint's folder, or served name")
    parser.add_argument("--server", help="address of an OpenAI-compatible server, .../v1")
    parser.add_argument("--quote-only", action="store_true", help="write spans of passages only")
    parser.add_argument("--details", type=Path, help="write each answer here as a line of JSON")
    parser.add_argument("--report", type=Path, nargs="+", help="compare such files instead")
    parser.add_argument("--each", type=int, default=40, help="answerable questions of a set")
    parser.add_argument("--only", choices=SETS)
    options = parser.parse_args()
    data = os.environ.get("SOURCEBOOK_EVAL_DATA")
    if not data:
        sys.exit("Set SOURCEBOOK_EVAL_DATA to the folder that holds the data sets.")
    cases = cases_in_turn(Path(data), options.each, options.only)
    if options.report:
        report(options.report, cases)
    elif options.model and options.details:
        generator = open_generator(options.model, options.server)
        run(cases, generator, options.details, quote_only=options.quote_only)
        report([options.details], cases)
    else:
        parser.error("name a model and --details, or --report")


if __name__ == "__main__":
    main()
