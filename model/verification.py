"""Whether what lies in the models' folder is what it should be."""

import json
from pathlib import Path
from typing import Any

from model.fetch import verify_model
from model.gguf.unpack import SOURCE
from model.importing import verify_import
from model.model_folder import ModelPlace


def verify_place(place: ModelPlace) -> list[Path]:
    """Read a whole model and compare hashes; return unpacked folders that came from another file.

    Those are made anew when the model is opened.

    Raises:
        WrongModelFile: a file is not the official one, or not the imported one.
    """
    if place.known is None:
        verify_import(place.path)
        return []
    verify_model(place.known, place.path)
    notes = sorted(place.path.parent.glob(f"{place.path.stem}.*/{SOURCE}"))
    return [note.parent for note in notes if _base_sha256(note) != place.known.sha256]


def _base_sha256(note: Path) -> object:
    """Read which GGUF file an unpacked folder came from, alone or with tuned experts."""
    try:
        noted: Any = json.loads(note.read_text(encoding="utf-8"))
        return noted.get("base", noted).get("sha256")
    except (ValueError, AttributeError):
        return None
