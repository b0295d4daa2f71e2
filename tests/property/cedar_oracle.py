"""The permission rules once more, written in Cedar from the documentation and not from our code.

Membership does the work: a person is in groups, both are in roles, a tenant-wide role is in the
same role of every collection, and a role is in what it allows. A list holds such entities.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import cedarpy

POLICIES = cedarpy.PolicySet.from_str("""
permit (principal, action, resource) when { principal in resource.owners };
permit (principal, action, resource) when { principal in resource.allow };
permit (principal, action == Action::"read", resource)
  when { resource.inherits && principal in resource.readers };
permit (principal, action == Action::"ask", resource)
  when { resource.inherits && principal in resource.askers };
forbid (principal, action, resource)
  when { principal in resource.deny } unless { principal in resource.owners };
forbid (principal, action, resource) unless { principal.tenant == resource.tenant };
forbid (principal, action, resource)
  when { context.limited } unless { context.scopes.contains(context.verb) };
""")

ALLOWED_BY = {
    "reader": ("read", "ask"),
    "editor": ("read", "ask"),
    "owner": ("read", "ask"),
    "auditor": (),
}
"""Which of the two verbs a role allows."""


@dataclass
class Person:
    """A user with groups and roles; roles are (place, role), None being the tenant."""

    id: str
    groups: Sequence[str]
    roles: Sequence[tuple[str | None, str]]


@dataclass
class Paper:
    """A document with its lists as a person writes them."""

    id: str
    collection: str
    allow: Sequence[str]
    deny: Sequence[str]


@dataclass
class CedarWorld:
    """A tenant as plain data; `group_roles` are those of each group that exists."""

    tenant: str
    collections: Sequence[str]
    group_roles: dict[str, Sequence[tuple[str | None, str]]]
    people: list[Person] = field(default_factory=list)
    papers: list[Paper] = field(default_factory=list)


@dataclass(frozen=True)
class Request:
    """May the person do it with the paper, through a token of these scopes (None: no token)?"""

    person: str
    verb: str
    paper: str
    scopes: frozenset[str] | None


def answers(worlds: Sequence[CedarWorld], requests: Sequence[Request]) -> list[bool]:
    """Ask Cedar."""
    entities = cedarpy.Entities.from_json_str(
        json.dumps([entity for world in worlds for entity in _entities(world)])
    )
    results = cedarpy.is_authorized_batch([_request(one) for one in requests], POLICIES, entities)
    assert not any(result.diagnostics.errors for result in results)
    return [bool(result.allowed) for result in results]


def _request(one: Request) -> dict[str, object]:
    return {
        "principal": {"type": "User", "id": one.person},
        "action": {"type": "Action", "id": one.verb},
        "resource": {"type": "Document", "id": one.paper},
        "context": {
            "limited": one.scopes is not None,
            "scopes": sorted(one.scopes or ()),
            "verb": one.verb,
        },
    }


def _entities(world: CedarWorld) -> Iterable[dict[str, object]]:
    tenant = world.tenant
    for role, verbs in ALLOWED_BY.items():
        everywhere = [_ref("Role", f"{place} {role}") for place in world.collections]
        yield _entity("Role", f"{tenant} {role}", everywhere)
        for place in world.collections:
            able = [_ref("Able", f"{place} {verb}") for verb in verbs]
            yield _entity("Role", f"{place} {role}", able)
    for place in world.collections:
        for verb in ("read", "ask"):
            yield _entity("Able", f"{place} {verb}", [])
    for group, roles in world.group_roles.items():
        yield _entity("Group", group, [_role(tenant, *held) for held in roles])
    for person in world.people:
        held = [_role(tenant, *role) for role in person.roles]
        groups = [_ref("Group", group) for group in person.groups]
        yield _entity("User", person.id, held + groups, tenant=tenant)
    for paper in world.papers:
        yield _entity("Document", paper.id, [], tenant=tenant, **_lists(tenant, paper))


def _lists(tenant: str, paper: Paper) -> dict[str, object]:
    own = f"collection:{paper.collection}"
    return {
        "owners": _value("Role", f"{tenant} owner"),
        "readers": _value("Able", f"{paper.collection} read"),
        "askers": _value("Able", f"{paper.collection} ask"),
        "inherits": own in paper.allow,
        "allow": [_named(name, paper) for name in paper.allow if name != own],
        "deny": [_named(name, paper) for name in paper.deny],
    }


def _named(name: str, paper: Paper) -> dict[str, object]:
    kind, key = name.split(":")
    if kind == "role":
        return _value("Role", f"{paper.collection} {key}")
    return _value({"user": "User", "group": "Group"}[kind], key)


def _role(tenant: str, place: str | None, role: str) -> dict[str, str]:
    return _ref("Role", f"{place or tenant} {role}")


def _ref(kind: str, key: str) -> dict[str, str]:
    return {"type": kind, "id": key}


def _value(kind: str, key: str) -> dict[str, object]:
    return {"__entity": _ref(kind, key)}


def _entity(
    kind: str, key: str, parents: list[dict[str, str]], **attributes: object
) -> dict[str, object]:
    return {"uid": _ref(kind, key), "parents": parents, "attrs": attributes}
