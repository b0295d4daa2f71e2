"""Notes in derived folders of what they were made from, so that they are remade when it changes.

Beside the sources stands the hash of each file that was made, by which damage is found later.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from model.durable_files import sha256_of

NOTE = "source.json"


def note_sources(folder: Path, sources: Mapping[str, Path]) -> None:
    """Write down size, time of change and hash of each source, and the hash of what was made."""
    made = {path.name: sha256_of(path) for path in sorted(folder.iterdir()) if path.name != NOTE}
    notes = {role: _stamp(path) | {"sha256": sha256_of(path)} for role, path in sources.items()}
    _write(folder, {"sources": notes, "made": made})


def came_from(folder: Path, sources: Mapping[str, Path]) -> bool:
    """Tell whether the folder was made from these very files; hashes only those that were touched.

    Raises:
        OSError: a source cannot be read.
    """
    note = _read(folder)
    notes = note["sources"]
    if notes.keys() != sources.keys():
        return False
    touched = {role: path for role, path in sources.items() if not _is_stamped(notes[role], path)}
    if any(sha256_of(path) != notes[role].get("sha256") for role, path in touched.items()):
        return False
    if touched:  # copied or touched, but the same: do not hash it next time
        stamps = {role: notes[role] | _stamp(path) for role, path in touched.items()}
        _write(folder, note | {"sources": notes | stamps})
    return True


def is_whole(folder: Path, role: str, sha256: str) -> bool:
    """Tell whether a source had this hash and every file that was made is as it was; reads all."""
    note = _read(folder)
    return note["sources"].get(role, {}).get("sha256") == sha256 and all(
        (folder / name).is_file() and sha256_of(folder / name) == digest
        for name, digest in note["made"].items()
    )


def forget_sources(folder: Path) -> None:
    """Have the folder made anew when it is next needed."""
    (folder / NOTE).unlink()


def _read(folder: Path) -> dict[str, Any]:
    """Read the note; an empty one where there is none that can be used."""
    try:
        note = json.loads((folder / NOTE).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        note = None
    if not isinstance(note, dict):
        note = {}
    if "sources" not in note:  # as folders were noted before what was made was
        note = {"sources": {"base": note} if "sha256" in note else note, "made": {}}
    return note


def _is_stamped(note: Mapping[str, object], path: Path) -> bool:
    return {**note, **_stamp(path)} == note


def _write(folder: Path, note: Mapping[str, object]) -> None:
    (folder / NOTE).write_text(json.dumps(note, indent=2), encoding="utf-8")


def _stamp(path: Path) -> dict[str, int | str]:
    status = path.stat()
    return {"size_bytes": status.st_size, "modified_ns": status.st_mtime_ns}
