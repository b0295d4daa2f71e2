"""A local folder with model files, for machines that reach nothing else."""

from pathlib import Path

from model.errors import SourceUnavailable
from model.known_models import KnownModel
from model.progress import Progress

BLOCK_BYTES = 8 * 2**20


class FolderSource:
    """Copies the file from a folder, where it lies under its official name."""

    name = "folder"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def fetch(self, model: KnownModel, working: Path, progress: Progress) -> Path:
        """Copy the file; see `ModelSource.fetch`."""
        copy = working / model.file_name
        try:
            with (self._folder / model.file_name).open("rb") as source, copy.open("wb") as target:
                while block := source.read(BLOCK_BYTES):
                    target.write(block)
                    progress(min(target.tell(), model.size_bytes), model.size_bytes)
        except OSError as error:
            raise SourceUnavailable(f"{model.file_name}: {error.strerror}") from error
        return copy
