"""How good answers are: right, cited rightly, refused when they should be, and only then.

    SOURCEBOOK_EVAL_DATA=<folder> python -m benchmarks.answers --model MODEL [--each N]
        [--only SET] [--cache FOLDER] [--details FILE]

MODEL is a GGUF file or a checkpoint's folder. A set's passages are ranked by meaning alone; the
rest is the product's own path from question to stored answer. `right`: an expected answer stands in
the text. `F1`: overlap with the expected answer. `cited`: an answer cites the passage that the
question was written for. Questions across languages stand at the end of this file. `--details`
writes each answer as a line of JSON.
"""

import argparse
import base64
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import numpy as np

from evaluation.datasets import Dataset, Passage, Question, read_dataset
from model.backends.local import LocalGenerator
from model.backends.port import GenerationPiece, GenerationRequest, Generator
from model.settings import ModelSettings
from qa.answer import Answer, Done
from qa.answer_cache import AnswerCache
from qa.service import AnswerService
from qa.settings import AnswerSettings
from retrieval.access import AccessScope
from retrieval.corpus import Chunk, Hit
from retrieval.embedding.factory import create_embedder
from retrieval.embedding.port import Embedder, Vectors
from retrieval.embedding.settings import EmbeddingSettings
from retrieval.lexical.analysis import terms
from retrieval.search import Retriever
from security.audit import AuditLog
from security.keyring import KeyRing
from security.keys import EnvironmentKeyProvider
from security.principal import Principal, Role
from security.tables import Tenant, User
from storage.database import Base, Database

SETS = ("squad2_dev", "clapnq_dev", "cmrc2018_trial_as_dev")
SEED = 11
TENANT = "benchmark"
ASKER = Principal(TENANT, "asker", "asker", {None: Role.READER})


class Ranked:
    """Search over one set's passages, by meaning alone."""

    def __init__(self, passages: Sequence[Passage], vectors: Vectors, embedder: Embedder) -> None:
        self._passages = passages
        self._vectors = vectors
        self._embedder = embedder

    def search(self, _scope: AccessScope, query: str, limit: int) -> list[Hit]:
        similarities = self._vectors @ self._embedder.embed_queries([query])[0]
        best = np.argsort(-similarities)[:limit]
        return [_hit(self._passages[i], rank) for rank, i in enumerate(best, start=1)]

    def neighbours(self, _scope: AccessScope, _hit: Hit, **_around: int) -> list[Chunk]:
        return []


class Recorder:
    """Keeps the model's own words, so that thresholds can be chosen without asking it again."""

    def __init__(self, generator: Generator) -> None:
        self._generator = generator
        self.said = ""
        self.name = generator.name
        self.context_tokens_max = generator.context_tokens_max
        self.enforces_allowed = generator.enforces_allowed
        self.count_tokens = generator.count_tokens
        self.close = generator.close
        self.forget = generator.forget

    def generate(
        self, request: GenerationRequest, cancelled: Any = None
    ) -> Iterator[GenerationPiece]:
        self.said = ""
        for piece in self._generator.generate(request, cancelled):
            self.said += piece.text
            yield piece


@dataclass(frozen=True)
class Judged:
    """A question with its answer and what is wrong with it."""

    set: str
    question: str
    expected: list[str]
    answerable: bool
    said: str
    answer: str
    refused: bool
    right: bool
    f1: float
    cited: bool
    first_ms: int
    total_ms: int


def _hit(passage: Passage, rank: int) -> Hit:
    chunk = Chunk(0, passage.text, 0, len(passage.text))
    return Hit(f"{passage.id}.0", passage.id, passage.title, rank, chunk)


def overlap(text: str, expected: Sequence[str]) -> float:
    """Return the best F1 of terms with one of the expected answers."""
    return max(
        (_f1(Counter(terms(text)), Counter(terms(answer))) for answer in expected), default=0
    )


def _f1(said: Counter[str], expected: Counter[str]) -> float:
    common = (said & expected).total()
    return 2 * common / (said.total() + expected.total()) if common else 0.0


def holds(text: str, expected: Sequence[str]) -> bool:
    """Tell whether an expected answer stands in the text, spaces and punctuation aside."""

    def bare(part: str) -> str:
        return "".join(filter(str.isalnum, part.lower()))

    return any(bare(answer) in bare(text) for answer in expected)


def judge(
    service: AnswerService, recorder: Recorder, name: str, question: Question, gold: set[str]
) -> Judged:
    recorder.said = ""
    answer = _answer(service, question.text)
    text = " ".join((answer.text, *(citation.quote for citation in answer.citations)))
    return Judged(
        set=name,
        question=question.text,
        expected=question.answers,
        answerable=question.answerable,
        said=recorder.said,
        answer=answer.text,
        refused=answer.refused,
        right=question.answerable
        and holds(text if name == "cross" else answer.text, question.answers),
        f1=overlap(answer.text, question.answers),
        cited=bool(gold & {citation.document_id for citation in answer.citations}),
        first_ms=answer.timings.first_token_ms,
        total_ms=answer.timings.total_ms,
    )


def _answer(service: AnswerService, question: str) -> Answer:
    *_, done = service.answer(ASKER, question)
    assert isinstance(done, Done)
    return done.answer


def sample(dataset: Dataset, each: int) -> list[Question]:
    """Return so many answerable and so many unanswerable questions, always the same ones."""
    chosen = random.Random(SEED)
    answerable = [question for question in dataset.judged_questions if question.answerable]
    hopeless = [question for question in dataset.judged_questions if not question.answerable]
    return [
        *chosen.sample(answerable, min(each, len(answerable))),
        *chosen.sample(hopeless, min(each, len(hopeless))),
    ]


def vectors_of(dataset: Dataset, embedder: Embedder, cache: Path | None) -> Vectors:
    """Embed a set's passages, or read them from the cache."""
    file = cache / f"{dataset.name}.npy" if cache else None
    if file and file.exists():
        known: Vectors = np.load(file)
        return known
    vectors = embedder.embed_passages([passage.titled_text for passage in dataset.passages])
    if file:
        file.parent.mkdir(parents=True, exist_ok=True)
        np.save(file, vectors)
    return vectors


def empty_database(folder: Path, keyring: KeyRing, at: datetime) -> Database:
    database = Database(f"sqlite:///{folder / 'answers.db'}")
    Base.metadata.create_all(database.engine)
    with database.transaction() as session:
        session.add(Tenant(id=TENANT, name=TENANT, created_at=at))
        session.flush()
        keyring.create_tenant(session, TENANT)
        session.add(User(id="asker", tenant_id=TENANT, name="a", password_hash="-", created_at=at))
    return database


def print_table(judged: Sequence[Judged]) -> None:
    groups: defaultdict[tuple[str, bool], list[Judged]] = defaultdict(list)
    for one in judged:
        groups[one.set, one.answerable].append(one)
    head = f"{'set':<24}{'':<14}{'n':>4}{'right':>7}{'F1':>7}{'cited':>7}"
    print(f"{head}{'refused':>9}{'first s':>9}{'total s':>9}")
    for (name, answerable), ones in groups.items():
        print(
            f"{name:<24}{'answerable' if answerable else 'unanswerable':<14}{len(ones):>4}"
            f"{_share(ones, 'right'):>7.2f}{_share(ones, 'f1'):>7.2f}{_share(ones, 'cited'):>7.2f}"
            f"{_share(ones, 'refused'):>9.2f}{_share(ones, 'first_ms') / 1000:>9.1f}"
            f"{_share(ones, 'total_ms') / 1000:>9.1f}"
        )


def _share(ones: Sequence[Judged], what: str) -> float:
    return float(np.mean([getattr(one, what) for one in ones]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="GGUF file or folder")
    parser.add_argument("--each", type=int, default=8, help="questions of a kind of a set")
    parser.add_argument("--only", help="one set, or `cross`")
    parser.add_argument("--cache", type=Path, help="folder for the passages' vectors")
    parser.add_argument("--details", type=Path, help="write each answer here as a line of JSON")
    options = parser.parse_args()
    data = os.environ.get("SOURCEBOOK_EVAL_DATA")
    if not data:
        sys.exit("Set SOURCEBOOK_EVAL_DATA to the folder that holds the data sets.")
    with tempfile.TemporaryDirectory() as folder:
        print_table(list(run(options, Path(data), Path(folder))))


def run(options: argparse.Namespace, data: Path, folder: Path) -> Iterator[Judged]:
    keyring = KeyRing(EnvironmentKeyProvider(base64.b64encode(os.urandom(32)).decode()), _now)
    database = empty_database(folder, keyring, _now())
    embedder = create_embedder(EmbeddingSettings())
    recorder = Recorder(LocalGenerator.load(options.model, ModelSettings()))
    for name in SETS:
        dataset = read_dataset(data / "qa" / name)
        vectors = vectors_of(dataset, embedder, options.cache)
        service = AnswerService(
            database=database,
            retriever=cast("Retriever", Ranked(dataset.passages, vectors, embedder)),
            generator=recorder,
            embedder=embedder,
            keyring=keyring,
            audit=AuditLog(keyring, _now),
            settings=AnswerSettings(),
            cache=AnswerCache(0),
            clock=_now,
            timer=time.monotonic,
        )
        questions = [(name, question) for question in sample(dataset, options.each)]
        crossing = [("cross", question) for question in CROSS.get(name, ())]
        for kind, question in (*questions, *crossing):
            if options.only in (None, kind):
                gold = set(dataset.grades.get(question.id, {question.id: 1}))
                one = judge(service, recorder, kind, question, gold)
                _append(options.details, one)
                yield one


def _append(file: Path | None, one: Judged) -> None:
    if file:
        with file.open("a", encoding="utf-8") as lines:
            print(json.dumps(asdict(one), ensure_ascii=False), file=lines)


def _now() -> datetime:
    return datetime.now(UTC)


def _crossing(passage_id: str, text: str, *answers: str) -> Question:
    """Make a question in the other language; its id is that of the passage that answers it."""
    return Question(id=passage_id, text=text, answers=list(answers), answerable=bool(answers))


# Asked in the other language than the passages; an answer counts where its text or quote holds it.
CROSS = {
    "squad2_dev": (
        _crossing(
            "1973_oil_crisis-0", "1973年石油危机是什么时候开始的？", "October 1973", "1973年10月"
        ),
        _crossing("1973_oil_crisis-0", "1974年3月石油价格涨到每桶多少美元？", "$12", "12美元"),
        _crossing(
            "1973_oil_crisis-10", "希思要求英国人在冬天只给几个房间供暖？", "one room", "一个房间"
        ),
        _crossing("1973_oil_crisis-10", "哪些国家禁止在星期日开车？", "Norway", "挪威"),
        _crossing("Islamism-1", "突尼斯的哪个政党接受民主程序？", "Ennahda", "复兴"),
        _crossing("none", "法国总统的年薪是多少？"),
        _crossing("none", "怎样种植西红柿？"),
        _crossing("none", "公司的病假需要谁批准？"),
    ),
    "cmrc2018_trial_as_dev": (
        _crossing("TRIAL_800", "Which company developed the game Bubble Fighter?", "Nexon"),
        _crossing(
            "TRIAL_502", "In which year did the tennis player Pennetta turn professional?", "2000"
        ),
        _crossing("TRIAL_502", "How many WTA singles titles did Pennetta win?", "10"),
        _crossing("TRIAL_359", "Who opened the first Dairy Queen restaurant?", "Noble", "诺布"),
        _crossing("TRIAL_359", "When did the first Dairy Queen open?", "1940"),
        _crossing("none", "How much does a hotel night cost at most?"),
        _crossing("none", "Who invented the telephone?"),
        _crossing("none", "What is the boiling point of mercury?"),
    ),
}


if __name__ == "__main__":
    main()
