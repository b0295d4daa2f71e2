"""An experiment over HTTP: each arm is searched in its own way and counted by itself."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.integration.noninterference.world import World, prepared

SETTING = "SOURCEBOOK_ANSWERS__EXPERIMENT__"


@contextmanager
def _running(folder: Path, variant_share: int) -> Iterator[World]:
    with pytest.MonkeyPatch.context() as patched, ExitStack() as stack:
        patched.setenv(f"{SETTING}NAME", "one passage")
        patched.setenv(f"{SETTING}VARIANT_SHARE", str(variant_share))
        patched.setenv(f"{SETTING}RETRIEVAL", '{"hits_max": 1}')
        yield World(folder, stack)


def _asked(world: World, question: str, helpful: bool) -> int:
    """Ask and vote as Bo; return how many documents were found."""
    answer = world.bo.post("/v1/answers", json={"question": question}).raise_for_status().json()
    vote = {"helpful": helpful}
    world.bo.put(f"/v1/answers/{answer['id']}/feedback", json=vote).raise_for_status()
    entries = world.admin.get("/v1/audit/entries", params={"action": "question.ask"}).json()
    [entry] = [one for one in entries["items"] if one["target"] == answer["id"]]
    return len(entry["details"]["documents"])


def _live(world: World) -> Any:
    return world.admin.get("/v1/evaluations/live").raise_for_status().json()


def test_each_arm_searches_in_its_own_way_and_is_counted_by_itself(tmp_path: Path) -> None:
    prepared(tmp_path / "data")
    with _running(tmp_path / "data", variant_share=0) as world:
        world.add("1" * 32, "lantern copper", 1)
        world.add("2" * 32, "lantern tariff", 2)
        assert _asked(world, "Which lantern?", helpful=False) == 2
        assert _live(world)["difference"] is None
    with _running(tmp_path / "data", variant_share=1) as world:
        for _ in range(2):
            assert _asked(world, "Which lantern?", helpful=True) == 1
        found = _live(world)
        assert world.bo.get("/v1/evaluations/live").status_code == 403
        told = world.bo.get("/v1/conversations").json()["items"][0]["id"]
        assert "arm" not in world.bo.get(f"/v1/conversations/{told}").text
    assert found["experiment"] == "one passage"
    counts = {
        arm["arm"]: (arm["questions"], arm["helpful"], arm["unhelpful"]) for arm in found["arms"]
    }
    assert counts == {"A": (1, 0, 1), "B": (2, 2, 0)}
    assert found["difference"]["value"] == 1
    assert not found["clear"]
