import pytest

from retrieval.stages import stage


def test_a_stage_is_measured_even_when_it_fails() -> None:
    seen: list[tuple[str, float]] = []

    def fail() -> None:
        with stage(lambda name, seconds: seen.append((name, seconds)), "load"):
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    [(name, seconds)] = seen
    assert name == "load"
    assert seconds >= 0
