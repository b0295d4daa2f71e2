"""What can go wrong while finding passages.

RetrievalError
├── IndexNotReady
├── VectorClientMissing
└── VectorStoreUnavailable
"""


class RetrievalError(Exception):
    """Any failure of retrieval; `status` is for HTTP, `code` is stable for clients."""

    status = 500
    code = "retrieval_failed"


class IndexNotReady(RetrievalError):
    """The search indexes are still being built from the rows."""

    status = 503
    code = "index_not_ready"

    def __init__(self) -> None:
        super().__init__("The search index is still being built; try again in a moment.")


class VectorClientMissing(RetrievalError):
    """The client of the configured vector store is not installed."""

    code = "vector_client_missing"

    def __init__(self) -> None:
        super().__init__("Milvus needs its client: pip install 'sourcebook[milvus]'.")


class VectorStoreUnavailable(RetrievalError):
    """The vector store is a server, and it does not do what it is asked."""

    status = 503
    code = "vector_store_unavailable"
    retry_seconds = 5.0

    def __init__(self, reason: str = "does not answer") -> None:
        """`reason` holds nothing that a server said, for that may quote names."""
        super().__init__(f"The vector store {reason}; try again in a moment.")
