"""What can go wrong while a reranker is opened.

RetrievalError
└── RerankerInvalid   the folder holds no model that can be read
"""

from retrieval.errors import RetrievalError


class RerankerInvalid(RetrievalError):
    """The reranker's folder holds no classifier of a kind that this version can run."""

    code = "reranker_invalid"
