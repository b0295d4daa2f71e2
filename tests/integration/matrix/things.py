"""Which things the parameters of a route stand for."""

import re
from collections.abc import Mapping

PLAIN = {"provider": "company", "name": "User", "index": "0"}
"""Parameters that name no thing of one tenant."""


def parameters(text: str) -> list[str]:
    """Return the parameters that name a thing."""
    return sorted(set(re.findall(r"\{(\w+)\}", text)) - PLAIN.keys())


def thing(things: Mapping[str, str], route: str, parameter: str) -> str:
    """Return the id that a parameter stands for; some names mean other things elsewhere."""
    scim = "/scim/" in route or "/scim-tokens/" in route
    return things[f"scim_{parameter}" if scim else parameter]


def named_things(path: str, things: Mapping[str, str]) -> dict[str, str] | None:
    """Return what stands for every parameter of a path; None if it has none."""
    named = re.findall(r"\{(\w+)\}", path)
    return {name: PLAIN.get(name) or thing(things, path, name) for name in named} or None
