"""From single questions to tables: means by language, percentiles of times, two runs compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from evaluation.bootstrap import Mean, mean, paired_difference
from evaluation.errors import NotComparable
from evaluation.runs import QuestionResult, Run

Group = Literal["all", "en", "zh"]
GROUPS: Final[tuple[Group, ...]] = ("all", "en", "zh")
TIMES: Final = ("search_ms", "first_token_ms", "answer_ms")
PERCENTILES: Final = (50, 95, 99)
REFUSALS: Final = ("refused_unanswerable", "refused_answerable")
QUALITIES: Final = (
    "ndcg@10",
    "mrr@10",
    "recall@1",
    "recall@5",
    "recall@10",
    "exact",
    "f1",
    "held",
    "citation_precision",
    "citation_recall",
    *REFUSALS,
)
"""In the order of every table; of the refusals, the second is better when it is lower."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A measure in two runs over the questions that both answered."""

    before: float
    after: float
    difference: Mean


Means = Mapping[Group, Mapping[str, Mean]]
Comparison = Mapping[Group, Mapping[str, Compared]]
Percentiles = Mapping[str, Mapping[int, float]]


def means(run: Run) -> Means:
    """Average every quality that was measured, for all questions and by language."""
    return {
        group: {name: mean([*values.values()]) for name, values in qualities.items()}
        for group, qualities in _by_group(run).items()
    }


def percentiles(run: Run) -> Percentiles:
    """Return the percentiles of each time that was measured, in milliseconds."""
    found = {name: [r.measures[name] for r in run.results if name in r.measures] for name in TIMES}
    return {
        name: dict(zip(PERCENTILES, np.percentile(values, PERCENTILES).tolist(), strict=True))
        for name, values in found.items()
        if values
    }


def compare(before: Run, after: Run) -> Comparison:
    """Compare the questions that both runs have, in pairs.

    Raises:
        NotComparable: there are none.
    """
    first, second = _by_group(before), _by_group(after)
    compared = {
        group: {
            name: _compared(first[group][name], values)
            for name, values in qualities.items()
            if first.get(group, {}).get(name, {}).keys() & values.keys()
        }
        for group, qualities in second.items()
    }
    if not compared.get("all"):
        message = "The two runs have no question in common."
        raise NotComparable(message)
    return compared


def _compared(before: Mapping[str, float], after: Mapping[str, float]) -> Compared:
    common = sorted(before.keys() & after.keys())
    difference = paired_difference([before[i] for i in common], [after[i] for i in common])
    first, second = (float(np.mean([values[i] for i in common])) for values in (before, after))
    return Compared(first, second, difference)


def _by_group(run: Run) -> dict[Group, dict[str, dict[str, float]]]:
    """Return, by group and quality, each question's value."""
    table: dict[Group, dict[str, dict[str, float]]] = {}
    for group in GROUPS:
        chosen = [r for r in run.results if group in {"all", r.language}]
        qualities = {name: _values(chosen, name) for name in QUALITIES}
        if measured := {name: values for name, values in qualities.items() if values}:
            table[group] = measured
    return table


def _values(results: Sequence[QuestionResult], name: str) -> dict[str, float]:
    if name not in REFUSALS:
        return {r.id: r.measures[name] for r in results if name in r.measures}
    answerable = name == "refused_answerable"
    chosen = (r for r in results if r.answerable is answerable)
    return {r.id: r.measures["refused"] for r in chosen if "refused" in r.measures}
