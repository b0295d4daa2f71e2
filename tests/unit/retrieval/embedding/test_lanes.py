import threading

import torch

from retrieval.embedding.lanes import Lanes


def test_each_lane_uses_one_core_and_the_rest_of_the_process_is_left_alone() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        lanes = Lanes(2, "test")
        assert lanes.map(lambda _: torch.get_num_threads(), range(4)) == [1] * 4
        assert torch.get_num_threads() == 2
        seen: list[int] = []
        newborn = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
        newborn.start()
        newborn.join()
        assert seen == [2]
    finally:
        torch.set_num_threads(before)


def test_results_keep_their_order() -> None:
    assert Lanes(3, "test").map(lambda number: number * number, range(50)) == [
        number * number for number in range(50)
    ]
