"""The folder in which models lie: fetched files, and imported checkpoints below `imported/`."""

from dataclasses import dataclass
from pathlib import Path

from model.checkpoint import CONFIG
from model.known_models import KNOWN_MODELS, KnownModel
from model.model_names import whole_name

IMPORTED = "imported"


@dataclass(frozen=True, slots=True)
class ModelPlace:
    """A model by its whole name, and where its GGUF file or its checkpoint folder lies."""

    name: str
    path: Path
    known: KnownModel | None
    """The official file that `path` is once it was fetched; None for an imported checkpoint."""

    @property
    def is_here(self) -> bool:
        """Whether it can be opened without fetching anything."""
        return self.path.exists()

    @property
    def size_bytes(self) -> int:
        """How large it is, also before it was fetched."""
        if self.known is not None:
            return self.known.size_bytes
        return sum(file.stat().st_size for file in self.path.iterdir() if file.is_file())


class ModelFolder:
    """Finds models by name."""

    def __init__(self, folder: Path) -> None:
        self.path = folder

    def places(self) -> list[ModelPlace]:
        """List the known models, here or not, and the imported ones."""
        known = [
            ModelPlace(model.name, self.path / model.file_name, model) for model in KNOWN_MODELS
        ]
        configs = (self.path / IMPORTED).glob(f"[!.]*/{CONFIG}")  # a dot: still being imported
        folders = sorted(config.parent for config in configs)
        return known + [ModelPlace(folder.name, folder, None) for folder in folders]

    def find(self, name: str) -> ModelPlace:
        """Find a model by its name or a part of it that no other has.

        Raises:
            UnknownModel: none or several are called so.
        """
        places = {place.name: place for place in self.places()}
        return places[whole_name(name, list(places))]
