"""Two tenants in one installation, each with one thing of every kind, and all kinds of callers."""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import uuid4

from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from api.cookies import SESSION
from security.accounts import Accounts
from security.audit.signing import signer_of
from security.passwords import Passwords
from security.principal import Principal, Role
from security.tables import Tenant
from tests.integration.matrix.expectations import (
    ALL_VERBS,
    PASSWORD,
    ROLES,
    RUN,
    SCIM_GROUP,
    SCIM_USER,
    SOURCE,
    Caller,
)
from tests.integration.noninterference.world import URL, World, prepared

OURS, THEIRS = "cobalt", "zirconium"
"""In the name and text of everything that a tenant has; no request says them."""
OTHER_TENANT = "7" * 32
Things = dict[str, str]


@dataclass(frozen=True, slots=True)
class Installation:
    """Our tenant with its callers and things by path parameter, and the things of another."""

    world: World
    client: TestClient
    callers: list[Caller]
    ours: Things
    theirs: Things

    def send(self, caller: Caller, method: str, url: str, **parts: Any) -> Any:
        """Send a request as a caller; nothing is kept for the next one."""
        response = self.client.request(method, url, headers=caller.headers, **parts)
        self.client.cookies.clear()
        return response

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Let requests change everything and keep nothing, so that all see the same."""
        database = self.world.state.database
        commit = database.transaction

        @contextmanager
        def rolled_back(tenants: Any = None) -> Iterator[Session]:
            with suppress(_Undone), commit(tenants) as session:
                yield session
                session.flush()
                session.expunge_all()  # or the rollback would take what was read back too
                raise _Undone

        with patch.object(database, "transaction", rolled_back):
            yield

    def rows(self) -> dict[str, list[Any]]:
        """Return all rows but those that put a refusal on record."""
        reader = sqlite3.connect(self.world.state.settings.data / "sourcebook.db")
        tables = reader.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        found = {
            name: reader.execute(f'SELECT * FROM "{name}"').fetchall()
            for (name,) in tables
            if not name.startswith(("audit_", "sqlite_"))
        }
        reader.close()
        keys = found["wrapped_keys"]  # who is first on record gets a key for it
        found["wrapped_keys"] = [row for row in keys if not str(row[1]).startswith("person:")]
        return found


class _Undone(Exception):
    pass


def installed(folder: Path, stack: ExitStack) -> Installation:
    """Set both tenants up."""
    prepared(folder / "data")
    world = World(folder / "data", stack)
    client = world.admin  # whose event loop runs already
    client.cookies.clear()
    _create_other_tenant(world)
    admin, stranger = (
        _in_browser(world, tenant, name)
        for tenant, name in ((world.state.tenant_id, "admin"), (OTHER_TENANT, f"owner of {THEIRS}"))
    )
    ours = _furnished(world, client, admin, OURS)
    theirs = _furnished(world, client, stranger, THEIRS)
    callers = [
        *_people(world, client, admin, ours["collection_id"]),
        *_tokens(client, admin),
        _service_account(client, admin),
        Caller("signed out", {"Origin": URL}, kind="nobody"),
        Caller("forged token", _bearer("sbk_" + "0" * 40), kind="nobody"),
        Caller("directory", _bearer(ours["scim"]), kind="directory"),
        Caller("owner of another tenant", stranger, ALL_VERBS, ALL_VERBS, elsewhere=True),
    ]
    reader = next(caller for caller in callers if caller.name == "reader")
    ours |= _own_things(client, reader.headers)
    theirs |= _own_things(client, stranger)
    for tenant_id in (world.state.tenant_id, OTHER_TENANT):
        _create_signing_key(world, tenant_id)
    world._next_id = "9" * 32
    return Installation(world, client, callers, ours, theirs)


def _create_other_tenant(world: World) -> None:
    state = world.state
    owner = Principal(OTHER_TENANT, "setup", "setup", {None: Role.OWNER})
    with state.database.transaction(OTHER_TENANT) as session:
        session.add(Tenant(id=OTHER_TENANT, name=THEIRS, created_at=state.clock()))
        session.flush()
        state.keyring.create_tenant(session, OTHER_TENANT)
        accounts = Accounts(Passwords(state.settings.security.passwords), state.audit, state.clock)
        accounts.create_user(session, owner, f"owner of {THEIRS}", PASSWORD, Role.OWNER)


def _create_signing_key(world: World, tenant_id: str) -> None:
    """Store the tenant's signing key, or a thread does so some time later amid the tests."""
    with world.state.database.transaction(tenant_id) as session:
        signer_of(session, world.state.keyring, tenant_id)


def _in_browser(world: World, tenant_id: str, name: str) -> dict[str, str]:
    started = world.state.sign_in.sign_in(tenant_id, name, PASSWORD, "127.0.0.1")
    return {"Cookie": f"{SESSION}={started.secret}", "Origin": URL}


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Origin": URL}


def _furnished(world: World, client: TestClient, owner: dict[str, str], mark: str) -> Things:
    def made(path: str, **form: object) -> Any:
        return client.post(path, json=form, headers=owner).raise_for_status().json()

    def put(path: str) -> None:
        client.put(path, json={"role": "reader"}, headers=owner).raise_for_status()

    collection = made("/v1/collections", name=f"Papers of {mark}")["id"]
    user = made("/v1/users", name=f"member of {mark}", password=PASSWORD, role="reader")["id"]
    group = made("/v1/groups", name=f"Group of {mark}")["id"]
    put(f"/v1/groups/{group}/members/{user}")
    put(f"/v1/groups/{group}/role")
    put(f"/v1/collections/{collection}/members/{user}")
    put(f"/v1/collections/{collection}/groups/{group}")
    scim = made("/v1/scim-tokens", name=f"directory of {mark}", expires_in_days=1)
    account = made("/v1/service-accounts", name=f"job of {mark}", expires_in_days=1, role="reader")
    return {
        "collection_id": collection,
        "document_id": _document(world, client, owner, collection, mark),
        "user_id": user,
        "group_id": group,
        "account_id": account["id"],
        "scim_token_id": scim["id"],
        "scim": scim["token"],
        "source_id": made(f"/v1/collections/{collection}/sources", **SOURCE)["id"],
        "evaluation_id": made("/v1/evaluations", **RUN | {"name": f"run of {mark}"})["id"],
        **_brought(client, _bearer(scim["token"]), mark),
    }


def _document(
    world: World, client: TestClient, owner: dict[str, str], collection: str, mark: str
) -> str:
    world._next_id = key = uuid4().hex
    client.post(
        "/v1/documents",
        data={"collection": collection},
        files={"file": (f"{mark}.txt", f"A lantern of {mark}".encode())},
        headers=owner,
    ).raise_for_status()
    world._process(key)
    return key


def _brought(client: TestClient, directory: dict[str, str], mark: str) -> Things:
    things = {}
    kinds = (("user", SCIM_USER, "userName"), ("group", SCIM_GROUP, "displayName"))
    for kind, resource, name in kinds:
        form = resource | {name: f"scim {mark}"}
        made = client.post(f"/scim/v2/{kind.title()}s", json=form, headers=directory)
        things[f"scim_{kind}_id"] = made.raise_for_status().json()["id"]
    return things


def _own_things(client: TestClient, owner: dict[str, str]) -> Things:
    token = {"name": "mine", "scopes": ["read"], "expires_in_days": 1}
    made = client.post("/v1/tokens", json=token, headers=owner).raise_for_status().json()
    asked = client.post("/v1/answers", json={"question": "Which lantern?"}, headers=owner)
    answer = asked.raise_for_status().json()
    return {
        "token_id": made["id"],
        "conversation_id": answer["conversation_id"],
        "answer_id": answer["id"],
    }


def _people(
    world: World, client: TestClient, admin: dict[str, str], collection: str
) -> Iterator[Caller]:
    def headers(name: str, tenant_wide: str | None, in_collection: str | None) -> dict[str, str]:
        form = {"name": name, "password": PASSWORD, "role": tenant_wide}
        made = client.post("/v1/users", json=form, headers=admin).raise_for_status().json()
        if in_collection:
            path = f"/v1/collections/{collection}/members/{made['id']}"
            client.put(path, json={"role": in_collection}, headers=admin).raise_for_status()
        return _in_browser(world, world.state.tenant_id, name)

    for role, verbs in ROLES.items():
        yield Caller(role, headers(role, role, None), verbs, verbs)
        name = f"{role} of the collection"
        yield Caller(name, headers(name, None, role), frozenset(), verbs)
    yield Caller("no role", headers("no role", None, None))


def _tokens(client: TestClient, admin: dict[str, str]) -> Iterator[Caller]:
    for left_out in (None, *sorted(ALL_VERBS)):
        scopes = ALL_VERBS - {left_out}
        form = {"name": "t", "scopes": sorted(scopes), "expires_in_days": 1}
        token = client.post("/v1/tokens", json=form, headers=admin).raise_for_status().json()
        name = f"owner's token without {left_out}" if left_out else "owner's token"
        yield Caller(name, _bearer(token["token"]), scopes, scopes, scopes)


def _service_account(client: TestClient, admin: dict[str, str]) -> Caller:
    form = {"name": "program", "expires_in_days": 1, "role": "reader"}
    made = client.post("/v1/service-accounts", json=form, headers=admin).raise_for_status().json()
    issued = client.post(
        "/oauth2/token",
        data={"grant_type": "client_credentials"},
        auth=(made["id"], made["secret"]),
    )
    verbs = ROLES["reader"]
    token = issued.raise_for_status().json()["access_token"]
    return Caller("service account", _bearer(token), verbs, verbs, verbs)
