"""What can go wrong between a text and its vector.

RetrievalError
└── EmbeddingError
    ├── EmbeddingModelUnavailable   the weights or a package are not installed
    ├── EmbeddingModelInvalid       the weights are not the pinned, verified ones
    └── EmbeddingServerError        a `/v1/embeddings` server failed, or answered nonsense
"""

from retrieval.errors import RetrievalError


class EmbeddingError(RetrievalError):
    """Base of every error of this package; messages hold no text that was to be embedded."""

    code = "embedding_failed"


class EmbeddingModelUnavailable(EmbeddingError):
    """The model's files or the package that runs them are missing."""

    status = 503
    code = "embedding_model_unavailable"


class EmbeddingModelInvalid(EmbeddingError):
    """The model's files are damaged or are not the ones this version was proved with."""

    code = "embedding_model_invalid"


class EmbeddingServerError(EmbeddingError):
    """The embedding server could not be reached, refused, or sent vectors of the wrong shape."""

    status = 502
    code = "embedding_server_failed"
