"""Everything that can go wrong in the model package.

ModelError
├── UnknownModel
├── ModelNotFetched
├── SourceUnavailable
├── WrongModelFile
├── CheckpointError
├── InvalidRequest
├── TuningDataError
├── PromptTooLong
└── GeneratorBusy
"""

from pathlib import Path


class ModelError(Exception):
    """Base of all errors here; `status` is the HTTP status, `code` the stable name."""

    status = 500
    code = "model_error"


class UnknownModel(ModelError):
    """No model of that name is known."""

    code = "unknown_model"


class ModelNotFetched(ModelError):
    """No source had the model's file; the message lists what each one said."""

    status = 503
    code = "model_not_fetched"


class SourceUnavailable(ModelError):
    """The source cannot give the file now; what it has already given is kept for the next try."""

    status = 503
    code = "model_source_unavailable"


class WrongModelFile(ModelError):
    """The file is not the official one: its size or SHA-256 differs."""

    code = "wrong_model_file"


class CheckpointError(ModelError):
    """The checkpoint cannot be used: damaged, incomplete or of a family we do not know."""

    code = "invalid_checkpoint"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path.name}: {reason}")
        self.path = path
        self.reason = reason


class InvalidRequest(ModelError):
    """A value of the request is out of its range; the message names it."""

    status = 400
    code = "invalid_generation_request"


class TuningDataError(ModelError):
    """The folder of examples to tune on cannot be used; the message names the file."""

    code = "invalid_tuning_data"


class PromptTooLong(ModelError):
    """The prompt alone does not fit the context."""

    status = 413
    code = "prompt_too_long"

    def __init__(self, prompt_tokens: int, context_tokens_max: int) -> None:
        super().__init__(
            f"The prompt has {prompt_tokens} tokens; with the answer it must stay within "
            f"{context_tokens_max}. Ask a shorter question or use fewer passages."
        )


class GeneratorBusy(ModelError):
    """Too many requests wait for the model already."""

    status = 503
    code = "generator_busy"

    def __init__(self, waiting_requests_max: int) -> None:
        super().__init__(
            f"{waiting_requests_max} requests wait for the model already; try again in a moment."
        )
