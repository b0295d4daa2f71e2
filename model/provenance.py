"""Notes in derived folders of what they were made from, so that they are remade when it changes."""

import json
from collections.abc import Mapping
from pathlib import Path

from model.durable_files import sha256_of

NOTE = "source.json"


def note_sources(folder: Path, sources: Mapping[str, Path]) -> None:
    """Write down size, time of change and hash of each source."""
    notes = {role: _stamp(path) | {"sha256": sha256_of(path)} for role, path in sources.items()}
    _write(folder, notes)


def came_from(folder: Path, sources: Mapping[str, Path]) -> bool:
    """Tell whether the folder was made from these very files; hashes only those that were touched.

    Raises:
        OSError: a source cannot be read.
    """
    try:
        notes = json.loads((folder / NOTE).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return False
    if not isinstance(notes, dict) or notes.keys() != sources.keys():
        return False
    touched = {role: path for role, path in sources.items() if not _is_stamped(notes[role], path)}
    if any(sha256_of(path) != notes[role].get("sha256") for role, path in touched.items()):
        return False
    if touched:  # copied or touched, but the same: do not hash it next time
        _write(folder, notes | {role: notes[role] | _stamp(p) for role, p in touched.items()})
    return True


def _is_stamped(note: Mapping[str, object], path: Path) -> bool:
    return {**note, **_stamp(path)} == note


def _write(folder: Path, notes: Mapping[str, object]) -> None:
    (folder / NOTE).write_text(json.dumps(notes, indent=2), encoding="utf-8")


def _stamp(path: Path) -> dict[str, int | str]:
    status = path.stat()
    return {"size_bytes": status.st_size, "modified_ns": status.st_mtime_ns}
