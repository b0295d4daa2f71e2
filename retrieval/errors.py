"""What can go wrong while finding passages.

RetrievalError
└── IndexNotReady
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
