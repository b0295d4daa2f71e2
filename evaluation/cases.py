"""Questions, each with the few passages that it is asked over: the gold one and its look-alikes.

A reader (model) is measured on these without the retriever. Everything is drawn by seed, so that
two models are asked the same.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from evaluation.answer_scores import bare
from evaluation.answered_elsewhere import ANSWERED_ELSEWHERE
from evaluation.bm25 import Bm25
from evaluation.datasets import Dataset, Passage, Question
from evaluation.shortening import estimated_tokens, shortened
from retrieval.scripts import is_chinese

SEED: Final = 20261122
_CALCULATED_SHARE: Final = 3
"""One calculated question is drawn for so many others; they form a group of their own."""
_GOLD_SHARE: Final = 0.5
"""Of all tokens, the share that a long gold passage may take from the others."""


@dataclass(frozen=True, slots=True)
class Case:
    """A question over `passages`, numbered from 1; `gold` are the numbers that hold the answer.

    `group` is the data set, or a part of it that is counted apart.
    """

    id: str
    group: str
    question: str
    passages: tuple[Passage, ...]
    gold: frozenset[int]
    answers: tuple[str, ...]
    answerable: bool

    @property
    def language(self) -> Literal["en", "zh"]:
        """That of the question."""
        return "zh" if is_chinese(self.question) else "en"


def cases_of(
    dataset: Dataset,
    *,
    answerable: int,
    unanswerable: int,
    passages: int = 4,
    tokens_max: int = 850,
) -> list[Case]:
    """Draw so many cases of each kind; more of them begin with the same ones.

    A set without unanswerable questions gives other questions of its own, their gold passages
    left out. Look-alikes are the set's labelled negatives, then the best by BM25; none holds an
    expected answer.
    """
    drawn = _Drawn(dataset)
    maker = _CaseMaker(dataset, passages, tokens_max)
    return [
        *(maker.answerable(one, dataset.name) for one in drawn.written[:answerable]),
        *(
            maker.answerable(one, f"{dataset.name}, calculated")
            for one in drawn.calculated[: answerable // _CALCULATED_SHARE]
        ),
        *(
            maker.unanswerable(one)
            for one in drawn.hopeless[:unanswerable]
            if one.id not in ANSWERED_ELSEWHERE  # not replaced: the next ones were not read
        ),
    ]


class _Drawn:
    """A set's questions in a random order that depends on the seed only."""

    def __init__(self, dataset: Dataset) -> None:
        judged = dataset.judged_questions
        shuffled = random.Random(SEED).sample(judged, len(judged))  # noqa: S311 - no secret
        answerable = [one for one in shuffled if one.answerable and one.answers]
        self.written = [one for one in answerable if not one.is_calculated]
        self.calculated = [one for one in answerable if one.is_calculated]
        hopeless = [one for one in shuffled if not one.answerable]
        # From the end, so that the gold-removed are others than the first answerable ones.
        self.hopeless = hopeless or self.written[::-1]


class _CaseMaker:
    def __init__(self, dataset: Dataset, passages: int, tokens_max: int) -> None:
        self._dataset = dataset
        self._passages = passages
        self._tokens_max = tokens_max
        self._of = {passage.id: passage for passage in dataset.passages}
        self._bm25 = Bm25([passage.titled_text for passage in dataset.passages])

    def answerable(self, question: Question, group: str) -> Case:
        return self._case(question, group, self._gold(question))

    def unanswerable(self, question: Question) -> Case:
        """Ask over the passage that a real unanswerable question was written for, or none."""
        near = [] if question.answerable else self._gold(question)
        case = self._case(question, self._dataset.name, near)
        return replace(case, answerable=False, gold=frozenset(), answers=())

    def _gold(self, question: Question) -> list[Passage]:
        """Return one gold passage: that which holds an answer in its words, if any does."""
        gold = [self._of[id_] for id_ in self._dataset.grades[question.id]]
        return sorted(gold, key=lambda one: not _holds(one, question.answers))[:1]

    def _case(self, question: Question, group: str, gold: Sequence[Passage]) -> Case:
        others = [*self._alike(question)][: self._passages - len(gold)]
        chance = random.Random(f"{SEED}:{question.id}")  # noqa: S311 - no secret
        shown = chance.sample([*gold, *others], len(gold) + len(others))
        return Case(
            id=question.id,
            group=group,
            question=question.text,
            passages=self._fitted(question, shown, gold),
            gold=frozenset(n for n, one in enumerate(shown, start=1) if one in gold),
            answers=question.expected,
            answerable=True,
        )

    def _alike(self, question: Question) -> Iterator[Passage]:
        seen = set(self._dataset.grades[question.id])
        labelled = (self._of[id_] for id_ in question.negative_ids if id_ in self._of)
        ranked = (self._dataset.passages[i] for i in self._bm25.ranked(question.text))
        rest = iter(self._dataset.passages)
        for source in (labelled, ranked, rest):
            for passage in source:
                if passage.id not in seen and not _holds(passage, question.answers):
                    seen.add(passage.id)
                    yield passage

    def _fitted(
        self, question: Question, shown: Sequence[Passage], gold: Sequence[Passage]
    ) -> tuple[Passage, ...]:
        """Cut what is long: the gold passage around the answer, the others at their end."""
        left = float(self._tokens_max)
        tokens_of: dict[str, float] = {}
        for one in gold:
            tokens_of[one.id] = min(_size(one), _GOLD_SHARE * self._tokens_max)
            left -= tokens_of[one.id]
        others = sorted((one for one in shown if one not in gold), key=_size)
        for place, one in enumerate(others):  # what a short one leaves, the longer ones share
            tokens_of[one.id] = min(_size(one), left / (len(others) - place))
            left -= tokens_of[one.id]
        return tuple(
            one.model_copy(
                update={"text": shortened(one.text, tokens_of[one.id], question.answers)}
            )
            for one in shown
        )


def _size(passage: Passage) -> float:
    return estimated_tokens(passage.text)


def _holds(passage: Passage, answers: Sequence[str]) -> bool:
    text = bare(passage.titled_text)
    return any(bare(answer) in text for answer in answers if bare(answer))
