"""Sets of questions: what is answered stands in a passage, what is not stands in none."""

from collections.abc import Iterator
from random import Random

import pytest

from model.tuning.invented_passages import invented_sets
from model.tuning.invented_tables import table_sets
from model.tuning.passage_sets import PassageSets
from model.tuning.question_sets import QuestionSet, Row


def context(name: str, text: str) -> dict[str, str]:
    return {"id": name, "title": name, "text": text}


def row(name: str, of: dict[str, str], answer: str = "") -> Row:
    return {
        "id": name,
        "lang": "en",
        "source": "squad2_train",
        "question": f" Which word has {name}?",
        "contexts": [of],
        "gold_context_ids": [of["id"]] if answer else [],
        "answer": answer,
        "answers": [answer] if answer else [],
        "answerable": bool(answer),
        "unanswerable_kind": None if answer else "human",
    }


@pytest.fixture
def rows() -> list[Row]:
    passages = [context(f"p{n}", f"The river word{n} is deep. It is old{n}.") for n in range(12)]
    made = [row(f"a{n}", one, f"word{n}") for n, one in enumerate(passages)]
    made += [row(f"b{n}", one, f"old{n}") for n, one in enumerate(passages)]
    return made + [row(f"c{n}", one) for n, one in enumerate(passages)]


def of_kind(kind: str, seed: int, rows: list[Row]) -> Iterator[QuestionSet]:
    random = Random(seed)
    if kind == "real":
        return PassageSets(rows, "en", random).sets(6)
    return (invented_sets if kind == "things" else table_sets)(40, 6, random)


@pytest.mark.parametrize("kind", ["real", "things", "tables"])
def test_answers_stand_in_the_passage_that_is_cited(kind: str, rows: list[Row]) -> None:
    sets = list(of_kind(kind, 1, rows))
    answered = [(one, asked) for one in sets for asked in one.rows if asked["answerable"]]
    assert answered
    for one, asked in answered:
        gold = [c for c in one.contexts if c["id"] in asked["gold_context_ids"]]
        assert any(asked["answer"] in passage["text"] for passage in gold)


@pytest.mark.parametrize("kind", ["real", "things", "tables"])
def test_a_good_part_of_the_questions_has_no_answer(kind: str, rows: list[Row]) -> None:
    asked = [asked for one in of_kind(kind, 2, rows) for asked in one.rows]
    share = sum(not one["answerable"] for one in asked) / len(asked)
    assert 0.3 < share < 0.6
    assert all(one["answer"] == "" for one in asked if not one["answerable"])


@pytest.mark.parametrize("kind", ["real", "things", "tables"])
def test_the_seed_decides(kind: str, rows: list[Row]) -> None:
    assert list(of_kind(kind, 3, rows)) == list(of_kind(kind, 3, rows))
    assert list(of_kind(kind, 3, rows)) != list(of_kind(kind, 4, rows))


def test_no_row_is_asked_twice_in_one_way(rows: list[Row]) -> None:
    asked = [(r["id"], r["answerable"]) for one in of_kind("real", 5, rows) for r in one.rows]
    assert len(asked) == len(set(asked))


def test_what_lost_its_passage_is_answered_by_none_of_the_set(rows: list[Row]) -> None:
    lost = [
        (one, asked)
        for one in of_kind("real", 6, rows)
        for asked in one.rows
        if not asked["answerable"] and asked["answers"]
    ]
    assert lost
    for one, asked in lost:
        assert not any(asked["answers"][0] in passage["text"] for passage in one.contexts)


def test_human_questions_stand_beside_their_own_passage(rows: list[Row]) -> None:
    for one in of_kind("real", 7, rows):
        for asked in one.rows:
            if asked["unanswerable_kind"] == "human":
                assert f"p{asked['id'][1:]}" in {passage["id"] for passage in one.contexts}
            assert asked["question"].strip() == asked["question"]


def test_tables_have_as_many_cells_in_each_line() -> None:
    for one in of_kind("tables", 8, []):
        for passage in one.contexts:
            table = passage["text"].split("\n\n")[0].split("\n")
            bar = " | " if " | " in passage["text"] else "\t"
            assert len({line.count(bar) for line in table}) == 1
