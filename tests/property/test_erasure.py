"""Invariant 6: erasure makes exactly its target unreadable, in every process, for good."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from security.erasure.receipt import verify_receipt
from security.errors import SecurityError
from security.keys import FileKeyProvider
from tests.erasure_world import Services, open_services

TENANTS = ("a" * 32, "b" * 32)
KINDS = ("document", "person")
things = st.tuples(st.sampled_from(TENANTS), st.sampled_from(KINDS), st.integers(0, 1))
Thing = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Template:
    """A folder with two documents and two people in each of two tenants, to be copied."""

    folder: Path
    ids: Mapping[Thing, str]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    folder = tmp_path_factory.mktemp("template")
    services = _opened(folder, FileKeyProvider.create(folder / "kek"))
    ids: dict[Thing, str] = {}
    for tenant in TENANTS:
        collection = services.create_tenant(tenant)
        for number in range(2):
            text = f"text {number} of {tenant}"
            ids[tenant, "document", number] = services.add_document(tenant, collection, text)
            ids[tenant, "person", number] = services.add_person(tenant, f"person {number}")
    services.database.close()
    return Template(folder, ids)


def _opened(folder: Path, provider: FileKeyProvider | None = None) -> Services:
    provider = provider or FileKeyProvider(folder / "kek")
    return open_services(f"sqlite:///{folder / 'world.db'}", folder, provider)


class World:
    """A copy of the template, read by three processes of which one erases."""

    def __init__(self, template: Template, folder: Path) -> None:
        shutil.copytree(template.folder, folder, dirs_exist_ok=True)
        self.folder, self.ids = folder, template.ids
        self.acting, self.other = _opened(folder), _opened(folder)
        self.erased: set[Thing] = set()
        self.tenants_erased: set[str] = set()

    def erase(self, thing: Thing) -> None:
        tenant, kind, _ = thing
        if thing in self.erased or tenant in self.tenants_erased:
            return
        with self.acting.database.transaction(tenant) as session:
            act = {"document": self.acting.eraser.document, "person": self.acting.eraser.person}
            receipt = act[kind](session, tenant, self.ids[thing], "operator")
            key = self.acting.ledger.public_key(session, tenant)
        body = verify_receipt(receipt.text, key)
        owners = {lost["owner"] for lost in body["keys"]}
        assert (body["kind"], body["target"]) == (kind, self.ids[thing])
        assert any(
            owner.startswith({"document": "document:", "person": "conversation:"}[kind])
            for owner in owners
        )
        self.erased.add(thing)

    def erase_tenant(self, tenant: str) -> None:
        if tenant in self.tenants_erased:
            return
        with self.acting.database.transaction(tenant) as session:
            receipt = self.acting.eraser.tenant(session, tenant, "operator")
        owners = [lost["owner"] for lost in verify_receipt(receipt.text)["keys"]]
        assert owners == ["tenant key:1"]
        self.tenants_erased.add(tenant)

    def check(self) -> None:
        fresh = _opened(self.folder)
        for services in (self.acting, self.other, fresh):
            for thing in self.ids:
                gone = thing in self.erased or thing[0] in self.tenants_erased
                with services.database.reading(thing[0]) as session:
                    assert self._readable(services, session, thing) is not gone, thing
        fresh.database.close()

    def _readable(self, services: Services, session: Session, thing: Thing) -> bool:
        tenant, kind, number = thing
        try:
            if kind == "document":
                text = services.read_document(session, tenant, self.ids[thing])
                return text == f"text {number} of {tenant}"
            found = services.read_person(session, tenant, self.ids[thing])
        except SecurityError:
            return False
        return found == [f"answer to person {number}"]

    def close(self) -> None:
        self.acting.database.close()
        self.other.database.close()


@settings(max_examples=6, deadline=None)
@given(st.data())
def test_exactly_what_was_erased_is_unreadable(
    template: Template, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    world = World(template, tmp_path_factory.mktemp("world"))
    try:
        world.check()
        for thing in data.draw(st.lists(things, min_size=1, max_size=4)):
            world.erase(thing)
        world.check()
        if data.draw(st.booleans()):
            world.erase_tenant(data.draw(st.sampled_from(TENANTS)))
            world.check()
    finally:
        world.close()
