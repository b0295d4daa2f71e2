from model.expert_cache.ranking import Ranking


def ranking(half_life: float, *uses: int) -> Ranking:
    """Things used one after the other, at times 1, 2, ...; all on offer."""
    ranked = Ranking(4, half_life)
    for time, thing in enumerate(uses, start=1):
        ranked.use(thing, time)
    for thing in set(uses):
        ranked.offer(thing)
    return ranked


def test_short_half_life_takes_the_one_used_longest_ago() -> None:
    assert ranking(0.01, 0, 0, 0, 1, 2).lowest() == 0


def test_long_half_life_takes_the_one_used_least_often() -> None:
    assert ranking(1e6, 0, 0, 0, 2, 1, 1, 2, 2).lowest() == 1


def test_half_life_weighs_uses_by_their_age() -> None:
    """Two uses, 5 and 4 half-lives ago, count for less than one now, and one 5 ago for least."""
    ranked = Ranking(3, 1.0)
    ranked.use(0, 0.0)
    ranked.use(0, 1.0)
    ranked.use(1, 5.0)
    ranked.use(2, 0.0)
    for thing in range(3):
        ranked.offer(thing)
    order = []
    while (thing := ranked.lowest()) is not None:
        order.append(thing)
        ranked.withdraw(thing)
    assert order == [2, 0, 1]


def test_only_things_on_offer_are_taken() -> None:
    ranked = ranking(1.0, 0, 1)
    ranked.withdraw(0)
    assert ranked.lowest() == 1
    ranked.withdraw(1)
    assert ranked.lowest() is None


def test_unused_thing_goes_first() -> None:
    ranked = ranking(1.0, 0, 1)
    ranked.offer(3)
    assert ranked.lowest() == 3


def test_time_may_go_on_for_long() -> None:
    ranked = ranking(1.0, 0)
    ranked.use(1, 1e12)
    ranked.use(0, 1e12 + 1)
    ranked.offer(0)
    ranked.offer(1)
    assert ranked.lowest() == 1
