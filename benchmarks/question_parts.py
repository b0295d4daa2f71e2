"""Questions that ask two things, over the house set's corpus: is each part answered and cited?

    python -m benchmarks.question_parts [--whole]

`--whole` answers them undivided, as before. Expected words stand in `sets/house`; of the last
questions of each language one part has no answer. The model and all settings are this machine's.
"""

import argparse
import time
from dataclasses import dataclass

from api.evaluation.closed import ClosedCorpus, closed_corpus
from api.settings import Settings
from evaluation.answer_scores import holds_answer
from evaluation.datasets import read_dataset
from evaluation.house import house_folder

QUESTIONS = (  # the question, then the ids of the house's questions that it asks
    ("How many weeks of paid parental leave are there and how long must a password be?", "q07 q10"),
    ("How many racks does the Dublin data centre have, and at which pressure does the HP-7 work?",
     "q15 q21"),
    ("When may premium economy be booked and how many days of annual leave do employees have?",
     "q03 q04"),
    ("Which day is the team day? How long are monthly backup copies kept?", "q09 q12"),
    ("Above which amount does an invoice need two signatures and from which amount on are three "
     "offers needed?", "q17 q18"),
    ("Where is the assembly point in case of fire, and what do administrators use as a second "
     "factor?", "q24 q11"),
    ("How many pages does toner T-91 last and who painted the picture in the entrance hall?",
     "q20 n03"),
    ("How many parking spaces does the Dublin site have, and from which day on is a doctor's "
     "certificate needed?", "n02 q06"),
    ("入职满十年的员工有多少天年休假，病假超过三天由谁批准？", "q28 q30"),
    ("一线城市的住宿标准是每晚多少钱，工资每月几号发放？", "q25 q37"),
    ("公章由谁保管？试用期有多长？", "q35 q46"),
    ("男员工的陪产假有几天以及每周最多可以远程办公几天？", "q31 q32"),
    ("上海数据中心有多少个机柜，核心数据库的备份保留多少天？", "q39 q41"),
    ("合同原件由哪个部门保管，发票遗失要在几天内报告财务部？", "q34 q36"),
    ("电池保修多久，公司股票代码是什么？", "q48 n08"),
    ("员工宿舍有几层楼，员工宿舍的月租金是多少？", "n07 q47"),
)  # fmt: skip


@dataclass
class Tally:
    """What came of the parts of all questions."""

    parts: int = 0
    held: int = 0
    cited: int = 0
    hopeless: int = 0
    invented: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        return (
            f"answered {self.held}/{self.parts}, cited {self.cited}/{self.parts}, "
            f"parts without an answer not told {self.invented}/{self.hopeless}, "
            f"{self.seconds / len(QUESTIONS):.1f} s a question"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--whole", action="store_true", help="do not divide the questions")
    options = parser.parse_args()
    settings = Settings()
    if options.whole:
        answers = settings.answers.model_copy(update={"question_parts_max": 1})
        settings = settings.model_copy(update={"answers": answers})
    dataset = read_dataset(house_folder())
    with closed_corpus(settings, dataset, lambda *_: None, answers=True) as corpus:
        print(_tallied(corpus))


def _tallied(corpus: ClosedCorpus) -> Tally:
    dataset = read_dataset(house_folder())
    known = {question.id: question for question in dataset.questions}
    tally = Tally()
    for text, ids in QUESTIONS:
        begun = time.perf_counter()
        given = corpus.answer(text)
        tally.seconds += time.perf_counter() - begun
        print(f"{text}\n    {given.text!r}")
        cited = {place.document for place in given.cited}
        for question in map(known.__getitem__, ids.split()):
            if question.answerable:
                tally.parts += 1
                tally.held += holds_answer(given.text, question.answers)
                tally.cited += bool(cited & dataset.grades[question.id].keys())
            else:
                told = given.refused or "do not hold" in given.text or "没有" in given.text
                tally.hopeless += 1
                tally.invented += not told
    return tally


if __name__ == "__main__":
    main()
