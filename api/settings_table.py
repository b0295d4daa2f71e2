"""The list of all settings, made from the settings themselves.

`python -m api.settings_table > docs/settings.md` writes the page; a test compares the two.
"""

import inspect
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from api.settings import PREFIX, Settings

_INTRODUCTION = f"""# Settings

<!-- Made by `python -m api.settings_table > docs/settings.md`; do not edit by hand. -->

A value comes from, in this order: a variable, the TOML file that `{PREFIX}SETTINGS_FILE` names,
the default. In the file a section is a table: `{PREFIX}UPLOAD__UPLOAD_BYTES_MAX` is
`upload_bytes_max` under `[upload]`.

The commands that talk to a server read `{PREFIX}URL` and `{PREFIX}TOKEN` instead.
"""
_HEAD = "| variable | default | meaning |\n|---|---|---|"


def settings_page() -> str:
    """Return the page `docs/settings.md`."""
    return "\n".join((_INTRODUCTION, *_sections(Settings, "", "General"))).rstrip() + "\n"


def _sections(model: type[BaseModel], prefix: str, title: str) -> Iterator[str]:
    """Yield a table for the model's own values, then one for each section inside it."""
    own = {name: field for name, field in model.model_fields.items() if not _section(field)}
    if own:
        yield f"## {title}\n\n{inspect.getdoc(model)}\n\n{_HEAD}"
        yield from (_row(f"{prefix}{name}", field) for name, field in own.items())
        yield ""
    for name, field in model.model_fields.items():
        inner = f"{prefix}{name}"
        if (section := _section(field)) is not None:
            yield from _sections(section, f"{inner}__", inner.replace("__", "."))
        elif (entry := _entry(field)) is not None:
            yield from _entries(entry, inner.replace("__", "."))


def _entries(model: type[BaseModel], title: str) -> Iterator[str]:
    """Yield the table of what each entry of a list holds: keys, for no variable names one."""
    yield f"## {title}[]\n\n{inspect.getdoc(model)}\n\n| key | default | meaning |\n|---|---|---|"
    for name, field in model.model_fields.items():
        yield f"| `{name}` | {_default(field)} | {_meaning(field)} |"
    yield ""


def _section(field: FieldInfo) -> type[BaseModel] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _entry(field: FieldInfo) -> type[BaseModel] | None:
    """Return the model of a list's entries."""
    kinds = [kind for kind in get_args(field.annotation) if isinstance(kind, type)]
    return next((kind for kind in kinds if issubclass(kind, BaseModel)), None)


def _row(name: str, field: FieldInfo) -> str:
    return f"| `{PREFIX}{name.upper()}` | {_default(field)} | {_meaning(field)} |"


def _meaning(field: FieldInfo) -> str:
    return " ".join((field.description or "").split()).replace("|", "\\|")


def _default(field: FieldInfo) -> str:
    if field.default_factory is not None:
        return "see there"
    if field.is_required():
        return "needed"
    value: Any = field.default
    if value is None or value == "" or isinstance(value, SecretStr):
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple | dict):  # as it is written in a variable
        return f"`{json.dumps(value)}`"
    return f"`{value.as_posix() if isinstance(value, Path) else value}`"


if __name__ == "__main__":
    sys.stdout.write(settings_page())
