import pytest

from model.engine.blocks import BlockPool
from model.engine.tables import BlockTables

BLOCK = 4
PROMPT = [*range(100, 118)]  # four full blocks and two tokens


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tables(clock: Clock) -> BlockTables:
    return BlockTables(20, BLOCK, keep_seconds=60, clock=clock)


def compute(tables: BlockTables, tenant: str, prompt: list[int], close: bool = True) -> list[int]:
    """Read a prompt to its end; return its blocks."""
    opened = tables.open(tenant, prompt, len(prompt))
    assert opened is not None
    sequence, _ = opened
    tables.advance(sequence, prompt, len(prompt))
    blocks = tables[sequence].blocks
    if close:
        tables.close(sequence)
    return blocks


def found(tables: BlockTables, tenant: str, prompt: list[int]) -> int:
    """Return how many tokens need not be computed."""
    opened = tables.open(tenant, prompt, len(prompt))
    assert opened is not None
    length = tables[opened[0]].length
    tables.close(opened[0])
    return length


class TestBlockPool:
    def test_gives_neighbours_while_there_are_some(self) -> None:
        pool = BlockPool(6)
        assert pool.take(2) == [0, 1]
        assert pool.take(2) == [2, 3]
        assert pool.drop(0)
        assert pool.drop(1)
        pool.free(0)
        pool.free(1)
        assert pool.take_run(3) is None
        assert pool.take(3) == [0, 1, 4]
        assert pool.take(2) is None
        assert pool.free_count == 1

    def test_counts_holders(self) -> None:
        pool = BlockPool(2)
        assert pool.take(1) == [0]
        pool.hold([0])
        assert not pool.drop(0)
        assert pool.drop(0)
        assert pool.free_count == 1  # not free before it is freed


def test_full_blocks_are_found_but_not_the_last_token(tables: BlockTables) -> None:
    compute(tables, "a", PROMPT)
    assert found(tables, "a", PROMPT) == 16
    assert found(tables, "a", PROMPT[:16]) == 12
    assert found(tables, "a", PROMPT[:17]) == 16
    assert found(tables, "a", [*PROMPT[:10], 1, 2, 3]) == 8
    assert found(tables, "a", [1, *PROMPT]) == 0


def test_same_tokens_after_others_are_not_found(tables: BlockTables) -> None:
    compute(tables, "a", [*PROMPT[:4], *PROMPT[8:12], 1])
    assert found(tables, "a", [*PROMPT[:8], *PROMPT[8:12], 1]) == 4


@pytest.mark.parametrize("other", ["b", "", "a ", "aa"])
def test_no_other_tenant_finds_them(tables: BlockTables, other: str) -> None:
    compute(tables, "a", PROMPT)
    assert found(tables, other, PROMPT) == 0


def test_only_what_is_computed_is_found(tables: BlockTables) -> None:
    opened = tables.open("a", PROMPT, 30)
    assert opened is not None
    assert found(tables, "a", PROMPT) == 0
    tables.advance(opened[0], PROMPT, 7)
    assert found(tables, "a", PROMPT) == 4


def test_found_blocks_are_copied_into_a_run(tables: BlockTables) -> None:
    original = compute(tables, "a", PROMPT)
    opened = tables.open("a", PROMPT, 24)
    assert opened is not None
    sequence, copies = opened
    own = tables[sequence].blocks
    assert tables[sequence].is_run
    assert copies == list(zip(original, own[:4], strict=False))
    assert not set(own) & set(original[:4])


def test_found_blocks_are_shared_where_no_run_is_left(tables: BlockTables) -> None:
    original = compute(tables, "a", PROMPT)[:4]
    held = compute(tables, "b", [*range(13 * BLOCK)], close=False)
    opened = tables.open("a", PROMPT, 6 * BLOCK)
    assert opened is not None
    sequence, copies = opened
    assert copies == []
    assert tables[sequence].blocks[:4] == original
    assert not tables[sequence].is_run
    assert not set(tables[sequence].blocks) & set(held)
    tables.close(sequence)
    assert found(tables, "a", PROMPT[:17]) == 16


def test_who_finds_no_room_leaves_no_trace(tables: BlockTables) -> None:
    compute(tables, "a", PROMPT)
    compute(tables, "b", [*range(15 * BLOCK)], close=False)
    before = (tables.pool.free_count, tables.index.idle_count)
    assert tables.open("a", PROMPT, 10 * BLOCK) is None
    assert (tables.pool.free_count, tables.index.idle_count) == before


def test_least_recently_used_makes_room_its_end_first(tables: BlockTables) -> None:
    first, second = PROMPT, [*range(200, 218)]
    compute(tables, "a", first)
    compute(tables, "a", second)
    assert found(tables, "a", first) == 16  # now the second is the older one
    compute(tables, "b", [*range(14 * BLOCK)])
    tables.forget("b")
    assert found(tables, "a", first) == 16
    assert found(tables, "a", second) == 8


def test_forgotten_ones_are_not_found(tables: BlockTables) -> None:
    compute(tables, "a", PROMPT)
    compute(tables, "b", PROMPT)
    tables.forget("a")
    assert found(tables, "a", PROMPT) == 0
    assert found(tables, "b", PROMPT) == 16
    assert tables.pool.free_count == 16


def test_what_is_held_while_forgotten_is_freed_later(tables: BlockTables) -> None:
    opened = tables.open("a", PROMPT, 30)
    assert opened is not None
    tables.advance(opened[0], PROMPT, 8)
    tables.forget("a")
    tables.advance(opened[0], PROMPT, 18)
    assert found(tables, "a", PROMPT) == 0
    tables.close(opened[0])
    assert tables.pool.free_count == 20


def test_too_old_ones_are_not_found(tables: BlockTables, clock: Clock) -> None:
    compute(tables, "a", PROMPT)
    clock.now = 60
    assert found(tables, "a", PROMPT) == 16  # use does not make it younger
    clock.now = 61
    assert found(tables, "a", PROMPT) == 0
    assert tables.pool.free_count == 20


def test_blocks_that_another_computed_meanwhile_are_taken_over(tables: BlockTables) -> None:
    opened = tables.open("a", PROMPT, 20)
    assert opened is not None
    original = compute(tables, "a", [*PROMPT[:12], 1], close=False)
    own = tables[opened[0]].blocks
    assert tables.adopt(opened[0], PROMPT) == list(zip(original[:3], own, strict=False))
    assert tables[opened[0]].length == 12
