"""How surely a model tells that there is no answer: the refusal's first token, before any bias.

    SOURCEBOOK_EVAL_DATA=<folder> python -m benchmarks.refusals MODEL [--each N] [--only SET]
        [--alone]

MODEL is a GGUF file or a checkpoint's folder. The questions are those of `generator_answers`. The
margin is the logit of the first token of a refusal less the highest other one where the answer
begins. Columns: questions; shares refused at the model's own bias, of the answerable and of the
unanswerable; area under the curve, which is how often an unanswerable question has a higher margin
than an answerable one. `--alone` asks each passage in a prompt of its own and takes the lowest
margin.
"""

import argparse
import os
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from rich.progress import track

from benchmarks.generator_answers import SETS, cases_in_turn, prompt
from evaluation.cases import Case
from model.decoder_loading import load_decoder
from model.settings import ModelSettings
from model.step import Step
from model.tokenizer import ChatTokenizer
from qa.prompt import NOT_FOUND


class Reader:
    """A model that is asked for its first token only."""

    def __init__(self, path: Path) -> None:
        loaded = load_decoder(path, ModelSettings())
        self._decoder, self.bias = loaded.decoder, loaded.refusal_bias
        self._tokenizer = ChatTokenizer.open(loaded.folder)
        self._refusal = self._tokenizer.encode(NOT_FOUND)[0]

    def margin(self, case: Case) -> float:
        messages = prompt(case, lambda text: len(self._tokenizer.encode(text)))
        tokens = self._tokenizer.encode_chat(messages)
        logits_V = self._decoder(Step.of_one(tokens), self._decoder.new_cache(len(tokens)))[
            0
        ].clone()
        refusal = float(logits_V[self._refusal])
        logits_V[self._refusal] = -torch.inf
        return refusal - float(logits_V.max())

    def lowest_margin(self, case: Case) -> float:
        return min(self.margin(replace(case, passages=(one,))) for one in case.passages)


@dataclass(frozen=True)
class Margins:
    """Those of one set's questions."""

    answerable: Sequence[float]
    unanswerable: Sequence[float]

    def row(self, bias: float) -> str:
        can, cannot = self.answerable, self.unanswerable
        shares = (sum(one + bias > 0 for one in kind) / max(len(kind), 1) for kind in (can, cannot))
        refused = "".join(f"{share:>14.0%}" for share in shares)
        return f"{len(can):>11}{len(cannot):>14}{refused}{self._area():>8.2f}"

    def _area(self) -> float:
        pairs = [(high, low) for high in self.unanswerable for low in self.answerable]
        above = sum((high > low) + (high == low) / 2 for high, low in pairs)
        return above / len(pairs) if pairs else float("nan")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, help="GGUF file or checkpoint's folder")
    parser.add_argument("--each", type=int, default=60, help="answerable questions of a set")
    parser.add_argument("--only", choices=SETS)
    parser.add_argument("--alone", action="store_true", help="read each passage by itself")
    options = parser.parse_args()
    data = os.environ.get("SOURCEBOOK_EVAL_DATA")
    if not data:
        sys.exit("Set SOURCEBOOK_EVAL_DATA to the folder that holds the data sets.")
    cases = [
        case
        for case in cases_in_turn(Path(data), options.each, options.only)
        if "calculated" not in case.group
    ]
    reader = Reader(options.model)
    ask = reader.lowest_margin if options.alone else reader.margin
    margins: defaultdict[tuple[str, bool], list[float]] = defaultdict(list)
    for case in track(cases, "Asking"):
        margin = ask(case)
        for name in (case.group, f"all {case.language}", "all"):
            margins[name, case.answerable].append(margin)
    print(
        f"{'':<24}{'answerable':>11}{'unanswerable':>14}{'refused':>14}{'refused':>14}{'area':>8}"
    )
    for name in sorted({name for name, _ in margins}, key=lambda name: (name[:3] == "all", name)):
        row = Margins(margins[name, True], margins[name, False]).row(reader.bias)
        print(f"{name:<24}{row}")


if __name__ == "__main__":
    main()
