"""Everything that can go wrong in the model package.

ModelError
├── UnknownModel
├── ModelNotFetched
├── SourceUnavailable
├── WrongModelFile
├── ImportRefused
├── CheckpointError
├── ExpertMemoryTooSmall
├── KernelsUnavailable
├── InvalidRequest
├── TuningDataError
├── PromptTooLong
├── GeneratorBusy
│   └── ModelServerBusy
├── GeneratorUnavailable
├── ModelServerRefused
├── GeneratorClosed
├── GenerationFailed
└── OutOfMemory
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


class ImportRefused(ModelError):
    """The folder cannot be imported under this name, or holds no model."""

    status = 400
    code = "import_refused"


class CheckpointError(ModelError):
    """The checkpoint cannot be used: damaged, incomplete or of a family we do not know."""

    code = "invalid_checkpoint"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path.name}: {reason}")
        self.path = path
        self.reason = reason


class ExpertMemoryTooSmall(ModelError):
    """The memory set aside for experts does not hold enough of them."""

    code = "expert_memory_too_small"

    def __init__(self, bytes_max: int, bytes_needed: int) -> None:
        super().__init__(
            f"expert_memory_bytes_max is {bytes_max}; this model's experts need at least "
            f"{bytes_needed}. Raise it, or leave it out to keep all experts in memory."
        )


class KernelsUnavailable(ModelError):
    """The compiled kernels cannot be had on this machine; everything works without, more slowly."""

    code = "kernels_unavailable"


class InvalidRequest(ModelError):
    """A value of the request is out of its range; the message names it."""

    status = 400
    code = "invalid_generation_request"


class TuningDataError(ModelError):
    """What to tune on or to start from cannot be used; the message says what is wrong."""

    code = "invalid_tuning_data"


class PromptTooLong(ModelError):
    """The prompt alone does not fit the context."""

    status = 413
    code = "prompt_too_long"

    def __init__(
        self, prompt_tokens: int, context_tokens_max: int, limit: str = "context_tokens_max"
    ) -> None:
        """`limit` names what sets the limit."""
        super().__init__(
            f"The prompt has {prompt_tokens} tokens; with the answer it must stay within "
            f"{context_tokens_max} ({limit}). Ask a shorter question or use fewer passages."
        )


class GeneratorBusy(ModelError):
    """Too many requests wait for the model already."""

    status = 503
    code = "generator_busy"

    def __init__(self, waiting_requests_max: int) -> None:
        super().__init__(
            f"{waiting_requests_max} requests wait for the model already; try again in a moment."
        )


class ModelServerBusy(GeneratorBusy):
    """The model's server has too many requests; `retry_seconds` is what it asked for, if it did."""

    def __init__(self, retry_seconds: float | None) -> None:
        when = "in a moment" if retry_seconds is None else f"in {retry_seconds:g} s"
        ModelError.__init__(self, f"The model's server is busy; try again {when}.")
        self.retry_seconds = retry_seconds


class GeneratorUnavailable(ModelError):
    """The model's server does not answer, or broke off; `retry_seconds` says when to try again."""

    status = 503
    code = "generator_unavailable"

    def __init__(self, reason: str, retry_seconds: float) -> None:
        seconds = max(1, round(retry_seconds))
        super().__init__(f"The model's server {reason}; try again in {seconds} s.")
        self.retry_seconds = retry_seconds


class ModelServerRefused(ModelError):
    """The model's server does not take our requests, which no retry changes."""

    status = 502
    code = "model_server_refused"

    def __init__(self, status: int, check: str) -> None:
        super().__init__(f"The model's server refused the request with status {status}: {check}.")


class GeneratorClosed(ModelError):
    """The generator is being shut down."""

    status = 503
    code = "generator_closed"

    def __init__(self) -> None:
        super().__init__("The model is shutting down; try again once it has started anew.")


class GenerationFailed(ModelError):
    """The model failed while it computed this answer; `__cause__` says how."""

    code = "generation_failed"

    def __init__(self, cause: Exception) -> None:
        super().__init__(f"The model failed while it computed this answer: {type(cause).__name__}.")
        self.__cause__ = cause


class OutOfMemory(ModelError):
    """There was not enough memory to go on with this answer; others go on."""

    status = 503
    code = "generator_out_of_memory"

    def __init__(self, cause: Exception) -> None:
        super().__init__(
            "Not enough memory to go on with this answer. Lower the settings "
            "kv_cache_bytes_max, running_requests_max or prefill_piece_tokens."
        )
        self.__cause__ = cause
