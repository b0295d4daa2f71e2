"""What tests of a running server share: a collection of their own, and documents in it."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

@pytest.fixture(scope="session")
def admin(server: Any) -> httpx.Client:
    """Return a client signed in as the first administrator."""
    client: httpx.Client = server.signed_in()
    return client


@pytest.fixture
def collection(admin: httpx.Client) -> str:
    """Create an empty collection."""
    created = admin.post("/v1/collections", json={"name": f"c {uuid4().hex}"})
    return str(created.raise_for_status().json()["id"])


@pytest.fixture
def person(server: Any, admin: httpx.Client) -> httpx.Client:
    """Create a user without any role and sign in as them."""
    name, password = f"user-{uuid4().hex}", "another long password"
    form = {"name": name, "password": password}
    created = admin.post("/v1/users", json=form).raise_for_status()
    client: httpx.Client = server.signed_in(name, password)
    client.headers["X-Test-User"] = created.json()["id"]
    return client
