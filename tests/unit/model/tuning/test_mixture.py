"""Some rows asked plainly, some over look-alikes: each one way, by the seed."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from model.tokenizer import ChatTokenizer
from model.tuning.examples import read_examples
from model.tuning.mixture import Mixture, Rows
from model.tuning.prompt import Language
from model.tuning.recipe import Recipe

END = 263
MIXED = Recipe(seed=1, look_alikes=True, plain_share=0.5, english_kept=0.5)


def row(number: int, language: Language = "en", **changes: Any) -> dict[str, Any]:
    made = {"id": f"{language}{number}", "lang": language, "source": "squad2", "answer": "x" * 40}
    return made | changes


@pytest.fixture
def rows() -> Rows:
    return {"en": [row(n) for n in range(400)], "zh": [row(n, "zh") for n in range(400)]}


def ids(rows: Rows) -> set[str]:
    return {str(one["id"]) for of_language in rows.values() for one in of_language}


def test_every_row_that_is_asked_is_asked_one_way(rows: Rows) -> None:
    mixture = Mixture(replace(MIXED, english_kept=1.0), "train")
    plain, alike = ids(mixture.plain(rows)), ids(mixture.alike(rows))
    assert not plain & alike
    assert plain | alike == ids(rows)
    assert 300 < len(plain) < 500


def test_english_is_thinned_out_for_tuning_but_not_when_held_out(rows: Rows) -> None:
    train, valid = Mixture(MIXED, "train"), Mixture(MIXED, "valid")
    asked = ids(train.plain(rows)) | ids(train.alike(rows))
    assert 140 < len({one for one in asked if one.startswith("en")}) < 260
    assert sum(one.startswith("zh") for one in asked) == 400
    assert ids(valid.plain(rows)) | ids(valid.alike(rows)) == ids(rows)


def test_a_row_goes_its_way_whatever_the_others_are(rows: Rows) -> None:
    mixture = Mixture(MIXED, "train")
    fewer: Rows = {"en": rows["en"][:50], "zh": []}
    assert ids(mixture.plain(fewer)) == ids(mixture.plain(rows)) & ids(fewer)


def test_privacy_policies_are_thinned_out_of_a_mixture_only() -> None:
    policies: Rows = {"en": [row(n, source="policyqa_dev") for n in range(400)], "zh": []}
    mixed = replace(MIXED, plain_share=1.0, english_kept=1.0)
    assert 40 < len(ids(Mixture(mixed, "train").plain(policies))) < 120
    assert len(ids(Mixture(Recipe(seed=1), "train").plain(policies))) == 400


def test_a_recipe_of_one_kind_has_no_other(rows: Rows) -> None:
    assert not ids(Mixture(Recipe(seed=1), "train").alike(rows))
    assert not ids(Mixture(Recipe(seed=1, look_alikes=True), "train").plain(rows))


def test_both_kinds_are_mixed_in_the_order_of_the_seed(
    data_folder: Path, tokenizer: ChatTokenizer
) -> None:
    def read(recipe: Recipe) -> list[str]:
        return [e.id for e in read_examples(data_folder, "train", tokenizer, END, recipe)]

    mixed = replace(MIXED, english_kept=1.0)
    assert read(mixed) == read(mixed)
    assert read(mixed) != read(replace(mixed, seed=2))
    assert len(read(mixed)) == len(set(read(mixed)))
