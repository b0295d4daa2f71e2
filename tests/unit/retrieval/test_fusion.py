from retrieval.fusion import fuse


def test_agreement_beats_one_good_rank() -> None:
    assert fuse([(0.5, [1, 2, 3]), (0.5, [4, 2, 5])], 60)[0] == 2


def test_weights_decide_between_rankings() -> None:
    assert fuse([(0.7, [1, 2]), (0.3, [3, 4])], 60)[:2] == [1, 2]
    assert fuse([(0.3, [1, 2]), (0.7, [3, 4])], 60)[:2] == [3, 4]


def test_a_ranking_without_weight_adds_nothing() -> None:
    assert fuse([(0.0, [9, 8]), (1.0, [3, 1])], 60) == [3, 1]


def test_an_empty_place_earns_nothing_and_counts() -> None:
    assert fuse([(1.0, [None, 4]), (0.9, [7])], 60) == [4, 7]
    assert fuse([(1.0, [None, None, 4]), (0.99, [None, 7])], 60) == [7, 4]


def test_equal_sums_keep_the_order_of_the_rankings() -> None:
    assert fuse([(0.5, [7]), (0.5, [3])], 60) == [7, 3]
    assert fuse([], 60) == []
