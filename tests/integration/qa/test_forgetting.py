"""What was deleted is not said again from memory."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.integration.noninterference.world import World, prepared

QUESTION = {"question": "Which lantern?"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("forgetting") / "data"
    prepared(folder)
    with ExitStack() as stack:
        made = World(folder, stack)
        made.add("1" * 32, "lantern copper", 1)
        yield made


def _asked(world: World) -> dict[str, object]:
    answer: dict[str, object] = world.bo.post("/v1/answers", json=QUESTION).json()
    return answer


def test_a_deleted_conversation_s_answer_is_written_anew(world: World) -> None:
    _asked(world)
    again = _asked(world)
    assert again["cached"]
    world.bo.delete(f"/v1/conversations/{again['conversation_id']}").raise_for_status()
    assert not _asked(world)["cached"]


def test_an_erased_person_s_answer_is_written_anew(world: World) -> None:
    form = {"name": "Ada", "password": "a long password for Ada", "role": "reader"}
    ada = world.admin.post("/v1/users", json=form).raise_for_status().json()["id"]
    _asked(world)
    assert _asked(world)["cached"]
    world.admin.post(f"/v1/users/{ada}/erasure").raise_for_status()
    assert not _asked(world)["cached"]


def test_a_person_erased_by_another_process_is_forgotten_before_the_next_search(
    world: World,
) -> None:
    form = {"name": "Cy", "password": "a long password for Cy", "role": "reader"}
    cy = world.admin.post("/v1/users", json=form).raise_for_status().json()["id"]
    _asked(world)
    assert _asked(world)["cached"]
    state = world.state
    with state.database.transaction() as session:  # as the command line does, beside the server
        state.eraser.person(session, state.tenant_id, cy, by="the command line")
    assert not _asked(world)["cached"]
