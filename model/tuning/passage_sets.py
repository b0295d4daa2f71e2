"""Sets of questions over real passages that look alike.

People asked several questions of each passage. Over a few alike passages, all these questions are
asked: those of the passages are answered there, those of passages that are not in the set, or of
sentences that were cut off, are not.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Final

from model.tuning.asking import is_kept_policy
from model.tuning.explanations import answer_of
from model.tuning.passage_pool import PassagePool
from model.tuning.prompt import Language
from model.tuning.question_sets import Context, QuestionSet, Row
from model.tuning.sentences import Sentences

_PASSAGES: Final = (2, 3, 3, 4, 4)
_CHARACTERS: Final[Mapping[Language, tuple[int, int]]] = {"en": (350, 1000), "zh": (110, 340)}
_ANSWERED_SHARE: Final = 0.55
_HUMAN_SHARE: Final = 0.5
"""Of the questions without an answer, at most so many are such that people wrote for Wikipedia."""
_BARE_SHARE: Final = 0.35
"""So many are spelt as people type into a search box."""


class PassageSets:
    """Goes through all passages of a language, each with the alike ones.

    A row is asked once at most where it is answered, and once where it is not.
    """

    def __init__(self, rows: Sequence[Row], language: Language, random: Random) -> None:
        self._language, self._random = language, random
        self._pool = PassagePool(rows)
        self._of_passage: defaultdict[str, list[Row]] = defaultdict(list)
        for row in rows:
            if _is_policy(row) and not is_kept_policy(row, random):
                continue
            for context_id in _passage_ids(row):
                self._of_passage[context_id].append(row)
        self._asked: set[tuple[str, bool]] = set()

    def sets(self, questions: int) -> Iterator[QuestionSet]:
        """Make sets of up to so many questions, of at least two."""
        order = sorted(self._of_passage)
        self._random.shuffle(order)
        for context_id in order:
            if any(self._open(context_id)):
                made = self._set(context_id, questions)
                if len(made.rows) > 1:
                    yield made

    def _set(self, context_id: str, questions: int) -> QuestionSet:
        set_id = f"set {context_id}"
        alike = self._pool.alike(context_id)
        count = self._random.choice(_PASSAGES)
        whole = [self._pool[context_id], *alike[: count - 1]]
        cut = {one["id"]: one | {"text": self._cut(one)} for one in whole}
        outside = [one["id"] for one in alike[count - 1 : count + 7]]
        rows = self._answered(cut, questions) + self._unanswered(cut, outside, questions)
        self._random.shuffle(rows)
        rows = [row | {"set": set_id, "question": self._spelt(row["question"])} for row in rows]
        self._asked.update((row["id"], row["answerable"]) for row in rows)
        contexts = list(cut.values())
        self._random.shuffle(contexts)
        return QuestionSet(set_id, self._language, tuple(contexts), tuple(rows))

    def _cut(self, context: Context) -> str:
        """Shorten around what answers a question that is still open, or anywhere."""
        sentences = Sentences.of(context["text"])
        begin = self._random.randrange(len(sentences.pieces))
        answers = [row["answer"] for row in self._open(context["id"]) if row["answerable"]]
        run = sentences.holding(self._random.choice(answers)) if answers else None
        length = self._random.randint(*_CHARACTERS[self._language])
        return sentences.around(run or (begin, begin + 1), length, self._random)

    def _answered(self, cut: Mapping[str, Context], questions: int) -> list[Row]:
        fitting = [
            row | {"answer": answer_of(row, cut[context_id]["text"])}
            for context_id in cut
            for row in self._open(context_id)
            if row["answerable"] and row["answer"] in cut[context_id]["text"]
        ]
        wanted = _rounded(questions * _ANSWERED_SHARE, self._random)
        return self._random.sample(fitting, min(wanted, len(fitting)))

    def _unanswered(
        self, cut: Mapping[str, Context], outside: Sequence[str], questions: int
    ) -> list[Row]:
        texts = " ".join(f"{one['title']} {one['text']}" for one in cut.values())
        wanted = _rounded(questions * (1 - _ANSWERED_SHARE), self._random)
        human = [
            row
            for context_id in cut
            for row in self._open(context_id, answered=False)
            if row["unanswerable_kind"] == "human"
        ]
        human = self._random.sample(human, min(round(wanted * _HUMAN_SHARE), len(human)))
        lost = [
            row | {"answer": "", "answerable": False}
            for context_id in (*cut, *outside)
            for row in self._open(context_id, answered=False)
            if row["answerable"]
            and not _is_policy(row)
            and not any(one in texts for one in row["answers"])
        ]
        return human + self._random.sample(lost, min(wanted - len(human), len(lost)))

    def _open(self, context_id: str, *, answered: bool = True) -> Iterator[Row]:
        """Return a passage's rows that were not asked yet, in that way."""
        for row in self._of_passage.get(context_id, ()):
            if (row["id"], answered) not in self._asked:
                yield row

    def _spelt(self, question: str) -> str:
        question = question.strip()
        bare = self._random.random() < _BARE_SHARE
        return question.rstrip("?？ ").lower() if bare else question


def _passage_ids(row: Row) -> list[str]:
    """Return the passages that a row was written for: without an answer, the first one."""
    return row["gold_context_ids"] or [row["contexts"][0]["id"]]


def _is_policy(row: Row) -> bool:
    """Privacy policies are so alike that another one may answer what was asked of one."""
    return str(row["source"]).startswith("policyqa")


def _rounded(number: float, random: Random) -> int:
    return int(number + random.random())
