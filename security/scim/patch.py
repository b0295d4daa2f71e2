"""PATCH (RFC 7644, section 3.5.2), in the dialects that Microsoft Entra and Okta speak.

A resource here is a dictionary whose names are in lower case. Entra writes operations with a
capital ("Replace"), booleans as strings ("False"), dotted names without a path
(`{"name.givenName": …}`) and removes members by value; Okta leaves the path out.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from security.scim.errors import InvalidSyntax, InvalidValue, NoTarget
from security.scim.filters import Comparison, Path, parsed_path

OPERATIONS_MAX: Final = 1000
_KINDS: Final = frozenset({"add", "replace", "remove"})
Resource = dict[str, Any]


def patched(resource: Mapping[str, Any], operations: object) -> Resource:
    """Return the resource after all operations, in their order.

    Raises:
        InvalidSyntax, InvalidPath, InvalidFilter, InvalidValue, NoTarget: see there.
    """
    if not isinstance(operations, list) or not 0 < len(operations) <= OPERATIONS_MAX:
        raise InvalidSyntax
    changed: Resource = lowered(resource)
    for operation in operations:
        _apply(changed, operation)
    return changed


def lowered(value: Any) -> Any:
    """Return a copy with all names in lower case: attribute names know no case."""
    if isinstance(value, Mapping):
        return {str(name).lower(): lowered(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [lowered(inner) for inner in value]
    return value


def _apply(resource: Resource, operation: object) -> None:
    if not isinstance(operation, dict):
        raise InvalidSyntax
    read = {str(name).lower(): value for name, value in operation.items()}
    kind, text, value = (
        str(read.get("op", "")).lower(),
        read.get("path"),
        lowered(read.get("value")),
    )
    if kind not in _KINDS or not (text is None or isinstance(text, str)):
        raise InvalidSyntax
    if text:
        _change(resource, kind, parsed_path(text), value)
        return
    if kind == "remove":
        raise NoTarget
    if not isinstance(value, dict):
        raise InvalidValue
    for name, inner in value.items():
        if name not in {"id", "schemas", "meta"}:
            _change(resource, kind, parsed_path(name), inner)


def _change(resource: Resource, kind: str, path: Path, value: Any) -> None:
    if path.conditions is not None:
        _change_chosen(resource, kind, path, path.conditions, value)
    elif path.sub is not None:
        inner = resource.get(path.attribute)
        inner = resource[path.attribute] = dict(inner) if isinstance(inner, dict) else {}
        _change(inner, kind, Path(path.sub), value)
    elif kind == "remove":
        _remove(resource, path.attribute, value)
    elif kind == "add" and isinstance(resource.get(path.attribute), list):
        _add(resource[path.attribute], value)
    elif kind == "add" and isinstance(resource.get(path.attribute), dict):
        if not isinstance(value, dict):
            raise InvalidValue
        resource[path.attribute] |= value
    else:
        resource[path.attribute] = value


def _change_chosen(
    resource: Resource, kind: str, path: Path, conditions: Sequence[Comparison], value: Any
) -> None:
    values = resource.get(path.attribute)
    values = values if isinstance(values, list) else []
    chosen = [one for one in values if _fits(one, conditions)]
    if kind == "remove" and path.sub is None:
        resource[path.attribute] = [one for one in values if one not in chosen]
        return
    if not chosen and kind != "remove":
        # Entra sets the work address of somebody who has none in this way.
        chosen = [{c.attribute: c.value for c in conditions if c.operator == "eq"}]
        resource[path.attribute] = [*values, *chosen]
    for one in chosen:
        if path.sub is not None:
            _change(one, kind, Path(path.sub), value)
        elif isinstance(value, dict):
            one.update(value)
        else:
            raise InvalidValue


def _remove(resource: Resource, name: str, value: Any) -> None:
    held = resource.get(name)
    if not isinstance(held, list) or value is None:
        resource.pop(name, None)
        return
    gone = value if isinstance(value, list) else [value]
    resource[name] = [one for one in held if not any(_is_same(one, other) for other in gone)]


def _add(held: list[Any], value: Any) -> None:
    for one in value if isinstance(value, list) else [value]:
        if not any(_is_same(one, other) for other in held):
            held.append(one)


def _is_same(one: Any, other: Any) -> bool:
    if isinstance(one, dict) and isinstance(other, dict) and "value" in one:
        return bool(one["value"] == other.get("value"))
    return bool(one == other)


def _fits(one: Any, conditions: Sequence[Comparison]) -> bool:
    return isinstance(one, dict) and all(condition.holds(one) for condition in conditions)
