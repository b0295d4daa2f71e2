"""Whether what lies in the models' folder is what it should be."""

from pathlib import Path

from model.fetch import verify_model
from model.importing import verify_import
from model.model_folder import ModelPlace
from model.provenance import NOTE, forget_sources, is_whole
from model.quantised.decoder_file import discard_damaged


def verify_place(place: ModelPlace) -> list[Path]:
    """Read a whole model and compare hashes; return what of it is stale or damaged.

    That is unpacked folders, and files with rounded weights.

    Side effects: those are made anew when the model is next opened.

    Raises:
        WrongModelFile: a file is not the official one, or not the imported one.
    """
    if place.known is None:
        verify_import(place.path)
        return discard_damaged(place.path)
    sha256 = place.known.sha256
    verify_model(place.known, place.path)
    notes = sorted(place.path.parent.glob(f"{place.path.stem}.*/{NOTE}"))
    wrong = [note.parent for note in notes if not is_whole(note.parent, "base", sha256)]
    for folder in wrong:
        forget_sources(folder)
    return wrong + [path for note in notes for path in discard_damaged(note.parent)]
