import pytest

from retrieval.embedding.e5 import E5Embedder


@pytest.fixture(scope="session")
def e5() -> E5Embedder:
    return E5Embedder(threads=2)
