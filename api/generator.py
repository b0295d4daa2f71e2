"""Open the configured language model."""

from api.settings import Settings
from model.backends.local import LocalGenerator
from model.backends.port import Generator
from model.known_models import known_model


def open_generator(settings: Settings) -> Generator:
    """Load the local model's weights.

    Raises:
        LookupError: they were never fetched.
        model.errors.CheckpointError: they cannot be used.

    """
    known = known_model(settings.model.name)
    file = settings.models / known.file_name
    if not file.is_file():
        message = f"The weights of {known.name} are missing: `sourcebook models fetch`."
        raise LookupError(message)
    return LocalGenerator.load(file, settings.model)
