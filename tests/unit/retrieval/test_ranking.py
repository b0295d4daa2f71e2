import pytest

from retrieval.fusion import fuse, numbers, scaled
from retrieval.ranking import by_meaning, ranked
from retrieval.scripts import SCRIPTS, Script
from retrieval.settings import RetrievalSettings
from retrieval.tenant_index import Candidates

SETTINGS = RetrievalSettings(
    dense_weight=0.5,
    dense_spread_min=0.0,
    foreign_bonus=0.02,
    foreign_bonus_chinese=0.05,
    foreign_words_share=0.5,
)
FOUND = [(3, 0.9), (1, 0.9), (2, 0.8), (7, 0.1)]
WORDS = [(2, 7.0), (9, 5.0), (3, 1.0)]


def nearest(candidates: Candidates, question: str, settings: RetrievalSettings) -> list[int]:
    return [chunk for chunk, _ in by_meaning(candidates, question, settings)]


@pytest.mark.parametrize("question", ["What is the notice period?", "通知期是多久？"])
@pytest.mark.parametrize("script", SCRIPTS)
def test_in_a_corpus_of_one_language_nothing_is_different(question: str, script: Script) -> None:
    candidates = Candidates({script: FOUND}, WORDS)
    plain = fuse([(0.5, scaled(FOUND)), (0.5, scaled(WORDS))])
    assert ranked(candidates, question, SETTINGS) == plain
    assert by_meaning(candidates, question, SETTINGS) == FOUND


@pytest.mark.parametrize(("covered", "first"), [(1.0, 2), (0.1, 3)])
def test_where_all_is_foreign_words_count_as_far_as_they_stand_there(
    covered: float, first: int
) -> None:
    candidates = Candidates({"chinese": FOUND}, WORDS, lambda: covered)
    assert numbers(ranked(candidates, "How do I mount a partition?", SETTINGS))[0] == first
    own = ranked(candidates, "怎样挂载分区？", SETTINGS)
    assert own == fuse([(0.5, scaled(FOUND)), (0.5, scaled(WORDS))])


def test_the_bonus_depends_on_the_language_of_the_question() -> None:
    candidates = Candidates({"chinese": [(1, 0.84)], "other": [(2, 0.80)]}, [])
    assert nearest(candidates, "停车位", SETTINGS) == [2, 1]
    candidates = Candidates({"chinese": [(1, 0.80)], "other": [(2, 0.84)]}, [])
    assert nearest(candidates, "parking", SETTINGS) == [2, 1]
    candidates = Candidates({"chinese": [(1, 0.83)], "other": [(2, 0.84)]}, [])
    assert nearest(candidates, "parking", SETTINGS) == [1, 2]


def test_the_nearest_foreign_passage_beats_one_that_only_shares_words() -> None:
    candidates = Candidates({"chinese": [(1, 0.9)], "other": [(2, 0.8)]}, [(3, 2.0), (4, 1.0)])
    assert numbers(ranked(candidates, "parking", SETTINGS))[0] == 1
    deaf = SETTINGS.model_copy(update={"foreign_words_share": 0.0, "dense_weight": 0.4})
    assert numbers(ranked(candidates, "parking", deaf))[0] == 3


def test_foreign_passages_gain_nothing_behind_a_nearer_one() -> None:
    candidates = Candidates({"chinese": [(1, 0.85)], "other": [(2, 0.9)]}, [(3, 2.0)])
    assert numbers(ranked(candidates, "parking", SETTINGS)) == [2, 3, 1]


def test_a_passage_found_both_ways_beats_the_nearest_foreign_one() -> None:
    candidates = Candidates({"chinese": [(1, 0.9)], "other": [(2, 0.91), (3, 0.8)]}, [(2, 2.0)])
    assert numbers(ranked(candidates, "parking", SETTINGS))[0] == 2


def test_what_is_in_no_known_language_is_never_raised() -> None:
    candidates = Candidates({"chinese": [(1, 0.80)], "unknown": [(2, 0.79)]}, [])
    assert nearest(candidates, "停车位", SETTINGS) == [1, 2]
    assert nearest(candidates, "parking", SETTINGS) == [1, 2]
    candidates = Candidates({"unknown": [(2, 0.81)], "other": [(3, 0.7)], **candidates.dense}, [])
    assert nearest(candidates, "parking", SETTINGS) == [1, 2, 3]


@pytest.mark.parametrize(("farther", "order"), [(0.3, [1, 2]), (0.79, [2, 1])])
def test_meaning_counts_less_where_all_is_about_as_near(farther: float, order: list[int]) -> None:
    candidates = Candidates({"other": [(1, 0.8), (2, farther)]}, [(2, 3.0), (1, 1.0)])
    settings = SETTINGS.model_copy(update={"dense_weight": 0.6, "dense_spread_min": 0.2})
    assert numbers(ranked(candidates, "parking", settings)) == order


def test_however_near_to_each_other_the_nearest_foreign_passage_stays_first() -> None:
    candidates = Candidates({"chinese": [(1, 0.82)], "other": [(2, 0.8)]}, [(3, 2.0), (4, 1.0)])
    settings = SETTINGS.model_copy(update={"dense_spread_min": 0.5})
    assert numbers(ranked(candidates, "parking", settings))[0] == 1
    candidates = Candidates({"chinese": [(1, 0.82), (2, 0.8)]}, [(2, 2.0)], lambda: 0.1)
    assert numbers(ranked(candidates, "parking", settings)) == [1, 2]


@pytest.mark.parametrize(("candidates_max", "first"), [(2, 1), (3, 3)])
def test_words_count_less_where_those_left_out_may_have_as_many(
    candidates_max: int, first: int
) -> None:
    candidates = Candidates({"other": [(1, 0.9), (3, 0.5)]}, [(3, 3.0), (4, 2.9)])
    settings = SETTINGS.model_copy(update={"candidates_max": candidates_max, "dense_weight": 0.4})
    assert numbers(ranked(candidates, "parking", settings))[0] == first
