"""Ask every question of a set and measure what comes back."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from evaluation.answer_scores import exact_match, f1, holds_answer, is_refusal, without_citations
from evaluation.metrics import ndcg_at_k, recall_at_k, reciprocal_rank
from evaluation.questions import AskedQuestion
from evaluation.runs import Language, QuestionResult
from retrieval.scripts import is_chinese

DEPTH: Final = 10
"""Places a ranking is judged by."""
_PAGE: Final = "#"


@dataclass(frozen=True, slots=True)
class Found:
    """A place in a result or behind a citation: a document's name and, if it has pages, a page."""

    document: str
    page: int | None = None

    def name(self, *, with_page: bool) -> str:
        """Spell the place as questions name it."""
        return f"{self.document}{_PAGE}{self.page}" if with_page else self.document


@dataclass(frozen=True, slots=True)
class Given:
    """An answer as its reader sees it; `cited` are the places behind its citations."""

    text: str
    refused: bool
    cited: Sequence[Found]
    first_token_ms: float


class Subject(Protocol):
    """What is measured: the product in this process, or a server."""

    def search(self, question: str, limit: int) -> Sequence[Found]:
        """Return what is found, best first."""
        ...

    def answer(self, question: str) -> Given:
        """Return the whole answer."""
        ...


def run(
    subject: Subject,
    questions: Sequence[AskedQuestion],
    timer: Callable[[], float],
    *,
    answers: bool,
) -> Iterator[QuestionResult]:
    """Yield the result of each question; `timer` counts seconds. Answers are slow, so optional."""
    for question in questions:
        measures = _searched(subject, question, timer)
        if answers:
            measures |= _answered(subject, question, timer)
        yield QuestionResult(
            id=question.id,
            language=language_of(question.text),
            answerable=question.answerable,
            measures=measures,
        )


def language_of(text: str) -> Language:
    """Tell a question's language."""
    return "zh" if is_chinese(text) else "en"


def _searched(
    subject: Subject, question: AskedQuestion, timer: Callable[[], float]
) -> dict[str, float]:
    begun = timer()
    # A document may be found by several passages, of which the first counts.
    found = subject.search(question.text, 5 * DEPTH)
    measures = {"search_ms": (timer() - begun) * 1000}
    if question.grades:
        ranked = _names(found, question)
        measures |= {
            "ndcg@10": ndcg_at_k(ranked, question.grades, DEPTH),
            "mrr@10": reciprocal_rank(ranked[:DEPTH], question.grades),
            "recall@1": recall_at_k(ranked, question.grades, 1),
            "recall@5": recall_at_k(ranked, question.grades, 5),
            "recall@10": recall_at_k(ranked, question.grades, DEPTH),
        }
    return measures


def _answered(
    subject: Subject, question: AskedQuestion, timer: Callable[[], float]
) -> dict[str, float]:
    begun = timer()
    given = subject.answer(question.text)
    measures = {
        "answer_ms": (timer() - begun) * 1000,
        "first_token_ms": given.first_token_ms,
        "refused": float(given.refused or is_refusal(given.text)),
    }
    if question.answerable:
        measures |= _words(given, question) | _citations(given, question)
    return measures


def _words(given: Given, question: AskedQuestion) -> dict[str, float]:
    if not question.expected:
        return {}
    said = "" if given.refused else without_citations(given.text)
    return {
        "exact": float(exact_match(said, question.expected)),
        "f1": f1(said, question.expected),
        "held": float(holds_answer(said, question.expected)),
    }


def _citations(given: Given, question: AskedQuestion) -> dict[str, float]:
    """Judge the citations; an answer without any cites nothing wrong and finds nothing."""
    if not question.grades:
        return {}
    cited = set(_names(given.cited, question))
    right = cited & {name for name, grade in question.grades.items() if grade > 0}
    return {
        "citation_precision": len(right) / len(cited) if cited else 0.0,
        "citation_recall": float(bool(right)),
    }


def _names(found: Sequence[Found], question: AskedQuestion) -> list[str]:
    with_page = any(_PAGE in name for name in question.grades or ())
    return list(dict.fromkeys(one.name(with_page=with_page) for one in found))
