"""Questions about real reports from three sources, each with what tells a right answer.

Kinds: `plain` (ours), `figure` (the gold figure stands on a gold page, so a quotation can answer),
`calculated` (it stands on none: it must be worked out), `wording` (the gold answer holds no figure)
and `absent` (nothing here answers it).
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.report_questions import PLAIN

FINANCE: Final = ("financebench_dev", "docugami_sec10q_dev")
_NUMBER: Final = re.compile(r"\$?(?:\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)")
_NOT_A_FIGURE: Final = re.compile(
    r"SOURCE.*|\b10-[QK]\b|\b(?:19|20)\d\d\b|\b[FQH]Y?\s?\d+\b|\(\d\)|^\d+\.\s|\b(?:January|February"
    r"|March|April|May|June|July|August|September|October|November|December)\s+\d+|365",
    re.DOTALL | re.MULTILINE,
)
_SCALES: Final = (1, 1e3, 1e6, 1e9, 1e4, 1e8)
_SCALED_DIGITS_MIN: Final = 3
"""Fewer, save of an amount of money, are found anywhere once their unit may be any."""


@dataclass(frozen=True, slots=True)
class Case:
    """A question; `documents` are names that begin like one of these, `pages` count from 1."""

    kind: str
    text: str
    answers: tuple[str, ...]
    documents: tuple[str, ...]
    pages: frozenset[tuple[str, int]] = frozenset()


def read_cases(data: Path) -> Iterator[Case]:
    """Yield our own questions, then those of both sets; of 10-Q reports those on one passage."""
    for one in PLAIN:
        yield Case("plain" if one.answers else "absent", one.text, one.answers, (one.document,))
    for name in FINANCE:
        pages = dict(_pages(data / name / "corpus.jsonl"))
        for line in (data / name / "queries.jsonl").read_text().splitlines():
            row = json.loads(line)
            if row["type"] not in {"Multi-Doc RAG", "Single-Doc Multi-Chunk RAG"}:
                yield _case(row, pages)


def _pages(file: Path) -> Iterator[tuple[str, str]]:
    for line in file.read_text().splitlines():
        row = json.loads(line)
        yield row["id"], row["text"]


def _case(row: Mapping[str, Any], pages: Mapping[str, str]) -> Case:
    gold = row["answers"][0]
    figures = tuple(figures_of(gold))
    names = tuple(row.get("evidence_pages", ()))
    documents = tuple(name.partition("#")[0] for name in names)
    if not documents:
        documents = tuple(row.get("source_docs", ()))
    texts = [text for key, text in pages.items() if key in names or key in documents]
    texts = texts or [t for key, t in pages.items() if key.partition("#")[0] in documents]
    held = any(holds_figure(text, figures[0]) for text in texts) if figures else False
    if figures and _digits(figures[0]) == 1:
        figures = ()  # it stands on every page
    works_out = str(row.get("reasoning")).startswith("Numerical")
    kind = "wording" if not figures else "figure" if held and not works_out else "calculated"
    numbered = ((name.partition("#p")[0], int(name.partition("#p")[2]) + 1) for name in names)
    stems = tuple(document.removesuffix(".pdf") for document in documents)
    return Case(kind, row["text"], figures[:1] or (gold,), stems, frozenset(numbered))


def figures_of(text: str) -> list[str]:
    """Return the figures of a text, without years, quarters and days."""
    return [figure for figure in _NUMBER.findall(_NOT_A_FIGURE.sub(" ", text)) if figure != "0"]


def holds_figure(text: str, figure: str) -> bool:
    """Whether a figure stands in a text, in any unit, rounded as gold answers are."""
    wanted, digits = _value(figure), _digits(figure)
    values = [_value(one) for one in _NUMBER.findall(text)]
    if wanted in values or digits < (2 if figure.startswith("$") else _SCALED_DIGITS_MIN):
        return wanted in values
    scaled = [value * by for value in values for one in _SCALES for by in (1 / one, one)]
    return any(float(f"{value:.{digits}g}") == wanted for value in scaled)


def holds_answer(text: str, answers: Sequence[str]) -> bool:
    """Whether one of several spellings of an answer, or a figure in any unit, stands in a text."""
    bare = text.lower().replace(",", "")
    return any(
        holds_figure(text, one) if _NUMBER.fullmatch(one) else one.lower().replace(",", "") in bare
        for one in answers
    )


def _value(figure: str) -> float:
    return float(figure.lstrip("$").replace(",", ""))


def _digits(figure: str) -> int:
    """Count the digits that say something: gold answers write 1,577 as 1577.00."""
    whole = f"{_value(figure):f}".strip("0").replace(".", "")
    return len(whole.strip("0"))
