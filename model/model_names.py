"""Model names as people write them: whole, or any part that only one model has."""

from collections.abc import Sequence

from model.errors import UnknownModel


def whole_name(name: str, names: Sequence[str]) -> str:
    """Return the one name that is meant: `1.5b` and `qwen2.5-coder-1.5b` find the same model.

    Raises:
        UnknownModel: none is, or several are.
    """
    if name in names:
        return name
    found = [candidate for candidate in names if _is_part(_parts(name), _parts(candidate))]
    if len(found) == 1:
        return found[0]
    if found:
        raise UnknownModel(f"{name!r} may be {' or '.join(found)}; write more of the name.")
    raise UnknownModel(
        f"No model is called {name!r}; known are {', '.join(names)}. `sourcebook models import` "
        "adds others."
    )


def _parts(name: str) -> list[str]:
    return [part for part in name.lower().split("-") if part not in {"", "…"}]


def _is_part(part: list[str], whole: list[str]) -> bool:
    places = range(len(whole) - len(part) + 1)
    return bool(part) and any(whole[place : place + len(part)] == part for place in places)
