"""The names by which a permission list may call somebody, and the names lists are found by.

A list holds "user:<id>", "group:<id>", "role:<role>:<collection id>" (who holds the role there or
in the whole tenant) and "collection:<id>" (who may read or ask in the collection). The last two
are also kept without the collection's id, which is how those with a tenant-wide role find them.
"""

from collections.abc import Iterator

from security.principal import Principal, Role, Verb

SEEING = frozenset({Verb.READ, Verb.ASK})
"""What being named in a list allows; all other verbs need a role."""


def user_name(user_id: str) -> str:
    """Name one user."""
    return f"user:{user_id}"


def group_name(group_id: str) -> str:
    """Name whoever is in a group."""
    return f"group:{group_id}"


def role_name(role: Role, collection_id: str) -> str:
    """Name whoever holds a role in a collection, be it a tenant-wide one."""
    return f"role:{role}:{collection_id}"


def collection_name(collection_id: str) -> str:
    """Name everyone whose role on the collection allows what they are about to do."""
    return f"collection:{collection_id}"


def found_by(name: str) -> frozenset[str]:
    """Return the names under which an entry of a list is looked up."""
    kind, _, rest = name.partition(":")
    if kind == "collection":
        return frozenset({name, kind})
    if kind == "role":
        role, _, _ = rest.partition(":")
        return frozenset({name, f"role:{role}"})
    return frozenset({name})


def is_called(principal: Principal) -> frozenset[str]:
    """Return the names that stand for the person: themselves, their groups and their roles."""
    names = {user_name(principal.user_id), *map(group_name, principal.groups)}
    return frozenset(names.union(_roles(principal)))


def is_admitted_as(principal: Principal, verb: Verb) -> frozenset[str]:
    """Return the names that, in an allow list, let the person do `verb`."""
    within_scopes = principal.scopes is None or verb in principal.scopes
    names = is_called(principal) if verb in SEEING and within_scopes else frozenset[str]()
    places = (place for place in _places(principal) if principal.may(verb, place))
    return names.union(
        "collection" if place is None else collection_name(place) for place in places
    )


def _places(principal: Principal) -> frozenset[str | None]:
    return frozenset({None, *principal.grants, *principal.inherited})


def _roles(principal: Principal) -> Iterator[str]:
    for place in _places(principal):
        for role in principal.roles(place):
            yield f"role:{role}" if place is None else role_name(role, place)
