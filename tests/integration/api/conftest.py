"""What tests of a running server share: people, and collections with documents in them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest

LEAVE_FACT = "New employees receive 25 days of paid annual leave in their first year."


@dataclass(frozen=True, slots=True)
class Someone:
    """A user with a signed-in browser."""

    id: str
    name: str
    password: str
    client: httpx.Client


@dataclass(frozen=True, slots=True)
class Library:
    """A collection that holds one document, which is ready."""

    collection: str
    document: str
    text: str


@pytest.fixture(scope="session")
def admin(server: Any) -> httpx.Client:
    """Return a client signed in as the first administrator."""
    client: httpx.Client = server.signed_in()
    return client


@pytest.fixture
def collection(admin: httpx.Client) -> str:
    """Create an empty collection."""
    return _new_collection(admin)


@pytest.fixture
def someone(server: Any, admin: httpx.Client) -> Callable[..., Someone]:
    """Create people: `someone(role)` for the whole tenant, `someone(member={collection: role})`."""

    def create(role: str | None = None, member: Mapping[str, str] | None = None) -> Someone:
        name, password = f"user-{uuid4().hex}", "another long password"
        form = {"name": name, "password": password, "role": role}
        key = admin.post("/v1/users", json=form).raise_for_status().json()["id"]
        for collection, held in (member or {}).items():
            path = f"/v1/collections/{collection}/members/{key}"
            admin.put(path, json={"role": held}).raise_for_status()
        return Someone(key, name, password, server.signed_in(name, password))

    return create


@pytest.fixture
def person(someone: Callable[..., Someone]) -> httpx.Client:
    """Return the client of a user without any role."""
    return someone().client


@pytest.fixture(scope="module")
def library(server: Any, admin: httpx.Client) -> Library:
    """Return a collection that the tests of a module only read."""
    collection = _new_collection(admin)
    document = server.ready(admin, collection, "leave.txt", LEAVE_FACT)
    return Library(collection, document, LEAVE_FACT)


@pytest.fixture
def own_library(server: Any, admin: httpx.Client) -> Library:
    """Return a collection that the test may change."""
    collection = _new_collection(admin)
    document = server.ready(admin, collection, "leave.txt", LEAVE_FACT)
    return Library(collection, document, LEAVE_FACT)


def _new_collection(admin: httpx.Client) -> str:
    created = admin.post("/v1/collections", json={"name": f"c {uuid4().hex}"})
    return str(created.raise_for_status().json()["id"])
