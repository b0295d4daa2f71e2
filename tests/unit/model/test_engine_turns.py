from model.engine.turns import Turns


def test_fewest_tokens_is_next() -> None:
    turns = Turns()
    turns.join("a", [])
    turns.join("b", ["a"])
    turns.charge("a", 10)
    turns.charge("b", 5)
    assert min("ab", key=turns.had) == "b"


def test_who_comes_later_does_not_catch_up_on_what_it_missed() -> None:
    turns = Turns()
    turns.join("a", [])
    turns.charge("a", 1000)
    turns.join("b", ["a"])
    assert turns.had("b") == turns.had("a")


def test_leaving_and_coming_back_gains_nothing() -> None:
    turns = Turns()
    turns.join("a", [])
    turns.join("b", ["a"])
    turns.charge("b", 1000)
    turns.charge("a", 10)
    turns.join("b", ["a"])
    assert turns.had("b") == 1000


def test_who_is_gone_and_owes_nothing_is_forgotten() -> None:
    turns = Turns()
    for tenant in map(str, range(100)):
        turns.join(tenant, [])
        turns.charge(tenant, 1)
    assert len(turns._had) <= 2
