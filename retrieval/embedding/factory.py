"""The one place that chooses an embedder."""

import os
import random
import time

from retrieval.embedding.e5 import E5Embedder
from retrieval.embedding.openai_server import OpenAIEmbedder
from retrieval.embedding.port import Embedder
from retrieval.embedding.sentence_transformers import SentenceTransformersEmbedder
from retrieval.embedding.settings import EmbeddingSettings


def create_embedder(settings: EmbeddingSettings) -> Embedder:
    """Load or connect the configured embedder; takes about a second.

    Raises:
        EmbeddingModelUnavailable: weights or a package are missing.
        EmbeddingModelInvalid: the weights are not the expected ones.
        EmbeddingServerError: the server does not answer.

    """
    if settings.backend == "sentence-transformers":
        return SentenceTransformersEmbedder(settings)
    if settings.backend == "openai":
        return OpenAIEmbedder(settings, sleep=time.sleep, jitter=random.random)
    return E5Embedder(
        threads=cores(settings),
        precision=settings.precision,
        kernels=settings.kernels == "auto",
    )


def cores(settings: EmbeddingSettings) -> int:
    """Return how many cores this process may use."""
    return settings.threads or len(os.sched_getaffinity(0))
