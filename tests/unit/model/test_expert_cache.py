"""The cache alone, on experts that just say who they are."""

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from model.errors import CheckpointError, ExpertMemoryTooSmall
from model.expert_cache.cache import ExpertCache
from model.expert_cache.stored_experts import Part, StoredExperts
from model.expert_cache.stored_tensors import stored_tensors
from model.experts import Expert

LAYERS, EXPERTS, WIDTH = 3, 8, 16
SLOT = 3 * 4096  # an expert may lie across two pages, and memory is aligned to one
X = torch.zeros(1)


def value(layer: int, expert: int) -> int:
    return 100 * layer + expert


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    layers = {}
    for layer in range(LAYERS):
        values = torch.tensor([value(layer, expert) for expert in range(EXPERTS)])
        layers[f"layer{layer}"] = values.float()[:, None].repeat(1, WIDTH)
    save_file(layers, path)
    return path


@pytest.fixture
def stored(path: Path) -> StoredExperts:
    tensors = stored_tensors(path)
    layers = {
        layer: [Part("weight", (WIDTH,), torch.float32, [tensors[f"layer{layer}"]])]
        for layer in range(LAYERS)
    }
    experts = StoredExperts(layers, EXPERTS, lambda parts: lambda x: parts["weight"].clone())
    assert experts.slot_bytes in {2 * 4096, SLOT}
    return experts


Opener = Callable[..., ExpertCache]


@pytest.fixture
def opened(stored: StoredExperts) -> Iterator[Opener]:
    caches: list[ExpertCache] = []

    def open_cache(capacity: int, **options: float) -> ExpertCache:
        caches.append(ExpertCache(stored, capacity * stored.slot_bytes, **options))
        return caches[-1]

    yield open_cache
    for cache in caches:
        cache.close()


def used(cache: ExpertCache, layer: int, experts: list[int]) -> list[int]:
    """Return what the experts say, by place."""
    answers = [-1] * len(experts)
    for place, expert in cache.use(layer, experts):
        answers[place] = int(expert(X).unique().item())
    return answers


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.001)


@pytest.mark.parametrize("capacity", [2, 3, 8, 24, 1000])
@pytest.mark.parametrize("readers", [1, 3])
def test_every_expert_is_right_and_memory_stays_within_the_budget(
    opened: Opener, capacity: int, readers: int
) -> None:
    cache = opened(capacity, readers=readers)
    draw = random.Random(capacity)
    for _ in range(60):
        layer = draw.randrange(LAYERS)
        experts = draw.sample(range(EXPERTS), draw.randint(1, EXPERTS))
        cache.foresee(draw.randrange(LAYERS), draw.sample(range(EXPERTS), 3))
        assert used(cache, layer, experts) == [value(layer, expert) for expert in experts]
        assert cache.resident_bytes <= min(capacity, LAYERS * EXPERTS) * SLOT


def test_expert_in_memory_is_not_read_again(opened: Opener) -> None:
    cache = opened(4)
    used(cache, 0, [1, 2])
    used(cache, 0, [2, 1])
    statistics = cache.statistics
    assert (statistics.reads, statistics.misses, statistics.hits) == (2, 2, 2)
    assert statistics.hit_rate == 0.5


def test_experts_used_most_stay(opened: Opener) -> None:
    cache = opened(3, half_life_steps=1000.0)
    for _ in range(5):
        used(cache, 0, [0, 1])
    for expert in range(2, EXPERTS):  # pass through the one place that is left
        used(cache, 0, [expert])
    before = cache.statistics.misses
    used(cache, 0, [0, 1])
    assert cache.statistics.misses == before


def test_those_in_memory_come_first(opened: Opener) -> None:
    cache = opened(8)
    used(cache, 1, [5])
    assert next(place for place, _ in cache.use(1, [3, 4, 5])) == 2


def test_wishes_are_read_while_the_layer_before_computes(opened: Opener) -> None:
    cache = opened(10)
    cache.foresee(1, [3, 4])
    for _ in cache.use(0, [0]):
        wait_until(lambda: cache.statistics.reads == 3)
    assert used(cache, 1, [3, 4, 5]) == [103, 104, 105]
    statistics = cache.statistics
    assert (statistics.hits, statistics.foreseen, statistics.misses) == (2, 2, 2)


def test_wishes_that_no_longer_hold_are_not_read(opened: Opener) -> None:
    cache = opened(10)
    cache.foresee(1, [3, 4])
    cache.foresee(2, [6])
    for _ in cache.use(0, [0]):
        wait_until(lambda: cache.statistics.reads == 2)
    assert used(cache, 2, [6]) == [206]
    assert cache.statistics.reads == 2


def test_wishes_leave_room_for_demands(opened: Opener) -> None:
    cache = opened(2)
    for _ in range(20):
        cache.foresee(1, [3, 4, 5, 6])
        assert used(cache, 0, list(range(EXPERTS))) == list(range(EXPERTS))


def test_expert_in_use_stays_as_it_is(opened: Opener) -> None:
    cache = opened(2)
    using = cache.use(0, [7])
    _, expert = next(using)
    for other in range(6):
        used(cache, 1, [other])
    assert int(expert(X)[0]) == 7
    using.close()


def test_use_given_up_frees_its_experts(opened: Opener) -> None:
    cache = opened(2)
    for _ in range(10):
        using = cache.use(0, [0, 1, 2])
        next(using)
        using.close()
    assert used(cache, 2, [4, 5, 6]) == [204, 205, 206]


def test_many_threads_share_one_cache(opened: Opener) -> None:
    cache = opened(5, readers=2)

    def work(seed: int) -> None:
        draw = random.Random(seed)
        for _ in range(80):
            layer = draw.randrange(LAYERS)
            experts = draw.sample(range(EXPERTS), draw.randint(1, EXPERTS))
            if draw.random() < 0.5:
                cache.foresee(draw.randrange(LAYERS), draw.sample(range(EXPERTS), 4))
            assert used(cache, layer, experts) == [value(layer, expert) for expert in experts]
            assert cache.resident_bytes <= 5 * SLOT

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))


def test_file_cut_short_is_said_and_the_cache_lives_on(opened: Opener, path: Path) -> None:
    cache = opened(4)
    content = path.read_bytes()
    used(cache, 0, [0])
    with path.open("r+b") as file:
        file.truncate(len(content) - 2 * 4 * WIDTH)  # the last two experts of the last layer
    cache.foresee(2, [6])
    assert used(cache, 0, [0, 1]) == [0, 1]
    for _ in range(3):
        with pytest.raises(CheckpointError, match=r"model\.safetensors: is cut short"):
            used(cache, 2, [5, 6, 7])
    assert used(cache, 2, [4, 5]) == [204, 205]
    with path.open("r+b") as file:
        file.write(content)
    assert used(cache, 2, [6, 7]) == [206, 207]


@dataclass(frozen=True)
class ShortOfMemory(StoredExperts):
    """There is memory for three slots only, whatever the budget says."""

    claimed: list[int] = field(default_factory=list)

    def new_slot(self) -> torch.Tensor:
        self.claimed.append(1)
        if len(self.claimed) > 3:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        return super().new_slot()


def test_lack_of_memory_is_said_and_the_cache_lives_on(stored: StoredExperts) -> None:
    short = ShortOfMemory(stored.layers, stored.experts_per_layer, stored.build)
    cache = ExpertCache(short, 10**6)
    assert used(cache, 0, [0, 1, 2]) == [0, 1, 2]
    for _ in range(2):
        with pytest.raises(RuntimeError, match="can't allocate memory"):
            used(cache, 1, [3, 4])
    assert used(cache, 0, [0, 1, 2]) == [0, 1, 2]
    cache.close()


def test_defect_in_a_read_reaches_its_layer(stored: StoredExperts) -> None:
    def broken(parts: Mapping[str, torch.Tensor]) -> Expert:
        raise ZeroDivisionError

    cache = ExpertCache(StoredExperts(stored.layers, EXPERTS, broken), 10**6)
    for _ in range(4):
        with pytest.raises(ZeroDivisionError):
            used(cache, 0, [0, 1])
    cache.close()


def test_file_that_is_deleted_stays_readable(opened: Opener, path: Path) -> None:
    cache = opened(4)
    path.unlink()
    assert used(cache, 2, [6, 7]) == [206, 207]


def test_too_little_memory_names_the_setting(stored: StoredExperts) -> None:
    with pytest.raises(
        ExpertMemoryTooSmall, match=rf"expert_memory_bytes_max.* {2 * stored.slot_bytes}\."
    ):
        ExpertCache(stored, 2 * stored.slot_bytes - 1)


def test_readers_end_when_the_cache_is_closed(opened: Opener) -> None:
    def readers() -> int:
        return sum(thread.name.startswith("expert-reader") for thread in threading.enumerate())

    before = readers()
    cache = opened(4, readers=3)
    used(cache, 0, [0])
    assert readers() == before + 3
    cache.close()
    wait_until(lambda: readers() == before)
