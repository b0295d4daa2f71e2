"""The one place that chooses a reranker."""

import os

from retrieval.embedding.e5 import E5Embedder
from retrieval.embedding.e5_model import load_e5_model
from retrieval.embedding.port import Embedder
from retrieval.rerank.cross_encoder import CrossEncoder
from retrieval.rerank.late_interaction import LateInteraction
from retrieval.rerank.port import Reranker
from retrieval.rerank.settings import RerankSettings


def create_reranker(settings: RerankSettings, embedder: Embedder) -> Reranker | None:
    """Load the configured reranker, None when it is off; `embedder` may lend its weights.

    Raises:
        RerankerInvalid: the folder holds no model that can be read.
        EmbeddingModelUnavailable: the built-in model is not installed.

    """
    threads = settings.threads or len(os.sched_getaffinity(0))
    if settings.backend == "late-interaction":
        lent = embedder.model if isinstance(embedder, E5Embedder) else load_e5_model()
        return LateInteraction(lent, threads=threads)
    if settings.backend == "cross-encoder" and settings.folder is not None:
        return CrossEncoder(
            settings.folder,
            threads=threads,
            precision=settings.precision,
            tokens_max=settings.tokens_max,
            kernels=settings.kernels == "auto",
        )
    return None
