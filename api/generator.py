"""Open the configured language model."""

from api.observability.logs import log
from api.settings import Settings
from model.backends.local import LocalGenerator
from model.backends.openai_server import OpenAIServerGenerator
from model.backends.port import Generator
from model.model_folder import ModelFolder
from model.progress import Progress, unreported


def open_generator(settings: Settings, progress: Progress = unreported) -> Generator:
    """Load the local model's weights, or prepare to ask the configured server.

    The first time, weights are prepared before they are loaded: this is reported.

    Raises:
        LookupError: the weights were never fetched.
        model.errors.UnknownModel: no model has the configured name.
        model.errors.CheckpointError: the weights cannot be used.

    """
    if settings.model.backend == "openai":
        return OpenAIServerGenerator(settings.model)
    place = ModelFolder(settings.models).find(settings.model.name)
    if not place.is_here:
        message = f"The weights of {place.name} are missing: `sourcebook models fetch`."
        raise LookupError(message)
    generator = LocalGenerator.load(
        place.path, settings.model.model_copy(update={"name": place.name}), progress
    )
    if generator.why_no_kernels:
        log.warning("model_without_kernels", reason=generator.why_no_kernels)
    return generator
