"""What a provider's claims about a person grant here, as the settings map them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from security.accounts import NAME_CHARACTERS_MAX
from security.oidc.settings import ANYONE, ProviderSettings

_MISSING: Final = object()


@dataclass(frozen=True, slots=True)
class Admission:
    """Who is let in; `groups` are the provider's names of those that the settings know."""

    name: str
    groups: frozenset[str]


def admission(settings: ProviderSettings, claims: Mapping[str, Any]) -> Admission | None:
    """Return what the claims grant, None when that is nothing."""
    held = {ANYONE, *_groups(settings, claims)}
    granted = held & (settings.roles.keys() | settings.groups.keys())
    return Admission(_name(settings, claims), frozenset(granted)) if granted else None


def is_told(settings: ProviderSettings, claims: Mapping[str, Any]) -> bool:
    """Tell whether the claims hold all that `admission` looks at."""
    wanted = (settings.groups_claim, settings.name_claim)
    return all(_found(claims, name) is not _MISSING for name in wanted)


def _groups(settings: ProviderSettings, claims: Mapping[str, Any]) -> set[str]:
    found = _found(claims, settings.groups_claim)
    listed = found if isinstance(found, list) else [found]
    # Nobody is a member of "anyone" by the provider's word: that group is for the settings.
    return {group for group in listed if isinstance(group, str)} - {ANYONE}


def _name(settings: ProviderSettings, claims: Mapping[str, Any]) -> str:
    """Return something to call the person by; it need not be unique or fit to be stored."""
    for claim in (settings.name_claim, "name", "preferred_username", "sub"):
        found = _found(claims, claim)
        if isinstance(found, str) and (name := _visible(found)):
            return name
    return settings.title


def _visible(name: str) -> str:
    shown = "".join(letter if letter.isprintable() else " " for letter in name)
    return " ".join(shown.split())[:NAME_CHARACTERS_MAX].strip()


def _found(claims: Mapping[str, Any], name: str) -> object:
    """Look a claim up, first by its whole name, then following its dots inward."""
    if name in claims:
        return claims[name]
    place: object = claims
    for part in name.split("."):
        if not isinstance(place, Mapping) or part not in place:
            return _MISSING
        place = place[part]
    return place
