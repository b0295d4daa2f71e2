"""Ways to ask a row: with its answer among the passages, or surely without it."""

from collections.abc import Iterator
from random import Random
from typing import Any

from model.tuning.asking import Asking, asking

GOLD = {
    "id": "g",
    "title": "Assam",
    "text": "Tea came to Assam in 1823, with Robert Bruce. Assam lies in India. It is sold now.",
}
OTHER = {"id": "o", "title": "Kent", "text": "Hops grow in Kent."}
ROW: dict[str, Any] = {
    "id": "1",
    "lang": "en",
    "question": "Who brought tea to Assam in 1823?",
    "contexts": [OTHER, GOLD],
    "gold_context_ids": ["g"],
    "answer": "Robert Bruce",
    "answers": ["Robert Bruce", "Bruce"],
    "answerable": True,
    "unanswerable_kind": None,
    "source": "squad2_train",
}
WRITTEN = ROW | {
    "answer": "",
    "answers": [],
    "gold_context_ids": [],
    "answerable": False,
    "unanswerable_kind": "human",
}


def asked(row: dict[str, Any], seeds: int = 200) -> Iterator[Asking]:
    for seed in range(seeds):
        one = asking(row, Random(seed))
        if one is not None:
            yield one


def test_most_are_answered_from_their_gold_passage() -> None:
    answered = [one for one in asked(ROW) if one.row["answerable"]]
    assert 120 < len(answered) < 170
    assert all(one.near == (GOLD,) and one.row["answer"] == "Robert Bruce" for one in answered)


def test_the_others_have_no_answer_any_more() -> None:
    ways = set()
    for one in asked(ROW):
        if one.row["answerable"]:
            continue
        assert one.row["answer"] == ""
        text = " ".join(context["text"] for context in one.near)
        if "1823" not in one.row["question"]:
            assert text == GOLD["text"]
            ways.add("other year")
        else:
            assert "Bruce" not in text
            ways.add("cut off" if text else "left out")
    assert ways == {"other year", "cut off", "left out"}


def test_nothing_is_cut_off_what_would_still_answer() -> None:
    again = ROW | {"contexts": [GOLD | {"text": GOLD["text"] + " Bruce was a Scot."}]}
    for one in asked(again):
        if not one.row["answerable"] and "1823" in one.row["question"]:
            assert one.near == ()


def test_another_year_is_one_that_the_passage_does_not_name() -> None:
    years = " ".join(map(str, range(1815, 1832)))
    crowded = ROW | {"contexts": [GOLD | {"text": f"{GOLD['text']} {years}"}]}
    moved = [one.row["question"] for one in asked(crowded) if "1823" not in one.row["question"]]
    assert moved
    assert all("1814" in question or "1832" in question for question in moved)


def test_some_are_asked_as_one_types_into_a_search_box() -> None:
    bare = [one for one in asked(ROW) if one.row["question"] == "who brought tea to assam in 1823"]
    assert 20 < len(bare) < 60


def test_written_ones_keep_their_passages_but_only_a_part_is_kept() -> None:
    kept = list(asked(WRITTEN))
    assert 40 < len(kept) < 100
    assert all(one.near == (OTHER, GOLD) for one in kept)


def test_what_was_left_out_of_the_data_s_own_is_not_certain() -> None:
    assert not list(asked(WRITTEN | {"unanswerable_kind": "gold-removed"}))


def test_few_policies_are_asked_and_no_short_spans() -> None:
    policy = ROW | {"source": "policyqa_dev_as_train"}
    assert not list(asked(policy))
    span = "Tea came to Assam in 1823"
    kept = list(asked(policy | {"answer": span, "answers": [span]}))
    assert 20 < len(kept) < 60
    assert all(one.row["answerable"] for one in kept)


def test_a_row_whose_gold_passage_lacks_the_words_is_not_asked() -> None:
    assert not list(asked(ROW | {"answer": "Charles Bruce"}))
